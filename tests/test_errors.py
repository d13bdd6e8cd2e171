"""Killed jobs, concurrent runs and damaged stores: the same results, or a one-line error.

KILLS=20 .venv/bin/python -m pytest tests/test_errors.py -k random_times kills the demo 20 times.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time

import numpy as np
import pandas as pd
import psutil
import pytest
import yaml

from emospeech.training import live
from tests.test_resume import TIMES
from tests.test_workflow import SMALL, Project

MODEL = "MultitaskDCGAN"
KILLS = int(os.environ.get("KILLS", 2))
DEMO = "KILLS" in os.environ  # otherwise, a study that takes a few seconds
pytestmark = [pytest.mark.workflow, pytest.mark.timeout(4 * 3600 if DEMO else 600)]
TINY = {
    "corpora": {"synthetic": SMALL["corpora"]["synthetic"] | {"utterances": 60}},
    "models": SMALL["models"] | {"names": [MODEL]},
    "training": {"max_epochs": 2, "unlabelled": ["iemocap"]},
}
# Depends on all training runs.
TARGET = "evaluation/metrics.csv" if DEMO else f"evaluation/{MODEL}/fold-1/predictions.csv"


def configured(project, name, **changes):
    """Write a config of a tiny study with its results in results/{name}; return its name."""
    config = SMALL | TINY | {"results": f"results/{name}"} | changes
    root = {"root": f"results/{name}/synthetic"}
    config["corpora"] = {"synthetic": config["corpora"]["synthetic"] | root}
    if DEMO:
        config = {"results": f"results/{name}", "corpora": {"synthetic": root}}
    (project.folder / f"{name}.yaml").write_text(yaml.safe_dump(config))
    return f"{name}.yaml"


def result_files(project, name):
    """Return the result files of a study by path, without measured times."""
    root = project.folder / "results" / name
    patterns = ("*.safetensors", "*.npz", "*.h5", "*.json", "*.csv", "*.wav")
    files = [file for pattern in patterns for file in root.rglob(pattern)]
    files = [file for file in files if root / "logs" not in file.parents]  # times of the run
    found = {}
    for file in files:
        content = file.read_bytes()
        if file.name in ("history.csv", "histories.csv"):
            content = pd.read_csv(file).drop(columns=TIMES).to_csv().encode()
        if file.name == "hardware.json":
            content = re.sub(rb'"seconds": [\d.]+', b"", content)
        found[file.relative_to(root)] = content
    return found


def unfinished_files(project, name):
    """Return temporary files and checkpoints, which a finished study does not have."""
    root = project.folder / "results" / name
    return [*root.rglob(".*.part*"), *root.rglob(".checkpoint*")]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project in which the tiny study has finished in results/reference."""
    project = Project(tmp_path_factory.mktemp("project"))
    done = project.run(f"results/reference/{TARGET}", config=configured(project, "reference"))
    assert done.returncode == 0, done.output
    assert unfinished_files(project, "reference") == []
    return project


def test_study_killed_at_random_times_has_the_same_results(project):
    """Kills Snakemake and its jobs, like a machine failure, or Snakemake alone, like low memory."""
    config, target = configured(project, "killed"), f"results/killed/{TARGET}"
    rng, killed = np.random.default_rng(KILLS), 0
    while killed < KILLS:
        process = project.start(target, config=config)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=rng.uniform(2, 40 if DEMO else 12))
        if process.returncode is not None:
            assert process.returncode == 0
            # The run finished before it could be killed, so it is repeated.
            shutil.rmtree(project.folder / "results/killed")
            continue
        (os.kill if killed % 2 else os.killpg)(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        killed += 1
        assert project.run("--unlock", config=config).returncode == 0
    done = project.run(target, config=config)
    assert done.returncode == 0, done.output
    assert result_files(project, "killed") == result_files(project, "reference")
    assert unfinished_files(project, "killed") == []
    left = "results/killed/logs/**/*.log"
    assert not any("\0" in log.read_text() for log in project.folder.glob(left))


@pytest.fixture(scope="module")
def long_training(project):
    """The config, target and result of a training run of a few seconds, from results/reference."""
    training = TINY["training"] | {"max_epochs": 40, "patience": 40, "trials_per_job": 1}
    config = configured(
        project, "reference", training=training, search=SMALL["search"] | {"trials": 2}
    )
    config = shutil.move(project.folder / config, project.folder / "long.yaml").name
    first, target = (
        f"results/reference/training/{MODEL}/trial-{n}/fold-1/weights.safetensors" for n in (0, 1)
    )
    assert project.run(first, target, "--force", config=config).returncode == 0
    return config, target, (project.folder / target).read_bytes()


def wait_for(process, condition):
    while process.poll() is None and not condition():
        time.sleep(0.005)
    assert process.poll() is None, process.stdout.read()


def training_process(snakemake):
    """Return the training process of a running snakemake."""
    children = psutil.Process(snakemake.pid).children(recursive=True)
    (found,) = [process for process in children if process.cmdline()[-1].endswith("train.py")]
    return found


def kept_files(folder):
    """Return the names of the files in a folder, without those of a running training run."""
    return set(os.listdir(folder)) - {live.PROGRESS, live.HISTORY}


LAST_LINES = {signal.SIGTERM: r"\nstopped: after epoch \d+.*\n$", signal.SIGKILL: ""}


@pytest.mark.parametrize("ending", LAST_LINES, ids=lambda ending: ending.name)
def test_training_resumes_after_a_signal(project, long_training, ending):
    config, target, intact = long_training
    folder = (project.folder / target).parent
    log = project.folder / f"results/reference/logs/training/{MODEL}/trial-1/fold-1.log"
    process = project.start(target, "--force", config=config)
    wait_for(process, (folder / ".checkpoint.safetensors").exists)
    training_process(process).send_signal(ending)
    output, _ = process.communicate()
    assert process.returncode != 0
    assert re.search(LAST_LINES[ending], log.read_text())
    assert "Traceback" not in output
    assert kept_files(folder) == {".checkpoint.safetensors"}
    done = project.run(target, config=config)
    assert done.returncode == 0, done.output
    assert "resuming after epoch" in log.read_text()
    assert (project.folder / target).read_bytes() == intact


def test_concurrent_run_and_stale_lock_are_errors(project, long_training):
    config, target, intact = long_training
    first = project.start(target, "--force", config=config)
    wait_for(first, (project.folder / target).with_name(".checkpoint.safetensors").exists)
    training_process(first).suspend()  # so that it does not finish before the second run starts
    second = project.run(target, "--force", config=config)
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.output
    assert first.poll() is None, "the first run continues"
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    third = project.run(target, config=config)
    assert third.returncode != 0
    assert "--unlock" in third.output
    assert project.run("--unlock", config=config).returncode == 0
    assert project.run(target, config=config).returncode == 0
    assert (project.folder / target).read_bytes() == intact


def flip_bit(intact):
    changed = bytearray(intact)
    changed[len(intact) // 2] ^= 1
    return bytes(changed)


DAMAGES = {
    "flipped bit": (flip_bit, "the frames of Ses0"),
    "truncated": (lambda intact: intact[: len(intact) // 2], "spectrogram store"),
}


def test_training_on_a_damaged_store_is_an_error(project, long_training):
    config, target, intact = long_training
    store = project.folder / "results/reference/spectrograms/iemocap.h5"
    before, stamp = store.read_bytes(), store.stat()
    for change, line in DAMAGES.values():
        store.write_bytes(change(before))
        os.utime(store, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        done = project.run(target, "--force", config=config)
        store.unlink()  # as the message says
        assert done.returncode != 0
        assert "error: results/reference/spectrograms/iemocap.h5: " in done.output
        assert line in done.output
        assert "Traceback" not in done.output
        assert list((project.folder / target).parent.glob("*")) == []
    done = project.run(target, config=config)
    assert done.returncode == 0, done.output
    assert store.read_bytes() == before
    assert (project.folder / target).read_bytes() == intact


def test_trials_in_one_job_give_the_same_results_and_resume(project, long_training):
    """A job killed in its second trial does not repeat the first one."""
    intact = (project.folder / long_training[1]).parent
    shared = yaml.safe_load((project.folder / long_training[0]).read_text())
    shared["training"]["trials_per_job"] = 2
    (project.folder / "shared.yaml").write_text(yaml.safe_dump(shared))
    fold = intact.parents[1]
    first, second = (fold / f"trial-{n}" / "fold-1/weights.safetensors" for n in (0, 1))
    target = str(first.relative_to(project.folder))
    before = [file.read_bytes() for file in (first, second)]
    process = project.start(target, "--force", config="shared.yaml")
    wait_for(process, (second.parent / ".checkpoint.safetensors").exists)
    training_process(process).kill()
    process.communicate()
    assert process.returncode != 0
    for file in (first, second):
        assert kept_files(file.parent) == {".checkpoint.safetensors"}
    done = project.run(target, config="shared.yaml")
    assert done.returncode == 0, done.output
    assert [file.read_bytes() for file in (first, second)] == before
    log = project.folder / f"results/reference/logs/training/{MODEL}/trials-0-to-1/fold-1.log"
    first_trial, second_trial = log.read_text().split("trial 1, fold 1")
    assert "resuming after epoch 40" in first_trial
    assert "validation UAR" not in first_trial
    assert "validation UAR" in second_trial

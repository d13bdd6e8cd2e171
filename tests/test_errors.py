"""What happens to machines, disks and people: a study ends as an undisturbed one, or says why not.

KILLS=20 .venv/bin/python -m pytest tests/test_errors.py -k random_moments kills the demo so often.
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

from tests.test_resume import TIMES
from tests.test_workflow import SMALL, Project

MODEL = "MultitaskDCGAN"
KILLS = int(os.environ.get("KILLS", 2))
DEMO = "KILLS" in os.environ  # else a study of seconds
pytestmark = [pytest.mark.workflow, pytest.mark.timeout(4 * 3600 if DEMO else 600)]
TINY = {
    "corpora": {"synthetic": SMALL["corpora"]["synthetic"] | {"utterances": 60}},
    "models": SMALL["models"] | {"names": [MODEL]},
    "training": {"max_epochs": 2, "unlabelled": ["iemocap"]},
}
# Rests on all trainings.
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


def made(project, name):
    """Return what a study has made, by path, without the times in it."""
    root = project.folder / "results" / name
    patterns = ("*.safetensors", "*.npz", "*.h5", "*.json", "*.csv", "*.wav")
    files = [file for pattern in patterns for file in root.rglob(pattern)]
    found = {}
    for file in files:
        content = file.read_bytes()
        if file.name in ("history.csv", "histories.csv"):
            content = pd.read_csv(file).drop(columns=TIMES).to_csv().encode()
        found[file.relative_to(root)] = content
    return found


def half_made(project, name):
    """Return what lies about that no finished study leaves."""
    root = project.folder / "results" / name
    return [*root.rglob(".*.part*"), *root.rglob(".checkpoint*")]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The tiny study, run to its target in results/whole."""
    project = Project(tmp_path_factory.mktemp("project"))
    done = project.run(f"results/whole/{TARGET}", config=configured(project, "whole"))
    assert done.returncode == 0, done.output
    assert half_made(project, "whole") == []
    return project


def test_a_study_killed_at_random_moments_ends_as_one_that_never_was(project):
    """Snakemake with its jobs as when a machine goes down, or alone as when memory runs out."""
    config, target = configured(project, "killed"), f"results/killed/{TARGET}"
    rng, killed = np.random.default_rng(KILLS), 0
    while killed < KILLS:
        process = project.start(target, config=config)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=rng.uniform(2, 40 if DEMO else 12))
        if process.returncode is not None:
            assert process.returncode == 0
            shutil.rmtree(project.folder / "results/killed")  # it came to its end: once more
            continue
        (os.kill if killed % 2 else os.killpg)(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        killed += 1
        assert project.run("--unlock", config=config).returncode == 0
    done = project.run(target, config=config)
    assert done.returncode == 0, done.output
    assert made(project, "killed") == made(project, "whole")
    assert half_made(project, "killed") == []
    left = "results/killed/logs/**/*.log"
    assert not any("\0" in log.read_text() for log in project.folder.glob(left))


@pytest.fixture(scope="module")
def patient(project):
    """The config of a training that takes seconds, on what results/whole holds; and its results."""
    training = TINY["training"] | {"max_epochs": 40, "patience": 40, "trials_per_job": 1}
    config = configured(project, "whole", training=training, search=SMALL["search"] | {"trials": 2})
    config = shutil.move(project.folder / config, project.folder / "patient.yaml").name
    first, target = (
        f"results/whole/training/{MODEL}/trial-{n}/fold-1/weights.safetensors" for n in (0, 1)
    )
    assert project.run(first, target, "--force", config=config).returncode == 0
    return config, target, (project.folder / target).read_bytes()


def wait_for(process, condition):
    while process.poll() is None and not condition():
        time.sleep(0.005)
    assert process.poll() is None, process.stdout.read()


def training_process(snakemake):
    """Return the process that trains below a running snakemake."""
    below = psutil.Process(snakemake.pid).children(recursive=True)
    (found,) = [process for process in below if process.cmdline()[-1].endswith("train.py")]
    return found


LAST_LINES = {signal.SIGTERM: r"\nstopped: after epoch \d+.*\n$", signal.SIGKILL: ""}


@pytest.mark.parametrize("ending", LAST_LINES, ids=lambda ending: ending.name)
def test_a_training_whose_node_goes_away_goes_on_elsewhere(project, patient, ending):
    config, target, whole = patient
    folder = (project.folder / target).parent
    log = project.folder / f"results/whole/logs/training/{MODEL}/trial-1/fold-1.log"
    process = project.start(target, "--force", config=config)
    wait_for(process, (folder / ".checkpoint.safetensors").exists)
    training_process(process).send_signal(ending)
    output, _ = process.communicate()
    assert process.returncode != 0
    assert re.search(LAST_LINES[ending], log.read_text())
    assert "Traceback" not in output
    assert os.listdir(folder) == [".checkpoint.safetensors"]
    done = project.run(target, config=config)
    assert done.returncode == 0, done.output
    assert "resuming after epoch" in log.read_text()
    assert (project.folder / target).read_bytes() == whole


def test_two_runs_in_one_folder_do_not_meet_and_a_stale_lock_is_told(project, patient):
    config, target, whole = patient
    first = project.start(target, "--force", config=config)
    wait_for(first, (project.folder / target).with_name(".checkpoint.safetensors").exists)
    training_process(first).suspend()  # so that it does not end while the second starts
    second = project.run(target, "--force", config=config)
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.output
    assert first.poll() is None, "the first goes on"
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    third = project.run(target, config=config)
    assert third.returncode != 0
    assert "--unlock" in third.output
    assert project.run("--unlock", config=config).returncode == 0
    assert project.run(target, config=config).returncode == 0
    assert (project.folder / target).read_bytes() == whole


def flipped(whole):
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    return bytes(changed)


DAMAGES = {
    "a bit": (flipped, "the frames of Ses0"),
    "its end": (lambda whole: whole[: len(whole) // 2], "spectrogram store"),
}


def test_no_training_starts_on_a_damaged_store(project, patient):
    config, target, whole = patient
    store = project.folder / "results/whole/spectrograms/iemocap.h5"
    before, stamp = store.read_bytes(), store.stat()
    for change, line in DAMAGES.values():
        store.write_bytes(change(before))
        os.utime(store, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        done = project.run(target, "--force", config=config)
        store.unlink()  # as the line says
        assert done.returncode != 0
        assert "error: results/whole/spectrograms/iemocap.h5: " in done.output
        assert line in done.output
        assert "Traceback" not in done.output
        assert list((project.folder / target).parent.glob("*")) == []
    done = project.run(target, config=config)
    assert done.returncode == 0, done.output
    assert store.read_bytes() == before
    assert (project.folder / target).read_bytes() == whole


def test_trials_that_share_a_job_are_the_same_and_none_is_lost(project, patient):
    """Killed in the second of its trials, a job does not train the first one again."""
    whole = (project.folder / patient[1]).parent
    shared = yaml.safe_load((project.folder / patient[0]).read_text())
    shared["training"]["trials_per_job"] = 2
    (project.folder / "shared.yaml").write_text(yaml.safe_dump(shared))
    fold = whole.parents[1]
    first, second = (fold / f"trial-{n}" / "fold-1/weights.safetensors" for n in (0, 1))
    target = str(first.relative_to(project.folder))
    before = [file.read_bytes() for file in (first, second)]
    process = project.start(target, "--force", config="shared.yaml")
    wait_for(process, (second.parent / ".checkpoint.safetensors").exists)
    training_process(process).kill()
    process.communicate()
    assert process.returncode != 0
    assert os.listdir(first.parent) == os.listdir(second.parent) == [".checkpoint.safetensors"]
    done = project.run(target, config="shared.yaml")
    assert done.returncode == 0, done.output
    assert [file.read_bytes() for file in (first, second)] == before
    log = project.folder / f"results/whole/logs/training/{MODEL}/trials-0-to-1/fold-1.log"
    first_trial, second_trial = log.read_text().split("trial 1, fold 1")
    assert "resuming after epoch 40" in first_trial
    assert "validation UAR" not in first_trial
    assert "validation UAR" in second_trial

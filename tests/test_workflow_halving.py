"""The workflow with successive halving: jobs, epochs, bytes, and an interrupted run."""

import contextlib
import json
import os
import signal
import subprocess

import pandas as pd
import pytest
import yaml

from tests import test_docs
from tests.test_errors import result_files, unfinished_files
from tests.test_workflow import Project
from tests.test_workflow_manifest import STUDY, write_own

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(900)]

MODEL, FOLDS = "BasicCNN", 3
HALVING = STUDY | {
    "prepared": "results/prepared",
    "search": STUDY["search"]
    | {"trials": 5, "method": "halving", "halving": {"first_epochs": 1, "factor": 3}},
    "training": STUDY["training"] | {"max_epochs": 6},
}
# The rungs have 5, 2 and 1 trials on each of three folds.
JOBS = {"train_rung_0": 15, "train_rung_1": 6, "train_rung_2": 3}
SEARCH_JOBS = {"select_rung": 2, "collect_trials": 3, "select_trial": 1}
JOBS_OF_THREE_TRIALS = {
    "train_rung_0_0_to_2": 3,
    "train_rung_0_3_to_4": 3,
    "train_rung_1_0_to_1": 3,
    "train_rung_2_0_to_0": 3,
}
RUNG_FOLDER = "rung-{rung}/slot-{slot}"  # whose files are those of trial-{trial}
BEST = f"search/{MODEL}/best.json"


def target_of(name):
    return f"results/{name}/{BEST}"


def configured(project, name, **changes):
    """Write the config of a study with its results in results/{name}; return its options."""
    config = HALVING | {"results": f"results/{name}"} | changes
    (project.folder / f"{name}.yaml").write_text(yaml.safe_dump(config))
    return {"config": f"{name}.yaml", "demo": False}


def search_jobs(project, name, options):
    """Return {rule: number of jobs} of the search in a dry run."""
    planned = project.planned(target_of(name), **options)
    return {
        rule: count
        for rule, count in planned.items()
        if rule.startswith(("train", "select", "collect"))
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project after a search with successive halving, with its results in results/halving."""
    project = Project(tmp_path_factory.mktemp("halving"))
    write_own(project.folder / "own")
    options = configured(project, "halving")
    assert search_jobs(project, "halving", options) == JOBS | SEARCH_JOBS
    done = project.run(target_of("halving"), **options)
    assert done.returncode == 0, done.output
    return project


def test_trials_stop_at_their_rung(project):
    trials = pd.read_csv(project.folder / f"results/halving/search/{MODEL}/trials.csv")
    assert sorted(trials["rung"]) == [0, 0, 0, 1, 2]
    epochs = trials.set_index("rung")["epochs"]
    assert set(epochs[0]) == {FOLDS}
    assert epochs[1] == 3 * FOLDS
    assert 3 * FOLDS < epochs[2] <= 6 * FOLDS
    (chosen,) = trials["trial"][trials["chosen"]]
    assert chosen == trials["trial"][trials["rung"].idxmax()]
    assert trials["capped"][trials["rung"] < 2].sum() == 0
    best = json.loads((project.folder / target_of("halving")).read_text())
    assert best["trial"] == chosen
    assert best["validation_folds"] == [1, 2, 3]


def test_a_finished_search_has_nothing_to_do_and_no_checkpoints(project):
    options = configured(project, "halving")
    assert "Nothing to be done" in project.run(target_of("halving"), **options).output
    results = project.folder / "results/halving"
    assert not [*results.rglob("*checkpoint*")]
    assert unfinished_files(project, "halving") == []


def test_the_chosen_networks_are_those_of_random_search(project):
    best = json.loads((project.folder / target_of("halving")).read_text())
    folder = f"training/{MODEL}/trial-{best['trial']}/fold-1"
    files = ["weights.safetensors", "validation.json", "draws.csv.gz"]
    options = configured(project, "random", search=HALVING["search"] | {"method": "random"})
    done = project.run(f"results/random/{folder}/{files[0]}", **options)
    assert done.returncode == 0, done.output
    for file in files:
        paths = [
            project.folder / f"results/{name}/{folder}/{file}" for name in ("random", "halving")
        ]
        assert paths[0].read_bytes() == paths[1].read_bytes(), file


def wait_for_checkpoint(process, folder):
    """Wait until a training run below a folder has saved a checkpoint."""
    while process.poll() is None and not [*folder.rglob(".checkpoint.safetensors")]:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.005)
    assert process.poll() is None, process.stdout.read()


def test_a_search_killed_in_each_rung_has_the_same_results(project):
    """Kills Snakemake and its jobs. Three trials share a job, unlike in the other search."""
    shared = HALVING["training"] | {"trials_per_job": 3}
    options = configured(project, "killed", training=shared)
    assert search_jobs(project, "killed", options) == JOBS_OF_THREE_TRIALS | SEARCH_JOBS
    for rung in range(3):
        process = project.start(target_of("killed"), **options)
        folder = project.folder / f"results/killed/training/{MODEL}/rung-{rung}"
        wait_for_checkpoint(process, folder)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert project.run("--unlock", **options).returncode == 0
    done = project.run(target_of("killed"), **options)
    assert done.returncode == 0, done.output
    assert result_files(project, "killed") == result_files(project, "halving")
    assert unfinished_files(project, "killed") == []


def test_all_files_and_columns_are_documented(project):
    results, documented = project.folder / "results/halving", test_docs.documented_files()
    assert f"training/{{model}}/{RUNG_FOLDER}/fold-{{fold}}/" in documented
    for folder in ("search", "training"):
        for file in (file for file in (results / folder).rglob("*") if file.is_file()):
            path = test_docs.generic(str(file.relative_to(results)))
            path = path.replace(RUNG_FOLDER, "trial-{trial}")
            assert path in documented
            if file.suffix in (".csv", ".gz"):
                columns = {test_docs.generic_column(name) for name in pd.read_csv(file, nrows=0)}
                assert columns <= test_docs.documented_columns(documented[path]), path

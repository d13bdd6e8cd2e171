"""The start of a run: where the config is found, and errors in it.

The project is in a folder with a space in its name, so all tests here also cover that.
"""

import json
import os
import shutil

import pytest
import yaml

from tests.test_workflow import Project, counted_jobs
from tests.test_workflow_manifest import STUDY, write_own

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(300)]

DCGAN, MULTITASK = {"names": ["BasicDCGAN"]}, {"names": ["MultitaskCNN"]}
APC = {"names": ["BasicAPC"]}
FAR_AHEAD = {"models": APC, "search": {"sequential_space": {"steps_ahead": [128]}}}
PRETRAINED_ONLY = {"max_epochs": 10, "apc": {"schedule": "pretrain"}}
SYNTHETIC = {"root": "synthetic", "utterances": 40, "meetings": 1, "hours": 0.1}
IEMOCAP = {"labelled": "iemocap", "synthetic": SYNTHETIC}
EMOTION = {
    "target": "emotion",
    "classes": {"angry": ["ang"], "happy": ["hap", "exc"], "sad": ["sad"]},
    "encoding": "hard",
}
UNKNOWN = {"angry": ["ang"], "joyful": ["hap", "joy"]}
TRIAL = {"crop_width": 64, "learning_rate": 0.001, "batch_size": 8, "filter_size": 4, "filters": 8}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("a project"))
    write_own(project.folder / "own")
    study = STUDY | {"results": "own results"}
    (project.folder / "own study.yaml").write_text(yaml.safe_dump(study))
    return project


def run(project, *arguments, **options):
    return project.run(*arguments, **{"config": "own study.yaml", "demo": False} | options)


def test_jobs_run_in_a_folder_with_spaces(project):
    done = run(project, "check_stores")
    assert done.returncode == 0, done.output
    assert (project.folder / "own results/spectrograms/own.h5").exists()
    log = project.folder / "own results/logs/spectrograms/check_stores.log"
    assert log.read_text() in done.output
    assert "30 recordings" in log.read_text()


def test_checking_manifests_does_not_read_stdin(project):
    done = run(project, "check_corpora", typed="TYPED\n")
    assert done.returncode == 0, done.output
    assert "TYPED" not in done.output


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("search.space.filter_size", {"search": {"space": {"filter_size": [9]}}}),
        ("search.space", {"search": {"space": {"filter_size_divisor": 9}}}),
        ("spectrograms.fmax", {"spectrograms": {"sample_rate": 8000}}),
        ("spectrograms.hop_length", {"spectrograms": {"hop_length": 2048}}),
        ("spectrograms.dynamic_range", {"spectrograms": {"dynamic_range": float("inf")}}),
        ("corpora.iemocap", {"corpora": {"iemocap": {"manifest": "own"}}}),
        ("corpora.manifests.own.folder", {"corpora": {"manifests": {"own": {"folder": "own{x}"}}}}),
        ("corpora.manifests.own.scale", {"corpora": {"manifests": {"own": {"scale": [5, 1]}}}}),
        ("corpora.manifests", {"corpora": {"manifests": {"ami": {"folder": "own"}}}}),
        ("corpora.labelled", {"corpora": {"labelled": "crema"}}),
        ("training.unlabelled", {"training": {"unlabelled": ["own", "radio"]}, "models": DCGAN}),
        ("corpora.labelled", {"corpora": {"synthetic": SYNTHETIC}}),
        ("corpora.manifests", {"corpora": {"manifests": {"crema_d": {"folder": "own"}}}}),
        ("labels", {"models": MULTITASK}),
        ("labels", {"corpora": {"labelled": "crema_d"}, "models": MULTITASK}),
        ("labels.classes", {"labels": EMOTION | {"classes": {"angry": ["ang"]}}}),
        ("labels.classes.joyful", {"corpora": IEMOCAP, "labels": EMOTION | {"classes": UNKNOWN}}),
        ("labels.encoding", {"labels": EMOTION | {"encoding": "fuzzy"}}),
        ("folds.file", {"folds": {"scheme": "file"}}),
        ("folds.file", {"folds": {"scheme": "file", "file": "own/no.csv"}}),
        ("labels.encoding", {"labels": {"encoding": "histogram"}}),
        ("search.fixed.BasicCNN", {"search": {"fixed": {"MultitaskCNN": TRIAL}}}),
        ("search.fixed", {"search": {"fixed": {"filters": 8}}}),
        ("search.fixed.BasicCNN", {"search": {"fixed": {"BasicCNN": {"filters": 8}}}}),
        ("models.names", {"models": {"names": ["BasicGAN"]}}),
        ("search.sequential_space.steps_ahead", FAR_AHEAD),
        ("training.apc.pretrain_epochs", {"models": APC, "training": PRETRAINED_ONLY}),
        ("search.method", {"search": {"method": "grid"}}),
        ("search.halving.factor", {"search": {"halving": {"factor": 1}}}),
        ("search.halving", {"search": {"halving": {"epochs": 1}}}),
        ("search.halving.first_epochs", {"search": {"method": "halving", "trials": 3}}),
        ("corpora.manifests", {"corpora": {"labelled": "1", "manifests": {1: {"folder": "own"}}}}),
        ("corpora.audformat", {"corpora": {"audformat": {True: {"folder": "own"}}}}),
        ("variants", {"variants": {1: {"labels": {"encoding": "hard"}}}}),
        ("variants", {"variants": {True: {"labels": {"encoding": "hard"}}}}),
        ("search.fixed", {"search": {"fixed": {1: TRIAL}}}),
        ("labels.classes", {"labels": {"target": "emotion"}}),
        ("results", {"results": ""}),
        ("results", {"results": "~/results"}),
        ("corpora.manifests.own.folder", {"corpora": {"manifests": {"own": {"folder": "~/own"}}}}),
        ("results", {"results": "results/{x}"}),
        ("results", {"results": "own/recordings.csv/results"}),
        ("prepared", {"prepared": "own/recordings.csv"}),
    ],
)
def test_an_invalid_setting_is_an_error_that_names_its_key(project, key, change):
    shutil.copytree(project.folder / "own", project.folder / "own{x}", dirs_exist_ok=True)
    (project.folder / "change.yaml").write_text(yaml.safe_dump(change))
    done = run(project, "--dry-run", "--configfile", "own study.yaml", "change.yaml", config=None)
    assert done.returncode != 0
    assert [
        line for line in done.output.splitlines() if line.startswith(f"error: config, at {key}: ")
    ]
    assert "Traceback" not in done.output


def test_a_repeated_key_is_an_error_that_names_its_line(project):
    (project.folder / "change.yaml").write_text("training:\n  threads: 1\n  threads: 2\n")
    done = run(project, "--dry-run", "--configfile", "own study.yaml", "change.yaml", config=None)
    assert done.returncode != 0
    (line,) = [line for line in done.output.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: change.yaml:3: ")
    assert "threads" in line


@pytest.mark.parametrize("results", ["closed", "closed/own"])
def test_a_results_folder_without_write_permission_is_an_error_in_one_line(project, results):
    closed = project.folder / "closed"
    closed.mkdir(mode=0o555, exist_ok=True)
    unprivileged = () if os.geteuid() else ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    done = run(project, "--config", f"results={results}", prefix=unprivileged)
    assert done.returncode != 0
    lines = done.output.splitlines()
    assert lines[-1].startswith("error: config, at results: ")
    assert not [line for line in lines if line.startswith("  File ")]


def test_numbers_as_text_and_integers_as_floats_are_accepted(project):
    changes = "training: {threads: 1.0}\nsearch: {space: {learning_rate: [1e-4]}}\n"
    (project.folder / "change.yaml").write_text(changes)
    given = ["training={max_epochs: 3, beta1: 0.4}", "labels={oversample: false}", "seed=2"]
    files = ["--configfile", "own study.yaml", "change.yaml"]
    done = run(project, "--dry-run", *files, "--config", *given, config=None)
    assert done.returncode == 0, done.output


@pytest.mark.parametrize("corpus", ["crema_d", "quechua"])
def test_presets_of_open_corpora_can_be_planned(project, corpus):
    own = f"corpora={{{corpus}: {{root: own}}}}"  # an existing folder
    arguments = ["--config", own, "models={names: [BasicCNN]}"]
    jobs = project.planned(*arguments, config=f"config/{corpus}.yaml", demo=False)
    assert jobs["read_corpus"] == 1
    assert jobs["write_report"] == 1


def test_multitask_models_of_emotions_can_be_planned(project):
    models = "models={names: [MultitaskCNN, MultitaskAPC]}"
    labels = f"labels={json.dumps(EMOTION)}"
    given = ["--config", models, labels]
    jobs = project.planned(*given, config="config/sequential.yaml", demo=True)
    assert (jobs["train_0_to_1"], jobs["evaluate_model"]) == (2 * 5, 2)
    assert {"assign_folds", "predict_baseline", "compute_metrics", "write_report"} <= set(jobs)


def test_halving_of_a_single_trial_plans_the_jobs_of_random_search(project):
    halving = ["--config", "search={method: halving, trials: 1, halving: {first_epochs: 1}}"]
    assert run_planned(project, *halving) == run_planned(project)


def test_the_preset_of_successive_halving_can_be_planned(project):
    """With APC models, whose pretraining is not counted."""
    apc = ["models={names: [BasicAPC]}", "training={apc: {schedule: pretrain}, max_epochs: 14}"]
    files = ["--configfile", "own study.yaml", "config/halving.yaml"]
    done = run(project, "--dry-run", *files, "--config", "search={trials: 4}", *apc, config=None)
    assert done.returncode == 0, done.output
    assert counted_jobs(done)["train_rung_2"] == 3
    apc[1] = apc[1].replace("14", "13")
    done = run(project, "--dry-run", *files, "--config", "search={trials: 4}", *apc, config=None)
    assert "error: config, at search.halving.first_epochs: " in done.output


def run_planned(project, *arguments):
    return project.planned(*arguments, config="own study.yaml", demo=False)


def test_the_config_is_found_next_to_the_snakefile(project, tmp_path):
    """A config in the working directory overrides some of its keys."""
    own = {"labelled": "own", "manifests": {"own": {"folder": str(project.folder / "own")}}}
    here = {"results": "here", "corpora": own}
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump(STUDY | here))
    command = ["--snakefile", str(project.folder / "Snakefile"), "here/folds.csv"]
    done = run(project, *command, config=None, folder=tmp_path)
    assert done.returncode == 0, done.output
    assert (tmp_path / "here/folds.csv").exists()


def test_the_working_directory_needs_no_config(project, tmp_path):
    shutil.copytree(project.folder / "own", tmp_path / "own")
    done = run(project, "--dry-run", "--directory", str(tmp_path))
    assert done.returncode == 0, done.output
    assert "read_corpus" in done.output


def test_a_project_in_a_folder_with_braces_is_an_error_in_one_line(project):
    moved = project.folder.rename(project.folder.with_name("{x}"))
    try:
        done = run(project, "--dry-run", folder=moved)
    finally:
        moved.rename(project.folder)
    assert done.returncode != 0
    assert [line for line in done.output.splitlines() if line.startswith(f"error: {moved}: ")]
    assert "Traceback" not in done.output

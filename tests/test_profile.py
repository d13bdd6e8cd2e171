"""The cluster profile: it matches the rules, and jobs request the right resources from Slurm."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from emospeech.models.catalogue import FAMILIES
from emospeech.models.settings import ModelSettings
from emospeech.search import SearchSpace, draw_trial
from emospeech.training.memory import training_megabytes
from tests.run_environment import run_environment

ROOT = Path(__file__).parents[1]
PROFILE = yaml.safe_load((ROOT / "slurm/config.yaml").read_text())
DEFAULT = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text())
RULES = {file.name: file.read_text() for file in (ROOT / "workflow/rules").glob("*.smk")}
NAMES = {
    name
    for text in RULES.values()
    for name in re.findall(r"^ *(?:rule|use rule \w+ as) (\w+)", text, re.MULTILINE)
}
CLIENTS = ["sbatch", "sinfo", "squeue", "scontrol", "scancel", "sacct", "sacctmgr", "sshare"]
# A Slurm client that logs its arguments, and fails if it is sbatch.
CLIENT = """\
#!/bin/sh
echo "$(basename "$0") $*" >> "$(dirname "$0")/requests"
[ "$(basename "$0")" != sbatch ]
"""


def run(*arguments, path="/usr/bin:/bin", sizes=()):
    """Run snakemake with the profile on the demo; return the process with its output as text."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--profile", "slurm"]
    return subprocess.run(
        [*command, "--nolock", "--configfile", "config/demo.yaml", *sizes],
        cwd=ROOT,
        env=os.environ | run_environment() | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


@pytest.fixture
def single(tmp_path):
    """A config file with one trial per job, unlike the demo."""
    path = tmp_path / "single.yaml"
    path.write_text("training: {trials_per_job: 1}")
    return path


@pytest.fixture
def request_jobs(tmp_path):
    """A function that submits jobs to a Slurm that rejects them, and returns the sbatch calls.

    The inputs of the jobs are empty files.
    """
    clients = tmp_path / "clients"
    clients.mkdir()
    for name in CLIENTS:
        (clients / name).write_text(CLIENT)
        (clients / name).chmod(0o755)

    def request_jobs(rules, inputs, outputs, *arguments, sizes=()):
        results = tmp_path / "results"
        for name in inputs:
            (results / name).parent.mkdir(parents=True, exist_ok=True)
            (results / name).touch()
        targets = [str(results / name) for name in outputs]
        only = ["--allowed-rules", *rules, "--config", f"results={results}"]
        plugin = ["--slurm-logdir", str(tmp_path), "--slurm-init-seconds-before-status-checks", "1"]
        path = f"{clients}:/usr/bin:/bin"
        done = run(*targets, *only, *plugin, *arguments, path=path, sizes=sizes)
        assert done.returncode != 0, done.stdout
        requests = (clients / "requests").read_text().splitlines()
        return [request for request in requests if request.startswith("sbatch ")]

    return request_jobs


def option(request, name):
    """Return the value of an option of sbatch."""
    return re.search(rf"(?<!\S){name}[ =](\S+)", request)[1]


def test_every_rule_of_the_profile_exists():
    assert {*PROFILE["set-resources"], *PROFILE["groups"]} <= NAMES
    assert set(PROFILE["group-components"]) <= set(PROFILE["groups"].values())


def test_the_rules_that_use_a_gpu_request_one():
    pattern = r"^use rule (\w+) as (\w+) with:\n((?: .*\n|\n)*)"
    found = [rule for text in RULES.values() for rule in re.findall(pattern, text, re.M)]
    gpu_rules = {
        name for _, name, body in found if "gpu=GPU" in body or "training_resources(" in body
    }
    gpu_rules |= {
        name for base, name, body in found if base in gpu_rules and "resources:" not in body
    }
    assert set(PROFILE["set-resources"]) == gpu_rules
    assert all(resources["gpu"] == 1 for resources in PROFILE["set-resources"].values())


@pytest.mark.parametrize("group", PROFILE["group-components"])
def test_the_rules_of_a_group_request_the_same_partition(group):
    rules = [rule for rule, name in PROFILE["groups"].items() if name == group]
    given = [PROFILE["set-resources"].get(rule) for rule in rules]
    assert all(resources == given[0] for resources in given), "otherwise not a valid group"


def test_the_default_profile_has_no_key_of_the_cluster_profile():
    assert not set(PROFILE) & set(DEFAULT), "it would replace the key of the other"


@pytest.mark.workflow
def test_the_demo_is_planned_without_slurm(tmp_path):
    (tmp_path / "which").symlink_to(shutil.which("which"))  # the only program that the plugin needs
    done = run("--dry-run", "--forceall", path=str(tmp_path))
    assert done.returncode == 0, done.stdout
    assert re.search(r"^train_0_to_1 +20$", done.stdout, re.MULTILINE), done.stdout


TRAINED = "training/BasicCNN/trial-0/fold-1"
STUDY = ["spectrograms/iemocap.h5", "corpora/iemocap/recordings.csv", "folds.csv"]


@pytest.mark.workflow
def test_a_training_requests_a_gpu_and_more_at_each_attempt(request_jobs, single, tmp_path):
    demo = yaml.safe_load((ROOT / "config/demo.yaml").read_text())
    space = SearchSpace(**demo["search"]["space"])
    trial = draw_trial(space, FAMILIES["CNN"].parameters, 1, 0)
    store = tmp_path / "results" / STUDY[0]
    store.parent.mkdir(parents=True)
    with store.open("wb") as file:
        file.truncate(300 * 2**20)  # a sparse file
    requests = request_jobs(["train"], STUDY, [f"{TRAINED}/weights.safetensors"], sizes=[single])
    assert len(requests) == 1 + PROFILE["retries"]
    assert all(option(request, "--gpus") == "1" for request in requests)
    assert all("--requeue" in request for request in requests)
    memory = [int(option(request, "--mem")) for request in requests]
    minutes = [int(option(request, "-t")) for request in requests]
    needed = training_megabytes("BasicCNN", 128, trial, ModelSettings())
    assert memory == pytest.approx([300 + attempt * needed for attempt in (1, 2, 3)], abs=1)
    assert minutes == [minutes[0], 2 * minutes[0], 3 * minutes[0]]
    assert minutes[0] >= 60


@pytest.mark.workflow
def test_a_job_of_several_trials_requests_the_resources_of_a_training(request_jobs):
    weights = [f"{TRAINED}/weights.safetensors"]
    given = ["--retries", "0", "--set-resources", "train:slurm_partition=gpu", "train:gpu=1"]
    (request,) = request_jobs(["train_0_to_1"], STUDY, weights, *given)
    assert option(request, "--gpus") == "1"
    assert option(request, "-p") == "gpu"


@pytest.mark.workflow
def test_a_rung_requests_the_resources_of_a_training_without_its_checkpoints(
    request_jobs, single, tmp_path
):
    search = {"trials": 4, "method": "halving", "halving": {"first_epochs": 1}}
    single.write_text(yaml.safe_dump({"training": {"trials_per_job": 1}, "search": search}))
    rungs = "training/BasicCNN/rung-{}/slot-{}/fold-1/{}.safetensors"
    checkpoints = [rungs.format(0, slot, "checkpoint") for slot in range(4)]
    for name in checkpoints:
        (tmp_path / "results" / name).parent.mkdir(parents=True)
        with (tmp_path / "results" / name).open("wb") as file:
            file.truncate(2**30)  # a sparse file
    inputs, given = [*STUDY, "search/BasicCNN/rung-1.json", *checkpoints], ["--retries", "0"]
    given += ["--set-resources", "train:slurm_partition=gpu", "train:gpu=1"]
    outputs = [rungs.format(1, slot, "weights") for slot in range(2)]
    requests = request_jobs(["train_rung_1"], inputs, outputs, *given, sizes=[single])
    assert len(requests) == 2
    demo = yaml.safe_load((ROOT / "config/demo.yaml").read_text())
    space, names = SearchSpace(**demo["search"]["space"]), FAMILIES["CNN"].parameters
    trials = [draw_trial(space, names, 1, trial_id) for trial_id in range(4)]
    needed = max(training_megabytes("BasicCNN", 128, trial, ModelSettings()) for trial in trials)
    for request in requests:
        assert option(request, "--gpus") == "1"
        assert option(request, "-p") == "gpu"
        assert int(option(request, "--mem")) == pytest.approx(needed, abs=1)


@pytest.mark.workflow
def test_the_evaluation_of_a_model_is_one_job(request_jobs):
    folds = range(1, 6)
    weights = [
        f"training/BasicCNN/trial-{trial}/fold-{fold}/weights.safetensors"
        for trial in (0, 1)
        for fold in folds
    ]
    outputs = [f"evaluation/BasicCNN/fold-{fold}/predictions.csv" for fold in folds]
    outputs += [f"evaluation/BasicCNN/{name}.csv" for name in ("crops", "map", "neighbours")]
    inputs = [*STUDY, *weights, "search/BasicCNN/best.json"]
    (request,) = request_jobs(["evaluate_model"], inputs, outputs, "--retries", "0")
    assert option(request, "--cpus-per-task") == "1"
    assert option(request, "--gpus") == "1"
    assert int(option(request, "-t")) == 180


@pytest.mark.workflow
def test_two_evaluations_run_in_parallel_in_one_job(request_jobs):
    models = ("BasicCNN", "MultitaskCNN", "BasicDCGAN", "MultitaskDCGAN")
    inputs = [
        f"evaluation/{model}/fold-{fold}/predictions.csv"
        for model in (*models, "baseline", "baseline_crop")
        for fold in range(1, 6)
    ]
    inputs += [f"evaluation/{model}/neighbours.csv" for model in models]
    inputs += ["corpora/iemocap/ratings.csv", *STUDY]
    outputs = ["evaluation/intervals.csv", "evaluation/metrics.csv"]
    rules = ["bootstrap_intervals", "compute_metrics"]
    (request,) = request_jobs(rules, inputs, outputs, "--retries", "0")
    assert option(request, "--cpus-per-task") == "2"
    assert int(option(request, "-t")) == 60


@pytest.mark.workflow
def test_partition_and_account_are_passed_to_slurm(request_jobs):
    given = ["slurm_partition=long", "slurm_account=project"]
    edited = ["--default-resources", *given, "--set-resources", "train:slurm_partition=gpu"]
    weights = [f"{TRAINED}/weights.safetensors"]
    (request,) = request_jobs(["train_0_to_1"], STUDY, weights, *edited, "--retries", "0")
    assert option(request, "-p") == "gpu"
    assert option(request, "-A") == "project"

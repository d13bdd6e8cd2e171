"""The demo on a real Slurm, trainings disturbed, against the local one: the same bytes.

A training is a job of its own there, where two trials of the local demo share one.

Run by `make test-slurm` and by nothing else: it needs root, and may install Slurm. One run of
minutes does it all: Slurm gets every job of the demo, and four trainings are ended, each in its own
way.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests import slurm_cluster
from tests.slurm_cluster import told

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(1500)]

ROOT = Path(__file__).parents[1]
CONFIGS = ["config/demo.yaml"]
LOCAL, REMOTE = ROOT / "results/demo", ROOT / "results/slurm"
OVERLAY = ROOT / "results/slurm.yaml"
DISTURBED = "training/MultitaskDCGAN/trial-0"
# No rule may ask for more than the node has; squeue, which knows old jobs, is asked without delay.
NODE = ["--max-threads", str(os.cpu_count()), "--slurm-status-command", "squeue"]
NODE += ["--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"]
# Each ends the job of a fold in its own way: Slurm takes it back and starts it anew, as when it is
# preempted; a user cancels it; its steps are told to stop, as before its time is up; the machine
# kills its processes. The first three come as SIGTERM, with time for a checkpoint.
DISTURBANCES = {
    1: ["scontrol", "requeue"],
    2: ["scancel"],
    3: ["scancel", "--signal=TERM"],
    4: ["kill", "-KILL"],
}
GRACEFUL = (1, 2, 3)
# What may differ: times, in logs, benchmarks, histories and what the page says of the run.
TIMES = ["seconds", "crops_per_second"]
OTHER = ("logs/", "benchmarks/", "report/provenance.json")
OF_THE_RUN = r'<section aria-labelledby="(run|reproduce|cite)">.*?</section>'


def snakemake(*arguments, configs):
    """Run snakemake in the project; return its output, and fail with it."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--configfile", *configs]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout[-10000:]
    return done.stdout


class Disturber(threading.Thread):
    """Ends the jobs of the trainings of DISTURBED, each some steps after its first checkpoint.

    `epochs` holds the epochs that the training of each fold had behind it then.
    """

    def __init__(self):
        super().__init__(daemon=True)
        self.epochs, self.over = {}, threading.Event()

    def run(self):
        while len(self.epochs) < len(DISTURBANCES) and not self.over.wait(0.1):
            for fold in DISTURBANCES.keys() - self.epochs.keys():
                if (REMOTE / DISTURBED / f"fold-{fold}/.checkpoint.safetensors").exists():
                    self.disturb(fold)

    def disturb(self, fold):
        time.sleep(1)
        self.epochs[fold] = log_of(fold).count("validation UAR")
        (job,) = jobs_of(fold)
        command = DISTURBANCES[fold]
        targets = processes_of(job) if command[0] == "kill" else [job]
        subprocess.run([*command, *targets], check=True)
        if command[-1] == "requeue":  # and let it begin now, not in Slurm's two minutes
            while told("squeue", "--noheader", f"--jobs={job}", "--format=%T") != "PENDING":
                time.sleep(0.1)
            told("scontrol", "update", f"JobId={job}", "StartTime=now")


def jobs_of(fold):
    """Return the numbers that Slurm gave to the training of a fold, the oldest first."""
    name = f"rule_train_wildcards_MultitaskDCGAN_0_{fold}"
    rows = told("squeue", "--noheader", "--states=all", "--format=%i %k").splitlines()
    return sorted((row.split()[0] for row in rows if row.split()[1:] == [name]), key=int)


def processes_of(job):
    """Return the process numbers of the step that a job runs, without those of its batch script."""
    rows = [row.split() for row in told("scontrol", "listpids", job).splitlines()]
    return [row[0] for row in rows if row[2] == "0" and row[0] != "-1"]


def property_of(job, name):
    return re.search(rf"\b{name}=(\S+)", told("scontrol", "show", "job", job))[1]


def log_of(fold):
    return (REMOTE / "logs" / DISTURBED / f"fold-{fold}.log").read_text()


@pytest.fixture(scope="module")
def cluster():
    try:
        with slurm_cluster.cluster():
            yield
    except slurm_cluster.NoClusterError as error:
        pytest.fail(f"NOT TESTED, no Slurm: {error}", pytrace=False)


@pytest.fixture(scope="module")
def disturbed(cluster):
    """The study, run on Slurm beside a disturber, which is returned."""
    snakemake("--cores", str(os.cpu_count()), configs=CONFIGS)
    shutil.rmtree(REMOTE, ignore_errors=True)
    root = {"synthetic": {"root": "results/slurm/synthetic"}}
    remote = {"results": "results/slurm", "corpora": root, "training": {"trials_per_job": 1}}
    OVERLAY.write_text(yaml.safe_dump(remote))
    disturber = Disturber()
    disturber.start()
    try:
        snakemake("--profile", "slurm", *NODE, configs=[*CONFIGS, "results/slurm.yaml"])
    finally:
        disturber.over.set()
        disturber.join()
    return disturber


def comparable(path):
    """Return what a file holds, without times and the name of its study."""
    if path.name in ("history.csv", "histories.csv"):
        return pd.read_csv(path).drop(columns=TIMES).to_csv()
    if path.name == "index.html":
        text = re.sub(OF_THE_RUN, "", path.read_text(), flags=re.DOTALL)
        return text.replace(" results/slurm.yaml", "").replace("results/slurm", "results/demo")
    return path.read_bytes()


def files_of(results):
    """Return the files of a study that must be those of any other run, relative to its folder."""
    files = (file.relative_to(results) for file in results.rglob("*") if file.is_file())
    return {file for file in files if not str(file).startswith(OTHER)}


def test_every_result_is_that_of_the_local_run(disturbed):
    assert files_of(REMOTE) == files_of(LOCAL)
    differing = [
        str(file)
        for file in files_of(LOCAL)
        if comparable(LOCAL / file) != comparable(REMOTE / file)
    ]
    assert not sorted(differing)


@pytest.mark.parametrize("fold", DISTURBANCES)
def test_a_training_goes_on_and_loses_an_epoch_at_most(disturbed, fold):
    after = int(re.search(r"resuming after epoch (\d+)", log_of(fold))[1])
    assert after >= disturbed.epochs[fold] - (fold not in GRACEFUL)
    assert not (REMOTE / DISTURBED / f"fold-{fold}/.checkpoint.safetensors").exists()


@pytest.mark.parametrize("fold", GRACEFUL)
def test_a_training_that_is_told_to_stop_keeps_the_steps_that_it_has_done(disturbed, fold):
    after, steps = re.search(
        r"resuming after epoch (\d+)(?: and (\d+) steps)?", log_of(fold)
    ).groups()
    assert steps or int(after) > 1


def test_slurm_brings_back_what_it_took_and_snakemake_what_failed(disturbed):
    (requeued,) = jobs_of(1)
    assert property_of(requeued, "Restarts") == "1"
    for fold in DISTURBANCES.keys() - {1}:
        first, second = jobs_of(fold)
        assert property_of(first, "JobState") in ("CANCELLED", "FAILED")
        assert property_of(second, "JobState") == "COMPLETED"
        memory = [int(property_of(job, "MinMemoryNode").rstrip("M")) for job in (first, second)]
        assert memory[0] < memory[1] <= 2 * memory[0], "the pages of the stores count once"
        minutes = [property_of(job, "TimeLimit") for job in (first, second)]
        assert minutes == ["12:00:00", "1-00:00:00"]
    assert property_of(requeued, "TresPerJob") == "gres:gpu:1"


def test_the_cluster_is_not_flooded(disturbed):
    jobs = told("squeue", "--noheader", "--states=all", "--format=%k").splitlines()
    trainings = [job for job in jobs if job.startswith("rule_train_")]
    assert len(trainings) == len(list(LOCAL.glob("training/*/*/*/weights.safetensors"))) + 3
    assert len(jobs) - len(trainings) <= 16, jobs

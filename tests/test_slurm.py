"""The demo on Slurm, with interrupted training runs, gives the same bytes as the local demo.

Only `make test-slurm` runs these tests: they need root, and may install Slurm. They share one run
of the demo, in which four training runs are interrupted, each in a different way. On the cluster
each training run is a job; locally, two trials share a job.
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
from tests.slurm_cluster import output_of

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(1500)]

ROOT = Path(__file__).parents[1]
CONFIGS = ["config/demo.yaml"]
LOCAL, REMOTE = ROOT / "results/demo", ROOT / "results/slurm"
OVERLAY = ROOT / "results/slurm.yaml"
INTERRUPTED = "training/MultitaskDCGAN/trial-0"
# Limits requests to the CPUs of the node. Without accounting, squeue reports finished jobs.
NODE = ["--max-threads", str(os.cpu_count()), "--slurm-status-command", "squeue"]
NODE += ["--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"]
# How the training run of each fold is interrupted: requeued by Slurm, as after a preemption;
# cancelled by a user; sent SIGTERM, as before the time limit; killed. Only a killed run has no time
# to write a checkpoint.
INTERRUPTIONS = {
    1: ["scontrol", "requeue"],
    2: ["scancel"],
    3: ["scancel", "--signal=TERM"],
    4: ["kill", "-KILL"],
}
GRACEFUL = (1, 2, 3)
# What may differ from the local run: times, and the description of the run in the report.
TIMES = ["seconds", "crops_per_second"]
OTHER = ("logs/", "benchmarks/", "report/provenance.json")
OF_THE_RUN = r'<section aria-labelledby="(run|reproduce|cite)">.*?</section>'


def snakemake(*arguments, configs):
    """Run snakemake in the project and return its output; the test fails if snakemake fails."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--configfile", *configs]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout[-10000:]
    return done.stdout


class Interrupter(threading.Thread):
    """Interrupts each training run below INTERRUPTED one second after its first checkpoint.

    `epochs` is {fold: number of epochs finished when its training run was interrupted}.
    """

    def __init__(self):
        super().__init__(daemon=True)
        self.epochs, self.finished = {}, threading.Event()

    def run(self):
        while len(self.epochs) < len(INTERRUPTIONS) and not self.finished.wait(0.1):
            for fold in INTERRUPTIONS.keys() - self.epochs.keys():
                if (REMOTE / INTERRUPTED / f"fold-{fold}/.checkpoint.safetensors").exists():
                    self.interrupt(fold)

    def interrupt(self, fold):
        time.sleep(1)
        self.epochs[fold] = log_of(fold).count("validation UAR")
        (job,) = jobs_of(fold)
        command = INTERRUPTIONS[fold]
        targets = processes_of(job) if command[0] == "kill" else [job]
        subprocess.run([*command, *targets], check=True)
        if command[-1] == "requeue":  # start now, not after Slurm's delay of two minutes
            while output_of("squeue", "--noheader", f"--jobs={job}", "--format=%T") != "PENDING":
                time.sleep(0.1)
            output_of("scontrol", "update", f"JobId={job}", "StartTime=now")


def jobs_of(fold):
    """Return the ids of the Slurm jobs that trained a fold, the oldest first."""
    return jobs_named(f"rule_train_wildcards_MultitaskDCGAN_0_{fold}")


def jobs_named(name):
    """Return the ids of the Slurm jobs with a comment, the oldest first."""
    rows = output_of("squeue", "--noheader", "--states=all", "--format=%i %k").splitlines()
    return sorted((row.split()[0] for row in rows if row.split()[1:] == [name]), key=int)


def processes_of(job):
    """Return the process ids of the job step of a job, excluding its batch script."""
    rows = [row.split() for row in output_of("scontrol", "listpids", job).splitlines()]
    return [row[0] for row in rows if row[2] == "0" and row[0] != "-1"]


def property_of(job, name):
    return re.search(rf"\b{name}=(\S+)", output_of("scontrol", "show", "job", job))[1]


def log_of(fold):
    return (REMOTE / "logs" / INTERRUPTED / f"fold-{fold}.log").read_text()


@pytest.fixture(scope="module")
def cluster():
    try:
        with slurm_cluster.cluster():
            yield
    except slurm_cluster.NoClusterError as error:
        pytest.fail(f"NOT TESTED, no Slurm: {error}", pytrace=False)


@pytest.fixture(scope="module")
def interrupter(cluster):
    """The interrupter of a finished run of the study on Slurm."""
    snakemake("--cores", str(os.cpu_count()), configs=CONFIGS)
    shutil.rmtree(REMOTE, ignore_errors=True)
    root = {"synthetic": {"root": "results/slurm/synthetic"}}
    remote = {"results": "results/slurm", "corpora": root, "training": {"trials_per_job": 1}}
    OVERLAY.write_text(yaml.safe_dump(remote))
    interrupter = Interrupter()
    interrupter.start()
    try:
        snakemake("--profile", "slurm", *NODE, configs=[*CONFIGS, "results/slurm.yaml"])
    finally:
        interrupter.finished.set()
        interrupter.join()
    return interrupter


def comparable(path):
    """Return the content of a file without times and the name of the study."""
    if path.name in ("history.csv", "histories.csv"):
        return pd.read_csv(path).drop(columns=TIMES).to_csv()
    if path.name == "hardware.json":
        return re.sub(r'"seconds": [\d.]+', "", path.read_text())
    if path.name == "index.html":
        text = re.sub(OF_THE_RUN, "", path.read_text(), flags=re.DOTALL)
        return text.replace(" results/slurm.yaml", "").replace("results/slurm", "results/demo")
    return path.read_bytes()


def files_of(results):
    """Return the files of a study that are the same in all runs, relative to its folder."""
    files = (file.relative_to(results) for file in results.rglob("*") if file.is_file())
    return {file for file in files if not str(file).startswith(OTHER)}


def differing_files(results, others):
    """Return the files that differ between two runs of a study or are in one of them only."""
    common = files_of(results) & files_of(others)
    differing = {file for file in common if comparable(results / file) != comparable(others / file)}
    return sorted(differing | files_of(results) ^ files_of(others))


def test_all_results_are_those_of_the_local_run(interrupter):
    assert differing_files(REMOTE, LOCAL) == []


@pytest.mark.parametrize("fold", INTERRUPTIONS)
def test_a_training_resumes_and_loses_at_most_one_epoch(interrupter, fold):
    after = int(re.search(r"resuming after epoch (\d+)", log_of(fold))[1])
    assert after >= interrupter.epochs[fold] - (fold not in GRACEFUL)
    assert not (REMOTE / INTERRUPTED / f"fold-{fold}/.checkpoint.safetensors").exists()


@pytest.mark.parametrize("fold", GRACEFUL)
def test_a_training_with_time_for_a_checkpoint_keeps_its_steps(interrupter, fold):
    after, steps = re.search(
        r"resuming after epoch (\d+)(?: and (\d+) steps)?", log_of(fold)
    ).groups()
    assert steps or int(after) > 1


def test_slurm_requeues_its_job_and_snakemake_resubmits_failed_ones(interrupter):
    (requeued,) = jobs_of(1)
    assert property_of(requeued, "Restarts") == "1"
    for fold in INTERRUPTIONS.keys() - {1}:
        first, second = jobs_of(fold)
        assert property_of(first, "JobState") in ("CANCELLED", "FAILED")
        assert property_of(second, "JobState") == "COMPLETED"
        memory = [int(property_of(job, "MinMemoryNode").rstrip("M")) for job in (first, second)]
        assert memory[0] < memory[1] <= 2 * memory[0], "the size of the stores is added once"
        minutes = [property_of(job, "TimeLimit") for job in (first, second)]
        assert minutes == ["12:00:00", "1-00:00:00"]
    assert property_of(requeued, "TresPerJob") == "gres:gpu:1"


def test_short_jobs_are_not_submitted(interrupter):
    jobs = output_of("squeue", "--noheader", "--states=all", "--format=%k").splitlines()
    trainings = [job for job in jobs if job.startswith("rule_train_")]
    assert len(trainings) == len(list(LOCAL.glob("training/*/*/*/weights.safetensors"))) + 3
    assert len(jobs) - len(trainings) <= 16, jobs


# A study with successive halving: three trials on five folds for an epoch, then the best one.
HALVING = {
    "prepared": "results/slurm-prepared",
    "models": {"names": ["BasicCNN"]},
    "search": {"method": "halving", "trials": 3, "halving": {"first_epochs": 1}},
    "training": {"trials_per_job": 1, "max_epochs": 20, "patience": 20},
}
BEST = "search/BasicCNN/best.json"


def test_successive_halving_has_the_local_results(cluster, tmp_path):
    """A training run of the second rung is cancelled."""
    overlay = tmp_path / "halving.yaml"
    overlay.write_text(yaml.safe_dump(HALVING))
    local, remote = (ROOT / "results" / f"halving-{name}" for name in ("local", "slurm"))
    for results in (local, remote):
        shutil.rmtree(results, ignore_errors=True)

    def search(results, *options):
        name = results.relative_to(ROOT)
        given = [f"{name}/{BEST}", *options, "--config", f"results={name}"]
        snakemake(*given, configs=[*CONFIGS, overlay])

    search(local, "--cores", str(os.cpu_count()))
    finished = threading.Event()

    log = remote / "logs/training/BasicCNN/rung-1/slot-0/fold-2.log"

    def cancel():
        while not (log.exists() and "validation UAR" in log.read_text()):
            if finished.wait(0.1):
                return
        subprocess.run(["scancel", *jobs_named("rule_train_rung_1_wildcards_BasicCNN_0_2")])

    canceller = threading.Thread(target=cancel)
    canceller.start()
    try:
        search(remote, "--profile", "slurm", *NODE)
    finally:
        finished.set()
        canceller.join()
    assert int(re.search(r"resuming after epoch (\d+)", log.read_text())[1]) > 1
    assert differing_files(remote, local) == []

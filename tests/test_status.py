"""The state of a run is read from the files in its results folder."""

import json
import os
import time
from dataclasses import asdict, replace
from types import SimpleNamespace

import pandas as pd
import pytest

from emospeech.__main__ import main
from emospeech.models.catalogue import MODELS
from emospeech.report.formats import duration
from emospeech.report.status import read_status
from emospeech.runtime import heartbeat
from emospeech.runtime.files import read_json, read_table, write_json, write_table
from emospeech.runtime.heartbeat import HEARTBEAT_TIMEOUT, seconds_since_heartbeat, send_heartbeat
from emospeech.runtime.run_plan import PLAN, RunPlan, end_run, planned_job, read_plan, start_run
from emospeech.training import live
from emospeech.training.checkpoint import Progress
from emospeech.training.live import HISTORY, PROGRESS, LiveProgress
from emospeech.training.trainer import Trainer
from tests.conftest import run_python
from tests.settings import with_keys
from tests.test_training import SETTINGS, TRIAL, fold_of

NOW = time.time()
MODEL = "BasicCNN"
LIVE = LiveProgress(
    model=MODEL,
    trial=0,
    fold=1,
    seed=1,
    steps_per_epoch=100,
    patience=5,
    max_epochs=50,
    pretraining=0,
    epoch=8,
    steps=20,
    best_epoch=6,
    best_uar=0.4,
    validation_uar=0.3,
    crops_per_second=120.0,
    epoch_seconds=10.0,
    current_seconds=2.0,
    updated=NOW - 4,
    host="node7",
)


class Run:
    """A made-up results folder whose run started an hour ago."""

    def __init__(self, folder):
        self.folder, self.jobs = folder, []

    def path(self, name, age=None, content=""):
        """Write a file, which was last touched `age` seconds ago."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        if age is not None:
            os.utime(path, (NOW - age, NOW - age))
        return path

    def job(self, name, *outputs, done=None, log=None, age=None, needed=True):
        """Plan a job that ended `done` seconds ago, or has a log that was touched `age` ago."""
        files = [self.folder / output for output in outputs]
        places = self.folder / f"logs/{name}.log", self.folder / f"benchmarks/jobs/{name}.tsv"
        self.jobs.append(planned_job(self.folder, *places, files, needed))
        if log is not None:
            self.path(f"logs/{name}.log", age, log)
        if done is not None:
            self.path(f"logs/{name}.log", done + 1, "epoch 1")
            self.path(f"benchmarks/jobs/{name}.tsv", done)
            for output in outputs:
                self.path(output, done)

    def training(self, fold, live=None, **job):
        """Plan a training job, which has published its progress if `live` is given."""
        folder = f"training/{MODEL}/trial-0/fold-{fold}"
        files = [f"{folder}/{name}" for name in ("weights.safetensors", "hardware.json")]
        self.job(folder, *files, **job)
        if live is not None:
            write_json(self.folder / folder / PROGRESS, asdict(replace(live, fold=fold)))
        return folder

    def start(self, heartbeat=2, **ended):
        plan = RunPlan("snakemake", "login1", NOW - 3600, self.jobs)
        write_json(self.folder / PLAN, asdict(replace(plan, **ended)))
        os.utime(self.folder / PLAN, (NOW - heartbeat, NOW - heartbeat))
        return read_status(self.folder, NOW)


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "results")


def states(status):
    return [training.state for training in status.trainings]


def test_a_running_run_shows_jobs_and_the_progress_of_training_runs(run):
    run.job("corpora/read_ami", "corpora/ami/words.csv", done=900)
    run.training(1, done=600)
    run.training(2, LIVE, log="epoch 8", age=3)
    run.training(3)
    run.job("report/page", "report/index.html")
    status = run.start()
    assert status.state == "running"
    assert status.is_running
    assert states(status) == ["done", "running", "waiting"]
    assert {stage: dict(counts) for stage, counts in status.stages().items()} == {
        "corpora": {"done": 1},
        "training": {"done": 1, "running": 1, "waiting": 1},
        "report": {"waiting": 1},
    }
    assert list(status.stages()) == ["corpora", "training", "report"]
    assert status.models() == {MODEL: {"done": 1, "running": 1, "waiting": 1}}


def test_a_killed_run_and_its_jobs_do_not_respond(run):
    folder = run.training(1, LIVE, log="one\nepoch 8\n", age=720)
    run.training(2)
    status = run.start(heartbeat=721)
    assert status.state == "not_responding"
    assert not status.is_running
    assert states(status) == ["not_responding", "waiting"]
    (killed,) = [job for job in status.jobs if job.state == "not_responding"]
    assert (killed.job, killed.line) == (folder, "epoch 8")
    assert killed.seconds_since_heartbeat == pytest.approx(720)


@pytest.mark.parametrize(
    ("log", "state", "line"),
    [
        (
            "loading\nerror: a.wav: is empty. Remove it.\n",
            "failed",
            "error: a.wav: is empty. Remove it.",
        ),
        ("Traceback (most recent call last):\n  f()\nValueError: no\n", "failed", "ValueError: no"),
        ("epoch 3\nstopped: after epoch 3\n", "stopped", "stopped: after epoch 3"),
        ("12:00:00 a ValueError: was handled\n", "running", None),
        ("", "running", None),
    ],
)
def test_the_log_of_a_job_shows_how_it_ended(run, log, state, line):
    run.training(1, log=log, age=5)
    (job,) = run.start().jobs
    assert job.state == state
    if line:
        assert job.line == line
        assert job.log == str(run.folder / f"logs/training/{MODEL}/trial-0/fold-1.log")


def test_the_training_run_of_a_failed_job_has_failed(run):
    run.training(1, log="error: store.h5: is damaged. Delete it.", age=500)
    assert states(run.start(ended=NOW - 10, succeeded=False)) == ["failed"]


def test_no_job_is_running_after_the_end_of_the_run(run):
    run.training(1, LIVE, log="epoch 8", age=3)
    status = run.start(ended=NOW - 1, succeeded=False)
    assert states(status) == ["not_responding"]
    assert not status.is_running


def test_a_log_of_an_earlier_run_does_not_count(run):
    run.training(1, LIVE, log="error: no space", age=4000)
    status = run.start()
    assert states(status) == ["waiting"]
    assert status.jobs[0].state == "waiting"


def test_a_job_that_is_run_again_is_running_although_its_old_results_exist(run):
    run.job("report/page", "report/index.html", done=900)
    assert run.start().jobs[0].state == "done"
    run.path("logs/report/page.log", 3)
    assert run.start().jobs[0].state == "running"


def test_a_job_without_log_is_done_if_another_study_has_made_its_output(run):
    run.job("corpora/read_ami", "../shared/words.csv", needed=False)
    run.path("../shared/words.csv")
    assert run.start().jobs[0].state == "done"


@pytest.mark.parametrize(
    ("log", "published", "expected"),
    [
        ("epoch 1", {1: 0, 2: 9000}, ["done", "running", "waiting"]),
        ("epoch 1", {}, ["done", "waiting", "waiting"]),
        ("error: no. Stop.", {1: 0, 2: 9000}, ["done", "failed", "waiting"]),
        ("error: no. Stop.", {1: 0}, ["done", "failed", "waiting"]),
        ("error: no. Stop.", {2: 0}, ["done", "waiting", "failed"]),
        ("error: no. Stop.", {}, ["done", "failed", "waiting"]),
        ("stopped: after epoch 8", {1: 0}, ["done", "stopped", "waiting"]),
    ],
)
def test_at_most_one_training_run_of_a_job_has_the_state_of_the_job(run, log, published, expected):
    """`published` are the ages of the progress that training runs published."""
    folders = [f"training/{MODEL}/trial-{trial}/fold-1" for trial in range(3)]
    files = [
        f"{folder}/{name}"
        for name in ("weights.safetensors", "hardware.json")
        for folder in folders
    ]
    run.job(f"training/{MODEL}/trials-0-to-2/fold-1", *files, log=log, age=1)
    run.path(f"{folders[0]}/hardware.json")
    for trial, age in published.items():
        write_json(run.folder / folders[trial] / PROGRESS, asdict(replace(LIVE, updated=NOW - age)))
    assert states(run.start()) == expected


@pytest.mark.parametrize(("needed", "state"), [(True, "waiting"), (False, "done")])
def test_an_outdated_job_is_waiting_although_its_old_results_exist(run, needed, state):
    run.job("report/page", "report/index.html", done=4000, needed=needed)
    run.training(1, done=4000, needed=needed)
    status = run.start()
    assert status.jobs[0].state == state
    assert states(status) == [state]


@pytest.mark.parametrize(("succeeded", "state"), [(True, "finished"), (False, "failed")])
def test_the_plan_records_how_a_run_ended(run, succeeded, state):
    run.training(1, done=50)
    status = run.start(heartbeat=40, ended=NOW - 40, succeeded=succeeded)
    assert status.state == state
    assert not status.is_running


def test_results_without_a_plan_show_their_jobs_and_training_runs(run):
    run.training(1, done=50)
    run.training(2, LIVE, log="epoch 8", age=3)
    run.training(3, replace(LIVE, updated=NOW - 720))
    run.job("folds", "folds.csv", log="error: folds.file: is empty. Fill it.", age=5)
    status = read_status(run.folder, NOW)
    assert status.state == "unknown"
    assert states(status) == ["done", "running", "not_responding"]
    assert [job.job for job in status.jobs if job.state == "failed"] == ["folds"]


def test_the_json_object_has_all_counts_and_bounds_of_the_time_left(run, capsys, monkeypatch):
    monkeypatch.setattr("emospeech.report.status.time", SimpleNamespace(time=lambda: NOW))
    run.training(1, done=50)
    run.training(2, LIVE, log="epoch 8", age=3)
    run.training(3, log="error: no. Stop.", age=30)
    run.start()
    assert main(["status", str(run.folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    counts = {
        "done": 1,
        "running": 1,
        "stopped": 0,
        "failed": 1,
        "not_responding": 0,
        "waiting": 0,
        "total": 3,
    }
    assert found["trainings"] == found["models"][MODEL] == found["stages"]["training"] == counts
    assert found["run"]["state"] == "running"
    assert found["run"]["host"] == "login1"
    running, failed = found["unfinished_trainings"]
    assert running["progress"] == asdict(replace(LIVE, fold=2))
    # The best epoch was 6 and the patience is 5, so the earliest end is epoch 11.
    assert running["seconds_left_min"] == 3 * 10 - 2
    assert running["seconds_left_max"] == 42 * 10 - 2
    assert failed["state"] == "failed"
    assert [job["line"] for job in found["unfinished_jobs"]] == ["epoch 8", "error: no. Stop."]


@pytest.mark.parametrize("option", [[], ["--watch"]])
def test_the_tables_name_running_and_failed_training_runs(run, option, capsys, monkeypatch):
    # Nothing is running, so --watch ends.
    monkeypatch.setattr("emospeech.report.status.HEARTBEAT_TIMEOUT", 0)
    run.training(2, LIVE, log="epoch 8", age=3)
    run.training(3, log="error: store.h5: is damaged. Delete it.", age=30)
    run.start()
    assert main(["status", str(run.folder), *option]) == 0
    text = capsys.readouterr().out
    assert "error: store.h5: is damaged. Delete it." in text
    assert f"logs/training/{MODEL}/trial-0/fold-3.log" in text.replace("\n", "")
    assert "node7" in text


@pytest.mark.parametrize("kind", ["missing", "file", "no results", "damaged plan", "empty plan"])
def test_a_folder_without_a_run_is_an_error_in_one_line(tmp_path, kind, capsys):
    path = tmp_path / "results"
    if kind == "file":
        path.write_text("")
    elif kind == "no results":
        path.mkdir()
    elif kind.endswith("plan"):
        (path / "logs").mkdir(parents=True)
        (path / PLAN).write_text("[]" if kind == "damaged plan" else "")
    assert main(["status", str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {path}")


def test_an_empty_run_has_no_jobs(run, capsys):
    (run.folder / "logs").mkdir(parents=True)
    assert main(["status", str(run.folder)]) == 0
    assert read_status(run.folder).jobs == []
    assert run.start().jobs == []


@pytest.mark.parametrize(
    ("changes", "epochs"),
    [
        ({"epoch": 0, "best_epoch": 0}, (6, 50)),  # the first epoch is always the best so far
        ({"epoch": 8, "best_epoch": 8}, (5, 42)),
        ({"epoch": 48, "best_epoch": 47}, (2, 2)),
        ({"epoch": 3, "best_epoch": 0, "pretraining": 10}, (13, 47)),
        ({"epoch": 12, "best_epoch": 11, "pretraining": 10}, (4, 38)),
        ({"epoch": 50, "best_epoch": 47}, (0, 0)),
    ],
)
def test_the_time_left_is_between_early_stopping_and_the_maximum(changes, epochs):
    progress = replace(LIVE, **changes, steps=0, current_seconds=0.0)
    assert progress.seconds_left() == tuple(10 * n for n in epochs)


def test_the_first_epoch_is_extrapolated_from_its_steps():
    progress = replace(LIVE, epoch=0, best_epoch=0, epoch_seconds=None)
    assert progress.seconds_left() == pytest.approx((6 * 10 - 2, 50 * 10 - 2))
    assert replace(progress, steps=0, current_seconds=0.0).seconds_left() is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4, "4 s"), (61, "1 min 1 s"), (750, "12 min"), (7500, "2 h 5 min"), (200000, "2 d 7 h")],
)
def test_durations_have_two_units(seconds, text):
    assert duration(seconds) == text


def test_a_plan_is_restored_and_records_the_end(tmp_path):
    paths = [tmp_path / name for name in ("logs/training/a.log", "b.tsv", "a/weights.safetensors")]
    job = planned_job(tmp_path, paths[0], paths[1], paths[2:])
    assert (job.name, job.trainings) == ("training/a", ["a"])
    start_run(tmp_path, "snakemake", [job])
    plan = read_plan(tmp_path)
    assert plan is not None
    assert plan.jobs == [job]
    end_run(tmp_path, succeeded=True)
    ended = read_plan(tmp_path)
    assert ended == replace(plan, ended=ended.ended, succeeded=True)


def test_a_heartbeat_touches_a_file_until_its_process_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.01)
    path = tmp_path / "log"
    path.touch()
    os.utime(path, (0, 0))
    send_heartbeat(path)
    while seconds_since_heartbeat(path) > HEARTBEAT_TIMEOUT:
        time.sleep(0.01)
    assert seconds_since_heartbeat(tmp_path / "missing") == float("inf")


@pytest.mark.parametrize("name", MODELS)
def test_a_training_run_publishes_its_history_and_removes_it_at_the_end(
    corpus, tmp_path, name, monkeypatch
):
    monkeypatch.setattr(live, "MAX_WRITING_SHARE", 1.0)
    monkeypatch.setattr(live, "INTERVAL", 0.0)
    settings = with_keys(SETTINGS, max_epochs=3, patience=3)
    fold, seen = fold_of(corpus, settings=settings), []

    def look():
        files = [tmp_path / PROGRESS, tmp_path / HISTORY]
        progress = read_json(files[0])
        rows = read_table(files[1]) if files[1].exists() else None
        seen.append((progress["epoch"], progress["steps"], rows))
        assert progress["steps"] <= progress["steps_per_epoch"]
        return False

    pool = fold.open_unlabelled([corpus / "store.h5"])
    trainer = Trainer(name, fold, pool, TRIAL, settings)
    outcome = trainer.train(tmp_path / ".checkpoint", "code", look)
    assert sorted(os.listdir(tmp_path)) == [".checkpoint"]
    steps = trainer.sampler.steps
    assert [place[:2] for place in seen] == [(e, s) for e in range(3) for s in range(1, steps + 1)]
    write_table(tmp_path / "history.csv", outcome.history.iloc[:2])
    assert seen[-1][2].equals(read_table(tmp_path / "history.csv"))


def test_epochs_with_and_without_labels_have_different_columns(tmp_path):
    common = {"validation_uar": float("nan"), "seconds": 1.0, "crops_per_second": 2.0}
    history = [{"epoch": 1, "apc": 0.1, **common}, {"epoch": 2, "apc_ami": 1 / 3, **common}]
    live.LiveFiles(tmp_path, LIVE, 8).update(Progress(history))
    write_table(tmp_path / "history.csv", pd.DataFrame(history))
    assert (tmp_path / HISTORY).read_bytes() == (tmp_path / "history.csv").read_bytes()
    assert read_json(tmp_path / PROGRESS)["best_uar"] is None


def test_published_files_cost_little_and_are_not_necessary(corpus, tmp_path):
    fold = fold_of(corpus, settings=SETTINGS)
    trainer = Trainer(MODEL, fold, [], TRIAL, SETTINGS)
    files = trainer._live_files(tmp_path / ".checkpoint")
    files.update(trainer.progress)
    files.writing, files.began = 0.004, time.monotonic() - 1
    (tmp_path / PROGRESS).unlink()
    files.update(trainer.progress)
    assert not (tmp_path / PROGRESS).exists(), "writing has taken 0.4 % of the time"
    files.folder = tmp_path / "file"
    files.folder.write_text("")
    files.writing = 0.0
    files.update(trainer.progress)  # no error


def test_the_command_does_not_import_large_packages(tmp_path):
    (tmp_path / "logs").mkdir()
    script = "import sys; from emospeech.__main__ import main; main(['status', sys.argv[1]])\n"
    script += "print({'torch', 'pandas', 'numpy', 'snakemake'} & sys.modules.keys())"
    done = run_python(script, str(tmp_path))
    assert done.stdout.splitlines()[-1] == "set()", done.stderr

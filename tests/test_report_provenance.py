"""Provenance: run times by stage and the machine."""

import json
import os

import numpy as np
import pytest
import torch

from emospeech.report import provenance
from emospeech.training.device import describe_device


def write(folder, name, seconds, memory, end=0.0):
    """Write the benchmark file of a job that ended at `end`; half of its run time is CPU time."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    cpu = "-" if memory == "-" else seconds / 2
    file.write_text(f"s\th:m:s\tmax_rss\tcpu_time\n{seconds}\t0:00:00\t{memory}\t{cpu}\n")
    os.utime(file, (end, end))


def test_durations_are_summed_by_stage(tmp_path):
    write(tmp_path, "training/BasicCNN/trial-0/fold-1.tsv", 1800, 900.4)
    write(tmp_path, "training/BasicCNN/trial-0/fold-2.tsv", 5400, 1200.2)
    write(tmp_path, "report/page.tsv", 0.5, "-")  # too short for a measurement
    write(tmp_path, "folds.tsv", 2, 70)  # a stage with a single job
    table = provenance.stage_durations(provenance.benchmarks(tmp_path)).set_index("stage")
    assert table["jobs"].to_dict() == {"folds": 1, "report": 1, "training": 2}
    assert table.loc["training", "minutes"] == pytest.approx(120)
    assert table.loc["training", "longest_minutes"] == pytest.approx(90)
    assert table["memory_mb"].to_dict() == {"folds": 70, "report": 0, "training": 1200}
    assert table["cpu_hours"].to_dict() == pytest.approx(
        {"folds": 1 / 3600, "report": 0, "training": 1}
    )
    json.dumps(table.to_dict("records"))


def test_durations_without_benchmarks_are_empty(tmp_path):
    jobs = provenance.benchmarks(tmp_path)
    assert provenance.stage_durations(jobs).empty
    assert set(provenance.period(jobs).values()) == {None}


def test_elapsed_time_is_that_during_which_a_job_ran(tmp_path):
    """Compared with counting the seconds in which any job of the stage runs."""
    rng = np.random.default_rng(0)
    for number in range(30):
        seconds, end = rng.integers(1, 60), rng.integers(1000, 1600)
        write(tmp_path, f"training/{number}.tsv", seconds, 10, end)
    jobs = provenance.benchmarks(tmp_path)
    running = set()
    for seconds, end in zip(jobs["seconds"], jobs["end"], strict=True):
        running |= set(range(int(end - seconds), int(end)))
    (row,) = provenance.stage_durations(jobs).to_dict("records")
    assert row["elapsed_minutes"] == pytest.approx(len(running) / 60)
    assert row["elapsed_minutes"] < row["minutes"]


def test_the_period_of_a_study_is_in_utc(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    write(tmp_path, "folds.tsv", 120, 70, end=1_767_323_040)
    write(tmp_path, "report/page.tsv", 60, 70, end=1_767_326_640)
    period = provenance.period(provenance.benchmarks(tmp_path))
    assert period == {"started": "2026-01-02 03:02", "finished": "2026-01-02 04:04"}


def test_training_hardware_is_counted_by_device(tmp_path):
    cpu = {"device": "cpu", "gpu": None, "processor": "a", "threads": 4, "seconds": 1800.0}
    gpu = cpu | {"device": "cuda", "gpu": "a GPU"}
    files = []
    for number, run in enumerate([cpu, gpu, gpu, cpu | {"threads": 2}]):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(run))
    rows = provenance.training_hardware(files).to_dict("records")
    by_gpu = {(row["gpu"], row["threads"]): row for row in rows}
    assert by_gpu["a GPU", 4]["trainings"] == 2
    assert by_gpu["a GPU", 4]["hours"] == pytest.approx(1)
    assert {key: row["trainings"] for key, row in by_gpu.items() if key[0] is None} == {
        (None, 2): 1,
        (None, 4): 1,
    }
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_the_device_of_a_training_run_is_described():
    found = describe_device(torch.device("cpu"))
    assert (found["device"], found["gpu"]) == ("cpu", None)
    assert found["processor"] == provenance.hardware()["processor"]
    assert found["threads"] == torch.get_num_threads()


def test_hardware_describes_the_machine():
    found = provenance.hardware()
    assert found["processor"]
    assert found["cores"] >= 1
    assert found["memory_gb"] > 0
    json.dumps(found)

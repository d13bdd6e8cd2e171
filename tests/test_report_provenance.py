"""Provenance: run times by stage and the machine."""

import json

import pytest

from emospeech.report import provenance


def write(folder, name, seconds, memory):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:00\t{memory}\n")


def test_durations_are_summed_by_stage(tmp_path):
    write(tmp_path, "training/BasicCNN/trial-0/fold-1.tsv", 1800, 900.4)
    write(tmp_path, "training/BasicCNN/trial-0/fold-2.tsv", 5400, 1200.2)
    write(tmp_path, "report/page.tsv", 0.5, "-")  # too short for a measurement
    write(tmp_path, "folds.tsv", 2, 70)  # a stage with a single job
    table = provenance.stage_durations(tmp_path).set_index("stage")
    assert table["jobs"].to_dict() == {"folds": 1, "report": 1, "training": 2}
    assert table.loc["training", "minutes"] == pytest.approx(120)
    assert table.loc["training", "longest_minutes"] == pytest.approx(90)
    assert table["memory_mb"].to_dict() == {"folds": 70, "report": 0, "training": 1200}
    json.dumps(table.to_dict("records"))


def test_durations_without_benchmarks_are_empty(tmp_path):
    assert provenance.stage_durations(tmp_path).empty


def test_hardware_describes_the_machine():
    found = provenance.hardware()
    assert found["processor"]
    assert found["cores"] >= 1
    assert found["memory_gb"] > 0
    json.dumps(found)

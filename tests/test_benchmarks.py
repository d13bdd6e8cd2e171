"""The usual ways that the benchmarks measure against give the same values as ours."""

import pstats
import subprocess
import sys

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import crops, dag, extraction, share, startup, training, usual
from benchmarks.corpora import Audio, made_up
from benchmarks.rows import COLUMNS, Row, seconds_in_turn, table_of, usage_of
from emospeech.spectrograms.transform import spectrogram
from tests.conftest import SETTINGS, write_tables
from tests.settings import settings_of


def test_librosa_file_by_file_gives_our_spectrograms(tmp_path):
    recordings, _ = write_tables(tmp_path, [0.7, 1.3], [])
    files = [tmp_path / name for name in recordings["path"]]
    usual.extract(files, tmp_path / "usual.h5", SETTINGS)
    with h5py.File(tmp_path / "usual.h5", locking=False) as store:
        for number, file in enumerate(files):
            np.testing.assert_allclose(store[str(number)], spectrogram(file, SETTINGS), atol=3e-4)


def test_the_usual_crops_are_crops_of_the_same_shape_around_a_word(tmp_path):
    frames = np.arange(100, dtype=np.float32)[:, None] * np.ones(128, np.float32)
    with h5py.File(tmp_path / "usual.h5", "w", locking=False) as file:
        file["0"] = frames
    for first, word in ((-5, 3), (40, 48), (88, 96)):
        time = word / SETTINGS.frame_rate
        dataset = usual.Crops(tmp_path / "usual.h5", [[(time, time)]], SETTINGS.frame_rate, 16)
        crop = dataset[0]
        assert crop.shape == (1, 16, 128)
        columns = np.arange(first, first + 16)
        expected = np.where((columns >= 0) & (columns < 100), columns, -1)
        assert crop[0, :, 0].tolist() == expected.tolist()


def test_the_made_up_utterances_are_the_same_both_ways(tmp_path):
    found = made_up(tmp_path, hours=0.01)
    store = found.store()
    assert np.diff(store.offsets).tolist() == found.lengths.tolist()
    assert found.words.shape == (len(found.lengths), 10, 2)
    centre = found.usual_crops(16)[0][0, 8].numpy()
    assert np.abs(store.spectrogram(0) - centre).max(axis=1).min() <= 2**-12


def test_the_table_has_the_promised_columns_and_ratios():
    table = table_of([Row("a", 3.0, 2.0, "seconds", "what"), Row("b", 1, 4, "MB", "else")])
    assert list(table) == COLUMNS
    assert table["ratio"].tolist() == [1.5, 0.25]


def test_what_a_process_used_is_its_own():
    held = np.ones(50_000_000)  # 400 MB, which a process that begins now would count as its own
    used = usage_of([sys.executable, "-c", "x = b'x' * 60_000_000"])
    assert held.nbytes / 1024**2 > 300 > used.megabytes > 60
    assert 0 < used.seconds < 10
    with pytest.raises(subprocess.CalledProcessError):
        usage_of([sys.executable, "-c", "raise SystemExit(3)"])


def test_ways_are_called_in_turn():
    calls = []
    seconds = seconds_in_turn(lambda: calls.append("a"), lambda: calls.append("b"), rounds=2)
    assert "".join(calls) == "ab" * 3
    assert min(seconds) >= 0


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return made_up(tmp_path_factory.mktemp("made-up"), hours=0.2)


def test_the_rows_on_crops_and_extraction_have_their_names(tmp_path, monkeypatch, utterances):
    monkeypatch.setattr(crops, "BATCH", 8)
    names = [row.row for row in crops.rows(utterances)]
    assert names == ["crops-vs-dataloader", "crops-vs-copy"]
    recordings, words = write_tables(tmp_path, [0.7, 1.3], [(0, 0.1, 0.2)])
    recordings["duration"] = [0.7, 1.3]
    rows = extraction.rows([Audio(recordings, words, tmp_path)], tmp_path)
    assert pd.Series([row.row for row in rows]).is_unique
    assert all(row.ratio > 0 for row in rows)


@pytest.mark.parametrize("name", ["BasicCNN", "MultitaskDCGAN"])
def test_the_tutorial_trains_what_we_train(utterances, name):
    """The same operations but for what it repeats, and weights that move."""
    trial = training.DEMO | {"crop_width": 16, "batch_size": 4}
    case = training.Case(name, trial, 2, utterances, settings_of())
    before = case.tutorial.network.heads["valence"].weight.clone()
    sums = case.tutorial.epoch(*case.datasets)
    assert set(sums) == set(case.engine.optimisers)
    assert all(np.isfinite(value) and value > 0 for value in sums.values())
    assert not torch.equal(before, case.tutorial.network.heads["valence"].weight)
    weights = case.engine.network.heads["valence"].weight.clone()
    assert case.operations() > 0
    case.bare()
    assert torch.equal(weights, case.engine.network.heads["valence"].weight), "bare updates nothing"
    case.ours()
    assert not torch.equal(weights, case.engine.network.heads["valence"].weight)


def test_the_row_on_the_start_of_a_job_stands_at_its_first_step(tmp_path):
    (row,) = startup.rows(tmp_path, rounds=1)
    assert row.row == "start-up-vs-imports"
    assert 1 < row.ratio < 3
    assert "train: 480 recordings" in (tmp_path / "job.log").read_text(), "the demo's size"
    assert not (tmp_path / "weights").exists(), "nothing was trained"


@pytest.mark.workflow
def test_the_work_of_planning_grows_in_proportion_to_the_trainings(tmp_path):
    """Counted in calls of functions, since times on a busy machine say little."""
    project, calls = dag.copied_project(tmp_path / "project"), []
    for trials in (1, 3, 5):
        counted = tmp_path / "calls"
        dag.dry_run(project, trials, "-m", "cProfile", "-o", str(counted))
        calls.append(pstats.Stats(str(counted)).total_calls)
    assert calls[2] - calls[1] < 1.1 * (calls[1] - calls[0])


def test_the_share_of_work_is_what_the_starts_of_jobs_leave(tmp_path, monkeypatch):
    starts = {"train.py": 1.5, "synthesize_ami.py": 1.0, "assign_folds.py": 0.4}
    starts["evaluate_model.py"] = 2.0
    monkeypatch.setattr(share, "seconds_to_start", starts.__getitem__)
    seconds = {
        "training/BasicCNN/trial-0/fold-1": 4.5,
        "training/BasicCNN/trials-1-to-3/fold-1": 9.5,
        "corpora/synthesize_ami": 3.0,
        "folds": "-",  # was over before its time was looked at
        "evaluation/BasicCNN/predictions": 2.6,
    }
    for place, used in seconds.items():
        file = tmp_path / f"{place}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\tcpu_time\n5\t{used}\n")
    table = share.shares(tmp_path).set_index("stage")
    assert table["jobs"].to_dict() == {
        "corpora": 1,
        "evaluation": 1,
        "folds": 1,
        "training": 2,
        "all": 5,
    }
    assert table.loc["training", ["seconds", "starts"]].tolist() == [14, 3]
    assert table.loc["all", "seconds"] == 20
    assert table["work"].round(6).to_dict() == {
        "corpora": 0,
        "evaluation": 0.03,
        "folds": 0,
        "training": 0.55,
        "all": 0.58,
    }


def test_the_start_of_a_script_is_measured_and_each_script_has_a_place():
    assert 0 < share.seconds_to_start("assign_folds.py") < share.seconds_to_start("train.py")
    written = {script for _, script in share.scripts()}
    assert written == {file.name for file in (share.ROOT / "workflow/scripts").glob("*.py")}

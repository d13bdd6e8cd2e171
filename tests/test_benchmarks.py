"""The benchmarks: the references compute the same values, and the rows are measured correctly."""

import pstats
import subprocess
import sys

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import (
    crops,
    dag,
    error_rates,
    extraction,
    overhead,
    reference,
    references,
    startup,
    training,
)
from benchmarks.corpora import Audio
from benchmarks.measurement import COLUMNS, Measurement, min_seconds, run_measured, to_table
from benchmarks.noise import write_noise
from emospeech.spectrograms.transform import spectrogram
from tests.conftest import SETTINGS, write_tables
from tests.settings import settings_of


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    return write_noise(tmp_path_factory.mktemp("noise"), hours=0.2)


def test_librosa_reference_computes_the_same_spectrograms(tmp_path):
    recordings, _ = write_tables(tmp_path, [0.7, 1.3], [])
    files = [tmp_path / name for name in recordings["path"]]
    reference.extract(files, tmp_path / "reference.h5", SETTINGS)
    with h5py.File(tmp_path / "reference.h5", locking=False) as store:
        for index, file in enumerate(files):
            np.testing.assert_allclose(store[str(index)], spectrogram(file, SETTINGS), atol=3e-4)


@pytest.mark.parametrize(("first", "word"), [(-5, 3), (40, 48), (88, 96)])
def test_reference_crops_are_centred_on_a_word_and_padded(tmp_path, first, word):
    with h5py.File(tmp_path / "reference.h5", "w", locking=False) as file:
        file["0"] = np.arange(100, dtype=np.float32)[:, None] * np.ones(128, np.float32)
    time = word / SETTINGS.frame_rate
    path = tmp_path / "reference.h5"
    crop = reference.CropDataset(path, [[(time, time)]], SETTINGS.frame_rate, 16)[0]
    assert crop.shape == (1, 16, 128)
    columns = np.arange(first, first + 16)
    expected = np.where((columns >= 0) & (columns < 100), columns, -1)
    assert crop[0, :, 0].tolist() == expected.tolist()


def test_noise_is_the_same_in_the_store_and_in_the_reference_file(noise):
    store = noise.store
    assert np.diff(store.offsets).tolist() == noise.lengths.tolist()
    assert noise.words.shape == (len(noise.lengths), 10, 2)
    centre = noise.reference_crops(16)[0][0, 8].numpy()
    assert np.abs(store.spectrogram(0) - centre).max(axis=1).min() <= 2**-12


def test_table_contains_the_ratio_of_project_and_reference():
    rows = [Measurement("a", 3.0, 2.0, "seconds", "x"), Measurement("b", 1, 4, "MB", "y")]
    table = to_table(rows)
    assert list(table) == COLUMNS
    assert table["ratio"].tolist() == [1.5, 0.25]


def test_usage_of_a_process_excludes_its_parent():
    parent = np.ones(50_000_000)  # 400 MB, which a direct child would inherit as its peak
    used = run_measured([sys.executable, "-c", "x = b'x' * 60_000_000"])
    assert parent.nbytes / 1024**2 > 300 > used.megabytes > 60
    assert 0 < used.seconds < 10
    with pytest.raises(subprocess.CalledProcessError):
        run_measured([sys.executable, "-c", "raise SystemExit(3)"])


def test_functions_are_timed_alternately():
    calls = []
    seconds = min_seconds(lambda: calls.append("a"), lambda: calls.append("b"), rounds=2)
    assert "".join(calls) == "ab" * 3
    assert min(seconds) >= 0


def test_crops_and_extraction_are_measured(tmp_path, monkeypatch, noise):
    monkeypatch.setattr(crops, "BATCH", 8)
    assert [m.row for m in crops.measure(noise)] == ["crops-vs-dataloader", "crops-vs-copy"]
    recordings, words = write_tables(tmp_path, [0.7, 1.3], [(0, 0.1, 0.2)])
    recordings["duration"] = [0.7, 1.3]
    measured = extraction.measure([Audio(recordings, words, tmp_path)], tmp_path)
    assert pd.Series([m.row for m in measured]).is_unique
    assert all(m.ratio > 0 for m in measured)


@pytest.mark.parametrize("name", ["BasicCNN", "MultitaskDCGAN"])
def test_tutorial_and_project_train_the_same_parts(noise, name):
    trial = training.DEMO | {"crop_width": 16, "batch_size": 4}
    case = training.Case(name, trial, 2, noise, settings_of())
    before = case.tutorial.network.heads["valence"].weight.clone()
    sums = case.tutorial.epoch(*case.datasets)
    assert set(sums) == set(case.engine.optimisers)
    assert all(np.isfinite(value) and value > 0 for value in sums.values())
    assert not torch.equal(before, case.tutorial.network.heads["valence"].weight)
    weights = case.engine.network.heads["valence"].weight.clone()
    assert case.operations() > 0
    case.passes_only()
    assert torch.equal(weights, case.engine.network.heads["valence"].weight), "no updates"
    case.train()
    assert not torch.equal(weights, case.engine.network.heads["valence"].weight)


def test_start_of_a_training_job_is_measured_until_its_first_step(tmp_path):
    (measured,) = startup.measure(tmp_path, rounds=1)
    assert measured.row == "start-up-vs-imports"
    assert 1 < measured.ratio < 3
    assert "train: 480 recordings" in (tmp_path / "job.log").read_text(), "the demo's size"
    assert not (tmp_path / "weights").exists(), "nothing was trained"


@pytest.mark.workflow
def test_planning_grows_in_proportion_to_the_trainings(tmp_path):
    """Counts function calls, since times on a busy machine vary."""
    project, calls = dag.copy_project(tmp_path / "project"), []
    for trials in (1, 3, 5):
        profile = tmp_path / "profile"
        dag.dry_run(project, trials, "-m", "cProfile", "-o", str(profile))
        calls.append(pstats.Stats(str(profile)).total_calls)
    assert calls[2] - calls[1] < 1.1 * (calls[1] - calls[0])


def test_work_is_the_cpu_time_without_job_starts(tmp_path, monkeypatch):
    starts = {"train.py": 1.5, "synthesize_ami.py": 1.0, "assign_folds.py": 0.4}
    starts["evaluate_model.py"] = 2.0
    monkeypatch.setattr(overhead, "seconds_to_start", starts.__getitem__)
    seconds = {
        "training/BasicCNN/trial-0/fold-1": 4.5,
        "training/BasicCNN/trials-1-to-3/fold-1": 9.5,
        "corpora/synthesize_ami": 3.0,
        "folds": "-",  # too short to be measured
        "evaluation/BasicCNN/predictions": 2.6,
    }
    for job, used in seconds.items():
        file = tmp_path / f"{job}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\tcpu_time\n5\t{used}\n")
    table = overhead.cpu_shares(tmp_path).set_index("stage")
    jobs = {"corpora": 1, "evaluation": 1, "folds": 1, "training": 2, "total": 5}
    assert table["jobs"].to_dict() == jobs
    assert table.loc["training", ["seconds", "starts"]].tolist() == [14, 3]
    assert table.loc["total", "seconds"] == 20
    work = {"corpora": 0, "evaluation": 0.03, "folds": 0, "training": 0.55, "total": 0.58}
    assert table["work"].round(6).to_dict() == work


def test_every_script_belongs_to_a_rule_and_its_start_is_measured():
    written = {script for _, script in overhead.scripts()}
    assert written == {file.name for file in (overhead.ROOT / "workflow/scripts").glob("*.py")}
    start = overhead.seconds_to_start
    assert 0 < start("assign_folds.py") < start("train.py")


def test_error_rates_are_computed_for_all_schemes(monkeypatch):
    for name, value in {"STUDIES": 4, "PERMUTATIONS": 9, "RESAMPLES": 20}.items():
        monkeypatch.setattr(error_rates, name, value)
    table = error_rates.permutation_table()
    assert table.shape == (len(error_rates.SIZES) * len(error_rates.SCHEMES), 6)
    assert error_rates.coverage_table()["known"].between(1, 100).all()
    sizes, rng = np.array([2, 3, 1, 4]), np.random.default_rng(0)
    unit = np.repeat(np.arange(4), sizes)
    for name, scheme in error_rates.SCHEMES.items():
        picked = scheme(sizes, 50, rng)
        if name != "dialogues, aligned":
            assert (np.sort(picked, axis=1) == np.arange(10)).all()
        assert (unit[picked] == unit).all() == (name == "within dialogues")


def test_the_uar_of_raters_depends_on_their_number(monkeypatch):
    for name, value in {"RECORDINGS": 4000, "SUBGROUPS": 2, "PERMUTATIONS": 5}.items():
        monkeypatch.setattr(references, name, value)
    table = references.rater_table().set_index("raters")
    difference = table["uar_reported"] - table["uar_all_ratings"]
    assert (np.sign(difference) == [-1, 1, -1]).all()
    assert (table["rho_reported"] < table["rho_all_ratings"]).all()
    votes = references.vote_table().set_index("raters")
    errors = votes.sub(votes["all_votes"], axis=0).abs().loc[[4, 9]]
    assert (errors["left_out"] < errors["in_parts"]).all(), "the reported accuracy is closest"
    assert (errors["left_out"] < errors["correct"]).all()
    assert references.chance_table()["recordings"].tolist() == list(references.SIZES)


# Runs the benchmark without packages that a machine with a GPU may lack.
RUN_WITHOUT_PACKAGES = """
import runpy, sys
for name in ("librosa", "pooch", "snakemake", "soundfile", "soxr"):
    sys.modules[name] = None
sys.argv[1:] = ["--small", "--output", sys.argv[1]]
runpy.run_module("benchmarks.gpu", run_name="__main__")
"""


@pytest.mark.workflow
@pytest.mark.timeout(600)
def test_the_benchmark_of_a_gpu_runs_in_its_small_form(tmp_path):
    root = overhead.ROOT
    subprocess.run(
        [sys.executable, "-c", RUN_WITHOUT_PACKAGES, str(tmp_path)], cwd=root, check=True
    )
    table = pd.read_csv(tmp_path / "gpu.csv").set_index("row")
    assert list(table) == COLUMNS[1:]
    equal = table[table["unit"] == "equal"]
    assert len(equal) == 13
    assert (equal["project"] == 1).all()
    assert (table["ratio"] > 0).all()
    assert {"data-wait", "flops-vs-matmul", "study-graph-side-by-side"} <= set(table.index)
    assert (tmp_path / "gpu.md").read_text().count("\n") == len(table) + 2

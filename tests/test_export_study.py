"""Exported training runs, read back with TensorBoard and MLflow, equal their files."""

import io
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import torch

from emospeech.__main__ import main
from emospeech.report.export.exported_runs import FINISHED, KILLED, RUNNING, exported_runs
from emospeech.runtime.files import write_arrays, write_json, write_table
from emospeech.training.weights import save_weights
from tests.run_environment import run_environment
from tests.test_status import LIVE

tbparse = pytest.importorskip("tbparse", reason="envs/requirements-dev.txt is not installed")
mlflow = pytest.importorskip("mlflow", reason="envs/requirements-mlflow.txt is not installed")
accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator",
    reason="envs/requirements-tensorboard.txt is not installed",
)

ROOT = Path(__file__).parents[1]
DCGAN = "training/BasicDCGAN/trial-3/fold-1"
VARIANT = "variants/hard/training/BasicAPC/seed-2/fold-2"
UNFINISHED = "training/BasicCNN/trial-0/fold-2"
EPOCHS = 4


def history_of(seed, *columns):
    """Return random learning curves; the columns of other models, and two cells, are empty."""
    rng = np.random.default_rng(seed)
    every = ["generator", "discriminator", "valence", "activation", "apc_ami", "validation_uar"]
    table = pd.DataFrame({"epoch": range(1, EPOCHS + 1)})
    for name in every:
        table[name] = rng.standard_normal(EPOCHS) if name in columns else np.nan
    table.loc[1, "validation_uar"] = np.nan  # as in pretraining
    return table.assign(seconds=rng.uniform(1, 2, EPOCHS), crops_per_second=rng.uniform(9, 99, 4))


def write_training(folder, model, trial, history, samples):
    """Write the files of a finished training run."""
    write_table(folder / "history.csv", history)
    parameters = {"learning_rate": 1e-4, "filters": 64}
    validation = {"trial": trial, "fold": int(folder.name[-1]), "epoch": 3, "uar": 0.4375}
    config = {"seed": 7, "training": {"patience": 5, "unlabelled": ["ami", "mine"]}}
    description = {"model": model, "trial": parameters, "validation": validation, "config": config}
    save_weights(folder / "weights.safetensors", {"weight": torch.zeros(1)}, description)
    epochs = np.arange(1, len(samples) + 1)
    write_arrays(folder / "generated.npz", {"epochs": epochs, "samples": samples})


@pytest.fixture
def study(tmp_path):
    """An unfinished study: two finished training runs, one running, and metrics of a model."""
    results = tmp_path / "results"
    samples = np.random.default_rng(0).integers(0, 256, (2, 8, 16, 32), np.uint8)
    curves = "generator", "discriminator", "valence", "validation_uar"
    write_training(results / DCGAN, "BasicDCGAN", 3, history_of(1, *curves), samples)
    history = history_of(2, "apc_ami", "valence", "activation", "validation_uar")
    write_training(results / VARIANT, "BasicAPC", 0, history, np.zeros((0, 8, 0, 0), np.uint8))
    write_table(results / UNFINISHED / ".history.csv", history_of(3, "valence").head(2))
    live = asdict(LIVE) | {"fold": 2, "updated": time.time()}
    write_json(results / UNFINISHED / ".progress.json", live)
    metrics = pd.DataFrame(
        {
            "model": ["BasicDCGAN", "BasicDCGAN", "baseline"],
            "task": "valence",
            "scope": ["fold-1", "pooled", "pooled"],
            "uar5": [0.3125, 0.5, 0.25],
            "p": [np.nan, 0.03125, np.nan],
        }
    )
    write_table(results / "evaluation/metrics.csv", metrics)
    write_json(
        results / "search/BasicDCGAN/best.json",
        {"trial": 3, "learning_rate": 1e-4, "validation_uar": 0.4},
    )
    figures = results / "report/figures"
    figures.mkdir(parents=True)
    shutil.copy(ROOT / "docs/images/comparison.png", figures)
    return results


def saved_history(study, training):
    file = study / training / ".history.csv"
    return pd.read_csv(file if file.exists() else study / training / "history.csv")


def event_curves(folder, training):
    """Return {column: values by epoch} of the event file of a training run."""
    scalars = tbparse.SummaryReader(str(folder / training)).scalars
    curves = dict(list(scalars[~scalars["tag"].str.startswith("best_")].groupby("tag")))
    return {tag: rows.set_index("step")["value"] for tag, rows in curves.items()}


def event_images(folder):
    """Return (name, epoch) of the images of an event file."""
    events = accumulator.EventAccumulator(str(folder)).Reload()
    names = events.Tags()["images"]
    return [(name, image.step) for name in names for image in events.Images(name)]


def assert_curves_equal(curves, history, dtype):
    expected = history.dropna(axis="columns", how="all").set_index("epoch").astype(dtype)
    assert curves.keys() == set(expected.columns)
    for name, values in curves.items():
        found = values.astype(dtype)
        pd.testing.assert_series_equal(
            found, expected[name].dropna(), check_names=False, check_exact=True
        )


@pytest.mark.parametrize("training", [DCGAN, VARIANT, UNFINISHED])
def test_event_files_equal_the_learning_curves(study, tmp_path, training):
    assert main(["export", "--tensorboard", str(tmp_path / "events"), str(study)]) == 0
    curves = event_curves(tmp_path / "events", training)
    assert_curves_equal(curves, saved_history(study, training), np.float32)


def test_event_files_contain_parameters_metrics_and_images(study, tmp_path):
    assert main(["export", "--tensorboard", str(tmp_path / "events"), str(study)]) == 0
    training = tbparse.SummaryReader(str(tmp_path / "events" / DCGAN))
    parameters = training.hparams.set_index("tag")["value"].to_dict()
    expected = {"model": "BasicDCGAN", "trial": 3, "fold": 1, "seed": 7, "filters": 64}
    assert parameters == expected | {"learning_rate": 1e-4}
    best = training.scalars.set_index("tag")["value"]
    assert (best["best_uar"], best["best_epoch"]) == (0.4375, 3)
    assert event_images(tmp_path / "events" / DCGAN) == [("generated", 1), ("generated", 2)]
    evaluation = tbparse.SummaryReader(str(tmp_path / "events/evaluation/BasicDCGAN"))
    parameters = evaluation.hparams.set_index("tag")["value"].to_dict()
    assert parameters == {"model": "BasicDCGAN", "trial": 3, "learning_rate": 1e-4}
    assert evaluation.scalars.set_index("tag")["value"].to_dict() == {
        "valence/uar5/fold-1": 0.3125,
        "valence/uar5/pooled": 0.5,
        "valence/p/pooled": 0.03125,
    }
    assert event_images(tmp_path / "events/study") == [("figures/comparison", 0)]


def test_generated_images_show_low_frequencies_at_the_bottom_and_loud_levels_dark(study, tmp_path):
    """The samples are side by side, time runs to the right."""
    (run,) = [run for run in exported_runs(study) if run.name == DCGAN]
    with np.load(study / DCGAN / "generated.npz") as arrays:
        samples = arrays["samples"][1]  # (samples, width, rows)
    grid = matplotlib.image.imread(io.BytesIO(run.images[1].png))[..., 0]  # 0 is black
    assert grid.shape == (32, 8 * 16)
    for sample, frame, row in [(0, 0, 0), (3, 5, 31), (7, 15, 2)]:
        shown = grid[31 - row, 16 * sample + frame]
        assert shown == pytest.approx(1 - samples[sample, frame, row] / 255, abs=0.01)


def test_a_second_export_replaces_the_event_files(study, tmp_path):
    """The running training run has finished another epoch in the meantime."""
    events = tmp_path / "events"
    (events / UNFINISHED).mkdir(parents=True)
    other = events / UNFINISHED / "events.out.tfevents.1.of-another-program"
    other.touch()
    assert main(["export", "--tensorboard", str(events), str(study)]) == 0
    write_table(study / UNFINISHED / ".history.csv", history_of(3, "valence").head(3))
    assert main(["export", "--tensorboard", str(events), str(study)]) == 0
    assert_curves_equal(
        event_curves(events, UNFINISHED), saved_history(study, UNFINISHED), np.float32
    )
    assert len(list(events.rglob("*.emospeech"))) == len(list(exported_runs(study)))
    assert other.exists()


@pytest.fixture(scope="module", params=["sqlite:///{}/mlflow.db", "file:{}/mlruns"])
def store(request, tmp_path_factory):
    """The URI of an MLflow store; creating a database takes seconds."""
    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # where MLflow stores the artifacts of a database
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        yield request.param.format(folder)


def logged_runs(store, experiment):
    """Return {name: run} of the runs that MLflow shows."""
    client = mlflow.MlflowClient(store)
    found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return {run.info.run_name: run for run in found}


def test_mlflow_runs_equal_the_files_of_the_study(study, store):
    assert main(["export", "--mlflow", store, str(study)]) == 0
    runs, client = logged_runs(store, str(study)), mlflow.MlflowClient(store)
    assert set(runs) == {run.name for run in exported_runs(study)}
    for training in (DCGAN, VARIANT, UNFINISHED):
        run = runs[training]
        history = saved_history(study, training)
        curves = {}
        for name in set(run.data.metrics) - {"best_uar", "best_epoch"}:
            points = client.get_metric_history(run.info.run_id, name)
            values = {point.step: point.value for point in points}
            curves[name] = pd.Series(values, dtype=float).sort_index().rename_axis("epoch")
        assert_curves_equal(curves, history, float)
        assert (
            run.info.end_time is None
            or run.info.end_time - run.info.start_time
            == pytest.approx(1000 * history["seconds"].sum(), abs=2)
        )
    assert runs[UNFINISHED].info.status == RUNNING
    assert runs[DCGAN].info.status == FINISHED
    parameters = runs[DCGAN].data.params
    assert parameters["learning_rate"] == "0.0001"
    assert parameters["training.unlabelled"] == "ami, mine"
    assert runs["evaluation/baseline"].data.metrics == {"valence/uar5/pooled": 0.25}
    (figure,) = client.list_artifacts(runs["study"].info.run_id, "figures")
    path = mlflow.artifacts.download_artifacts(
        run_id=runs["study"].info.run_id, artifact_path=figure.path, tracking_uri=store
    )
    assert Path(path).read_bytes() == (study / "report/figures/comparison.png").read_bytes()


def test_a_second_export_to_mlflow_logs_only_changed_runs(study, store):
    arguments = ["export", "--mlflow", store, "--experiment", "demo", str(study)]
    assert main(arguments) == 0
    first = logged_runs(store, "demo")
    write_table(study / UNFINISHED / ".history.csv", history_of(3, "valence").head(3))
    os.utime(study / DCGAN / "history.csv")  # as after copying the results
    assert main(arguments) == 0
    second = logged_runs(store, "demo")
    assert set(second) == set(first)
    changed = {name for name in first if first[name].info.run_id != second[name].info.run_id}
    assert changed == {UNFINISHED}
    assert second[UNFINISHED].data.metrics["valence"] == history_of(3, "valence")["valence"][2]


def test_a_training_run_without_a_sign_of_life_is_killed(study):
    live = asdict(LIVE) | {"fold": 2, "updated": time.time() - 3600}
    write_json(study / UNFINISHED / ".progress.json", live)
    states = {run.name: run.state for run in exported_runs(study)}
    assert states[UNFINISHED] == KILLED


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_a_missing_package_is_named(study, name):
    command = [sys.executable, "-m", "emospeech", "export", f"--{name}", "x", str(study)]
    done = subprocess.run(
        command, env=os.environ | run_environment(), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"requirements-{name}.txt" in line


@pytest.mark.parametrize("uri", ["file:{}/mlruns", "postgresql://nobody/x", "nothing://x"])
def test_an_unusable_mlflow_store_is_an_error(study, uri, tmp_path, monkeypatch, capsys):
    """MLflow does not accept a folder without MLFLOW_ALLOW_FILE_STORE."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    uri = uri.format(tmp_path)
    assert main(["export", "--mlflow", uri, str(study)]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"error: {uri}: ")


def test_a_folder_without_training_runs_is_an_error(tmp_path, capsys):
    for folder in (tmp_path, tmp_path / "missing"):
        assert main(["export", "--tensorboard", str(tmp_path / "events"), str(folder)]) == 1
        assert capsys.readouterr().err.startswith(f"error: {folder}: ")
    assert not (tmp_path / "events").exists()

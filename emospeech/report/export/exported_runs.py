"""What an export contains: training runs, evaluations, and the study with its figures.

Everything is read from the files in the results folder, so the study may be unfinished.
"""

import hashlib
import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.image import imsave

from emospeech.models.catalogue import PARAMETERS
from emospeech.report.templates import flatten
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_json, read_table
from emospeech.runtime.heartbeat import HEARTBEAT_TIMEOUT
from emospeech.training.live import HISTORY, read_live
from emospeech.training.weights import read_description

FINISHED, RUNNING, KILLED = "FINISHED", "RUNNING", "KILLED"  # states of a run, as MLflow names them
STUDY = "study"
SCOPES = ["model", "task", "scope"]  # the columns of metrics.csv that are not metrics
Value = bool | int | float | str


@dataclass(frozen=True)
class Image:
    """A PNG image.

    Attributes:
        name: Its name, such as figures/comparison.
        png: The content of the file.
        epoch: The epoch that it shows, or None.
    """

    name: str
    png: bytes
    epoch: int | None = None


@dataclass(frozen=True)
class ExportedRun:
    """A run as TensorBoard and MLflow understand it.

    Attributes:
        name: For a training run its folder, relative to the results folder; otherwise
            evaluation/{model} or STUDY.
        end: When it ended, or was last updated, as a Unix time.
        parameters: {name: value} of the model, the trial and its hyperparameters.
        settings: {config key: value as text}, of a finished training run or study.
        history: The rows of history.csv, empty if the run is not a training run.
        metrics: {name: value}, without missing values.
        images: The images.
        state: FINISHED, RUNNING, or KILLED.
    """

    name: str
    end: float
    parameters: dict[str, Value] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    history: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"epoch": []}))
    metrics: dict[str, float] = field(default_factory=dict)
    images: list[Image] = field(default_factory=list)
    state: str = FINISHED

    @property
    def start(self) -> float:
        """When the run started, as a Unix time, if it was not interrupted."""
        return self.end - (self.history["seconds"].sum() if len(self.history) else 0)

    def curves(self) -> Iterator[tuple[int, float, dict[str, float]]]:
        """Yield each epoch, the Unix time at its end, and its values, {column: value}.

        Empty cells are left out. Times are counted back from the end of the run.
        """
        if self.history.empty:
            return
        ends = self.start + self.history["seconds"].cumsum()
        columns = self.history.drop(columns="epoch")
        rows = zip(self.history["epoch"], ends, columns.to_dict("records"), strict=True)
        for epoch, end, row in rows:
            yield int(epoch), float(end), {name: v for name, v in row.items() if not pd.isna(v)}

    def digest(self) -> str:
        """Return a checksum of the contents, without the times."""
        parts = [self.name, self.parameters, self.settings, self.metrics, self.state]
        text = json.dumps([*parts, self.history.to_csv(index=False)], sort_keys=True)
        digest = hashlib.sha256(text.encode())
        for image in self.images:
            digest.update(f"{image.name} {image.epoch}".encode() + image.png)
        return digest.hexdigest()


def exported_runs(results: str | Path) -> Iterator[ExportedRun]:
    """Yield the study, the evaluation of each model, and all training runs, one after the other.

    Args:
        results: The results folder of a study.

    Raises:
        InputError: The folder has no training runs, or a file in it cannot be read.
    """
    folder = Path(results)
    parents = [folder / "training", folder / "variants"]
    files = [file for p in parents for name in ("history.csv", HISTORY) for file in p.rglob(name)]
    found = {file.parent for file in files}
    trainings = sorted(training for training in found if not _is_collected(training, found))
    if not trainings:
        problem = "does not contain training runs" if folder.is_dir() else "is not a folder"
        raise InputError(folder, f"{problem}. Give the results folder of a study.")
    yield _study(folder)
    yield from _evaluations(folder)
    for training in trainings:
        name = training.relative_to(folder).as_posix()
        is_finished = (training / "history.csv").exists()
        yield _finished_run(training, name) if is_finished else _unfinished_run(training, name)


def _is_collected(training: Path, trainings: set[Path]) -> bool:
    """Return whether a training run of a rung is also one of the trials of a finished halving."""
    in_rung = training.parents[1].name.startswith("rung-")
    trials = {other.parents[1] for other in trainings if other.parent.name.startswith("trial-")}
    return in_rung and training.parents[2] in trials


def _study(folder: Path) -> ExportedRun:
    """Return the study with its config, if the report is finished, and the figures."""
    provenance = folder / "report" / "provenance.json"
    config = read_json(provenance)["config"] if provenance.exists() else {}
    figures = sorted((folder / "report" / "figures").glob("*.png"))
    images = [Image(f"figures/{file.stem}", file.read_bytes()) for file in figures]
    files = [file for file in (provenance, *figures) if file.exists()]
    end = max((file.stat().st_mtime for file in files), default=folder.stat().st_mtime)
    state = FINISHED if config else RUNNING
    return ExportedRun(STUDY, end, settings=dict(flatten(config)), images=images, state=state)


def _evaluations(folder: Path) -> Iterator[ExportedRun]:
    """Yield a run per model with its test metrics, `{task}/{metric}/{scope}`."""
    file = folder / "evaluation" / "metrics.csv"
    if not file.exists():
        return
    for model, rows in read_table(file).groupby("model", sort=False):
        best = folder / "search" / str(model) / "best.json"
        chosen = read_json(best) if best.exists() else {}
        hyperparameters = {name: chosen[name] for name in ("trial", *PARAMETERS) if name in chosen}
        metrics = {
            f"{row['task']}/{name}/{row['scope']}": float(value)
            for row in rows.to_dict("records")
            for name, value in row.items()
            if name not in SCOPES and not pd.isna(value)
        }
        parameters = {"model": str(model)} | hyperparameters
        end = file.stat().st_mtime
        yield ExportedRun(f"evaluation/{model}", end, parameters, metrics=metrics)


def _finished_run(folder: Path, name: str) -> ExportedRun:
    description = read_description(folder / "weights.safetensors")
    validation, settings = description["validation"], description["config"]
    history = folder / "history.csv"
    labels = settings.get("labels", {})
    if labels.get("classes"):  # pairs, see labels.LabelSettings
        settings = settings | {"labels": labels | {"classes": dict(labels["classes"])}}
    scores = {"best_epoch": validation["epoch"], "best_uar": validation["uar"]}
    parameters = {"model": description["model"]} | description["trial"]
    parameters |= {key: validation[key] for key in ("trial", "fold")} | {"seed": settings["seed"]}
    return ExportedRun(
        name,
        history.stat().st_mtime,
        parameters,
        dict(flatten(settings)),
        read_table(history),
        # A diverged training run has no best epoch.
        {metric: value for metric, value in scores.items() if value is not None},
        _generated_images(folder / "generated.npz"),
    )


def _unfinished_run(folder: Path, name: str) -> ExportedRun:
    """Return a training run that is not finished; its hyperparameters are not in a file yet."""
    history, live = folder / HISTORY, read_live(folder)
    parameters, age = {}, np.inf
    if live is not None:
        parameters = {key: getattr(live, key) for key in ("model", "trial", "fold", "seed")}
        age = time.time() - live.updated
    return ExportedRun(
        name,
        history.stat().st_mtime,
        parameters,
        history=read_table(history),
        state=RUNNING if age < HEARTBEAT_TIMEOUT else KILLED,
    )


def _generated_images(file: Path) -> list[Image]:
    """Return the generated spectrograms of a DCGAN side by side, an image per epoch."""
    with np.load(file) as arrays:
        epochs, spectrograms = arrays["epochs"], arrays["samples"]
    images = []
    for epoch, samples in zip(epochs, spectrograms, strict=True):  # (samples, width, rows)
        content = io.BytesIO()
        grid = samples.reshape(-1, samples.shape[2]).T  # (rows, samples * width)
        imsave(content, grid, vmin=0, vmax=255, cmap="gray_r", origin="lower", format="png")
        images.append(Image("generated", content.getvalue(), int(epoch)))
    return images

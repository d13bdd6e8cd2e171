"""Scores of individual recordings outside of a study, without word times.

        |----===--------======-------====----|     a recording; = is speech, found by its level
              ^          ^  ^         ^            centres of the crops, spread over the speech

A recording has one spectrogram and several crops. The score of a network is the mean of the class
probabilities over the crops; the score of several networks, such as those of the folds of a study,
is the mean over the networks. A long recording is divided into windows, each with a score and with
crops of its own (`emospeech.crops.windows`).
"""

import os
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile

from emospeech.corpora.audio import audio_duration, check_file
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.speech import find_speech
from emospeech.crops.centres import spread_centres
from emospeech.crops.gather import CropGatherer
from emospeech.crops.windows import (
    BATCH,
    CropShape,
    divide_recording,
    share_of_speech,
    stream_crops,
    window_centres,
)
from emospeech.evaluation.predictions import column_names, expected_column
from emospeech.labels import Task, describe_tasks
from emospeech.metrics import MERGED, MERGED_NAMES, expected_value, predicted_class
from emospeech.models.catalogue import MODELS, build
from emospeech.models.networks import Network
from emospeech.runtime.errors import InputError, access_error
from emospeech.runtime.files import read_json, read_table
from emospeech.spectrograms.extraction import in_memory_store
from emospeech.spectrograms.irregularities import AudioStatistics, count_irregularities
from emospeech.spectrograms.store import Store
from emospeech.training.device import torch_device
from emospeech.training.losses import Objective, objective_of
from emospeech.training.predictor import predict
from emospeech.training.trial import trial_of_fold
from emospeech.training.weights import Description, load_weights, read_description
from emospeech.version import VERSION

NO_SPEECH = "no speech found; the crops are spread over the whole recording"
CROPS = 8  # of a recording that is scored as a whole
WINDOW_COLUMNS = ("start", "end", "speech")  # seconds, seconds, share of the window
AGREEMENT = "_agreement"  # suffix of the column with the share of networks that agree
DEVIATION = "_std"  # suffix of the column with the standard deviation over the networks

# Raised by a description that was written by another version, or edited manually.
UNUSABLE = (AttributeError, InputError, KeyError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True)
class Scorer:
    """A trained network with its description."""

    network: Network
    description: Description
    objective: Objective

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Scorer":
        """Return the Scorer of a weights file; raise InputError if it cannot be used."""
        values = read_description(path)
        try:
            description = Description.from_dict(values)
            labels = description.settings.labels
            rows, models = description.spectrograms.rows, description.settings.models
            network = build(description.model, rows, description.trial, models, 0, labels).network
            objective = objective_of(description.settings)
        except UNUSABLE as error:
            problem = f"has a description that emospeech {VERSION} cannot use ({error!r})"
            raise InputError(path, f"{problem}. Use the version that wrote it.") from error
        return cls(load_weights(path, network), description, objective)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks of the model, the target first."""
        return self.description.settings.labels.tasks(MODELS[self.description.model].multitask)

    @property
    def crop_shape(self) -> CropShape:
        """The crops that the network expects."""
        return CropShape(self.description.trial["crop_width"], self.description.settings.crops.edge)

    def predict(self, crops: Any) -> dict[str, np.ndarray]:
        """Return the class probabilities of crops (n, 1, width, rows), {task: (n, classes)}."""
        return predict(self.network, [crops], self.tasks, self.objective)

    def score(self, store: Store, crops: int) -> dict[str, np.ndarray]:
        """Return the mean class probabilities over `crops` crops of the one recording of a store.

        They are {task: float64 array (classes,)}.
        """
        width, edge = self.crop_shape
        gather = CropGatherer(store, width, edge=edge)
        batch = gather(np.zeros(crops, np.int64), spread_centres(store, 0, crops))
        return {task: values.mean(axis=0) for task, values in self.predict(batch).items()}


class Ensemble:
    """Networks with the same tasks, averaged with equal weights. They run on the CPU."""

    def __init__(self, paths: Sequence[str | os.PathLike]):
        """Load weights files; raise InputError if one of them cannot be used."""
        self.scorers = [Scorer.load(path) for path in paths]
        self.tasks = self.scorers[0].tasks
        for path, scorer in zip(paths, self.scorers, strict=True):
            if scorer.tasks != self.tasks:
                own, others = map(describe_tasks, (scorer.tasks, self.tasks))
                problem = f"predicts {own}, but {paths[0]} predicts {others}"
                raise InputError(path, f"{problem}. Score with each separately.")
        # The number of threads that training used, because sums depend on it.
        torch_device(replace(self.scorers[0].description.settings.training, device="cpu"))

    def columns(self, windows: bool) -> list[str]:
        """Return the columns of scores, of recordings or of windows."""
        columns = score_columns(self.tasks, several=len(self.scorers) > 1)
        return [*WINDOW_COLUMNS, *columns] if windows else columns

    def predict(
        self,
        samples: np.ndarray,
        rate: int,
        crops: int | None = None,
        every: float | None = None,
    ) -> pd.DataFrame:
        """Return the scores of audio in memory, which are those of a wav file with these samples.

        Irregularities of the audio, such as silence, are warnings.

        Args:
            samples: One channel (n,), or (n, channels) as soundfile reads them. Floats are between
                -1 and 1.
            rate: The sampling rate in Hz.
            crops: The number of crops of the recording (default: 8) or of each window (default: 1).
            every: The length of a window in seconds; None: the recording is scored as a whole.

        Returns:
            A row for the recording, or for each window, with the columns of docs/scoring.md.

        Raises:
            InputError: The samples are not audio.
        """
        samples = np.asarray(samples)
        if samples.ndim not in (1, 2) or (samples.ndim == 2 and samples.shape[1] > len(samples)):
            problem = f"have the shape {samples.shape}, not (n,) or (n, channels). Transpose them."
            raise InputError("samples", problem)
        if every is not None and not every > 0:
            raise InputError("every", f"is {every}. Give a positive number of seconds.")
        if not samples.size or not np.isfinite(samples).all():
            raise InputError("samples", "are empty or not finite. Give audio samples.")
        if np.issubdtype(samples.dtype, np.integer):
            limits = np.iinfo(samples.dtype)
            half = (float(limits.max) - float(limits.min) + 1) / 2
            samples = (samples - (half if limits.min == 0 else 0)) / half
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "samples.wav")
            soundfile.write(path, samples, rate, subtype="FLOAT")
            rows, notes = self.score(path, crops, every)
        for note in notes:
            warnings.warn(note, stacklevel=2)
        return pd.DataFrame(rows)

    def score(
        self,
        path: str | Path,
        crops: int | None = None,
        every: float | None = None,
        progress: Callable[[float], None] = lambda done: None,
    ) -> tuple[list[dict], list[str]]:
        """Return the rows of scores of an audio file, and notes on its irregularities.

        Args:
            path: The audio file.
            crops: As for `predict`.
            every: As for `predict`.
            progress: Called with the share of the recording that is done, from 0 to 1.

        Raises:
            InputError: The file is not audio.
        """
        spans, duration, notes = find_spans(path)
        if every is None:
            probabilities, flags = self._score_recording(path, spans, crops or CROPS)
            rows = [score_row(probabilities, self.tasks)]
        else:
            windows = divide_recording(duration, every)
            probabilities, flags = self._score_windows(path, windows, crops or 1, progress)
            shares = share_of_speech(windows, spans)
            rows = [
                dict(zip(WINDOW_COLUMNS, values, strict=True))
                | score_row(
                    {task: one[:, index] for task, one in probabilities.items()}, self.tasks
                )
                for index, values in enumerate(np.c_[windows, shares].tolist())
            ]
        return rows, [*notes, *count_irregularities(np.array(flags))]

    def _score_recording(self, path, spans, crops):
        """Return {task: class probabilities (networks, classes)} of a recording, and its flags."""
        settings = {scorer.description.spectrograms for scorer in self.scorers}
        stores = {one: in_memory_store(path, spans, one) for one in settings}
        scores = [
            scorer.score(stores[scorer.description.spectrograms], crops) for scorer in self.scorers
        ]
        names = [task.name for task in self.tasks]
        probabilities = {name: np.stack([score[name] for score in scores]) for name in names}
        return probabilities, [store.irregular[0] for store in stores.values()]

    def _score_windows(self, path, windows, crops, progress):
        """Return {task: class probabilities (networks, windows, classes)}, and flags."""
        scorers_of = defaultdict(list)  # networks with equal spectrograms share the crops
        for scorer in self.scorers:
            scorers_of[scorer.description.spectrograms].append(scorer)
        batches, flags = {id(scorer): [] for scorer in self.scorers}, []
        for group, (settings, scorers) in enumerate(scorers_of.items()):
            centres = window_centres(windows, crops, settings.frame_rate).ravel()
            shapes, statistics = [one.crop_shape for one in scorers], AudioStatistics(settings)
            for number, batch in enumerate(
                stream_crops(path, settings, centres, shapes, statistics), start=1
            ):
                for scorer, shape in zip(scorers, shapes, strict=True):
                    batches[id(scorer)].append(scorer.predict(batch[shape]))
                done = min(number * BATCH / len(centres), 1)
                progress((group + done) / len(scorers_of))
            flags.append(statistics.irregularities())
        return {
            task.name: np.stack(
                [
                    np.concatenate([batch[task.name] for batch in batches[id(scorer)]])
                    .reshape(len(windows), crops, -1)
                    .mean(axis=1)
                    for scorer in self.scorers
                ]
            )
            for task in self.tasks
        }, flags


def find_spans(path: str | os.PathLike) -> tuple[np.ndarray, float, list[str]]:
    """Return the spans of speech in an audio file (n, 2), its duration, and notes on the file.

    Times are in seconds.
    """
    check_file(path)
    issues = IssueCounts()
    duration = audio_duration(path, issues)
    spans, _ = find_speech(path)
    notes = [name for name, count in issues.irregular.items() if count]
    return spans, duration, notes if len(spans) else [*notes, NO_SPEECH]


def chosen_weights(results: str | os.PathLike, model: str) -> list[Path]:
    """Return the weights of the trial that a study chose for a model, one file per fold.

    `results` is the folder of the study.

    Raises:
        InputError: The study has not chosen a trial for the model, or a file is damaged.
    """
    search = Path(results, "search")
    try:
        best = read_json(search / model / "best.json")
        folds = read_table(search / model / "histories.csv")["fold"].unique()
        trials = {fold: trial_of_fold(best, fold).trial_id for fold in folds}
    except PermissionError as error:
        raise access_error(error.filename, error) from error
    except (KeyError, TypeError, ValueError) as error:
        problem = "best.json or histories.csv is damaged. Delete both and run the study again."
        raise InputError(search / model, problem) from error
    except OSError as error:
        found = ", ".join(sorted(file.parent.name for file in search.glob("*/best.json")))
        problem = f"has no chosen trial (finished models: {found or 'none'})"
        raise InputError(search / model, f"{problem}. Run the study first.") from error
    trained = Path(results, "training", model)
    return [
        trained / f"trial-{trial_id}" / f"fold-{fold}" / "weights.safetensors"
        for fold, trial_id in trials.items()
    ]


def score_columns(tasks: Iterable[Task], several: bool) -> list[str]:
    """Return the column names of `score_row`, of several networks or of a single one."""
    columns = []
    for task in tasks:
        columns += column_names(task)
        if task.is_scale:
            expected = expected_column(task)
            columns += [expected, *([f"{expected}{DEVIATION}"] if several else [])]
        else:
            columns += [task.name, *([f"{task.name}{AGREEMENT}"] if several else [])]
        columns += ["class3"] if task.name == "valence" else []
    return columns


def score_row(
    probabilities: dict[str, np.ndarray], tasks: Iterable[Task]
) -> dict[str, float | str]:
    """Return the scores of a recording or window, {column: value}.

    The columns are those of predictions, for the mean over the networks. If there are several,
    `expected_std` is the standard deviation of the expected values of the networks. `class3`, the
    merged class, contains the most probable of the five classes, as in Table 2 of the paper. Only
    valence has one, since only its scale has a negative and a positive end. The emotion has
    `emotion`, the most probable class, and `emotion_agreement`, the share of the networks for which
    it is the most probable one.

    Args:
        probabilities: {task: class probabilities of each network (networks, classes)}.
        tasks: The tasks.
    """
    row: dict[str, float | str] = {}
    for task in tasks:
        distributions = probabilities[task.name]
        mean = distributions.mean(axis=0, keepdims=True)
        predicted = predicted_class(mean)[0]
        row |= dict(zip(column_names(task), mean[0].tolist(), strict=True))
        if task.is_scale:
            expected = expected_column(task)
            row[expected] = float(expected_value(mean)[0])
            if len(distributions) > 1:
                deviation = np.std(expected_value(distributions), ddof=1)
                row[f"{expected}{DEVIATION}"] = float(deviation)
        else:
            row[task.name] = task.classes[predicted - 1]
            if len(distributions) > 1:
                agreement = np.mean(predicted_class(distributions) == predicted)
                row[f"{task.name}{AGREEMENT}"] = float(agreement)
        if task.name == "valence":
            row["class3"] = MERGED_NAMES[MERGED[predicted - 1]]
    return row

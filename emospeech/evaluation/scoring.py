"""Scores of individual recordings outside of a study, without word times.

        |----===--------======-------====----|     a recording; = is speech, found by its level
              ^          ^  ^         ^            centres of the crops, spread over the speech

A recording has one spectrogram and several crops. The score of a network is the mean of the class
probabilities over the crops; the score of several networks, such as those of the folds of a study,
is the mean over the networks.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emospeech.corpora.audio import audio_duration, check_file
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.speech import find_speech
from emospeech.crops.centres import spread_centres
from emospeech.crops.gather import CropGatherer
from emospeech.evaluation.predictions import column_names
from emospeech.metrics import MERGED, MERGED_NAMES, expected_value, predicted_class
from emospeech.models.catalogue import MODELS, build
from emospeech.models.networks import Network
from emospeech.runtime.errors import InputError, access_error
from emospeech.runtime.files import read_json, read_table
from emospeech.spectrograms.extraction import in_memory_store
from emospeech.spectrograms.irregularities import count_irregularities
from emospeech.spectrograms.store import Store
from emospeech.training.device import torch_device
from emospeech.training.losses import Objective, objective_of
from emospeech.training.predictor import predict
from emospeech.training.trial import trial_of_fold
from emospeech.training.weights import Description, load_weights, read_description
from emospeech.version import VERSION

NO_SPEECH = "no speech found; the crops are spread over the whole recording"

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
            outputs = description.settings.labels.outputs
            rows, models = description.spectrograms.rows, description.settings.models
            network = build(description.model, rows, description.trial, models, 0, outputs).network
            objective = objective_of(description.settings)
        except UNUSABLE as error:
            problem = f"has a description that emospeech {VERSION} cannot use ({error!r})"
            raise InputError(path, f"{problem}. Use the version that wrote it.") from error
        return cls(load_weights(path, network), description, objective)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of the model, valence first."""
        return MODELS[self.description.model].tasks

    def score(self, store: Store, crops: int) -> dict[str, np.ndarray]:
        """Return the mean class probabilities over `crops` crops of the one recording of a store.

        They are {task: float64 array (5,)}.
        """
        width, edge = self.description.trial["crop_width"], self.description.settings.crops.edge
        gather = CropGatherer(store, width, edge=edge)
        batch = gather(np.zeros(crops, np.int64), spread_centres(store, 0, crops))
        probabilities = predict(self.network, [batch], self.tasks, self.objective)
        return {task: values.mean(axis=0) for task, values in probabilities.items()}


class Ensemble:
    """Networks with the same tasks, averaged with equal weights. They run on the CPU."""

    def __init__(self, paths: Sequence[str | os.PathLike]):
        """Load weights files; raise InputError if one of them cannot be used."""
        self.scorers = [Scorer.load(path) for path in paths]
        self.tasks = self.scorers[0].tasks
        for path, scorer in zip(paths, self.scorers, strict=True):
            if scorer.tasks != self.tasks:
                own, others = (" and ".join(tasks) for tasks in (scorer.tasks, self.tasks))
                problem = f"predicts {own}, but {paths[0]} predicts {others}"
                raise InputError(path, f"{problem}. Score with each separately.")
        # The number of threads that training used, because sums depend on it.
        torch_device(replace(self.scorers[0].description.settings.training, device="cpu"))

    def score(self, path: str, crops: int) -> tuple[dict[str, np.ndarray], list[str]]:
        """Return the class probabilities of an audio file, and notes on its irregularities.

        The probabilities are {task: float64 array (5,)}.

        Raises:
            InputError: The file is not audio.
        """
        spans, notes = find_spans(path)
        settings = {scorer.description.spectrograms for scorer in self.scorers}
        stores = {one: in_memory_store(path, spans, one) for one in settings}
        irregular = np.bitwise_or.reduce([store.irregular for store in stores.values()])
        notes += count_irregularities(irregular)
        scores = [
            scorer.score(stores[scorer.description.spectrograms], crops) for scorer in self.scorers
        ]
        return {
            task: np.mean([score[task] for score in scores], axis=0) for task in self.tasks
        }, notes


def find_spans(path: str) -> tuple[np.ndarray, list[str]]:
    """Return the spans of speech in an audio file, (n, 2) in seconds, and notes on the file."""
    check_file(path)
    issues = IssueCounts()
    audio_duration(path, issues)
    spans, _ = find_speech(path)
    notes = [name for name, count in issues.irregular.items() if count]
    return spans, notes if len(spans) else [*notes, NO_SPEECH]


def chosen_weights(results: str | os.PathLike, model: str) -> list[Path]:
    """Return the weights of the trial that a study chose for a model, one file per fold.

    `results` is the folder of the study.

    Raises:
        InputError: The study has not chosen a trial for the model.
    """
    search = Path(results, "search")
    try:
        best = read_json(search / model / "best.json")
        folds = read_table(search / model / "histories.csv")["fold"].unique()
        trials = {fold: trial_of_fold(best, fold).trial_id for fold in folds}
    except PermissionError as error:
        raise access_error(error.filename, error) from error
    except (OSError, KeyError, TypeError, ValueError) as error:
        found = ", ".join(sorted(file.parent.name for file in search.glob("*/best.json")))
        problem = f"has no chosen trial (finished models: {found or 'none'})"
        raise InputError(search / model, f"{problem}. Run the study first.") from error
    trained = Path(results, "training", model)
    return [
        trained / f"trial-{trial_id}" / f"fold-{fold}" / "weights.safetensors"
        for fold, trial_id in trials.items()
    ]


def score_columns(tasks: Iterable[str]) -> list[str]:
    """Return the column names of the scores: those of predictions, and the merged class.

    Only valence has a merged class, since only its scale has a negative and a positive end.
    """
    columns = ["file"]
    for task in tasks:
        names, expected = column_names(task)
        columns += [*names, expected, *(["class3"] if task == "valence" else [])]
    return columns


def score_row(file: str, probabilities: dict[str, np.ndarray]) -> dict:
    """Return the scores of a file as a dict with the keys of `score_columns`.

    `probabilities` are {task: (5,)}. The merged class contains the most probable of the five
    classes, as in Table 2 of the paper.
    """
    values = [file]
    for task, distribution in probabilities.items():
        values += [*distribution.tolist(), float(expected_value(distribution))]
        if task == "valence":
            values.append(MERGED_NAMES[MERGED[predicted_class(distribution[None])[0] - 1]])
    return dict(zip(score_columns(probabilities), values, strict=True))

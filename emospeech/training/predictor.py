"""Predictions and representations of trained networks for the recordings of their folds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch

from emospeech.labels import Task
from emospeech.models.catalogue import MODELS, build
from emospeech.models.networks import Network
from emospeech.runtime.files import read_json
from emospeech.training.data import LabelledPart, load_parts
from emospeech.training.device import torch_device
from emospeech.training.fold import Fold, LabelledCorpus
from emospeech.training.losses import Objective, objective_of
from emospeech.training.settings import Settings
from emospeech.training.trial import Trial, file_of_trial, trial_of_fold
from emospeech.training.weights import load_weights


@torch.no_grad()
def predict(
    network: Network, crops: Iterable[torch.Tensor], tasks: tuple[Task, ...], objective: Objective
) -> dict[str, np.ndarray]:
    """Return the class probabilities of each task, {task: float64 array (n, classes)}.

    `crops` yields batches of shape (batch, 1, width, rows). `objective` is that of the
    training run. The network is left in training mode.
    """
    network.eval()
    names = [task.name for task in tasks]
    logits = [network.classify(batch, names) for batch in crops]
    network.train()
    return {
        name: objective.probabilities(torch.cat([b[name] for b in logits]).double().cpu().numpy())
        for name in names
    }


@dataclass(frozen=True)
class FoldPredictor:
    """A trained network, and the parts of its fold by name."""

    network: Network
    fold: Fold
    trial_id: int
    parts: dict[str, LabelledPart]
    tasks: tuple[Task, ...]
    objective: Objective

    def rows(self, part: str, columns: list[str]) -> pd.DataFrame:
        """Return `columns` of the recordings of a part, and the columns `fold` and `trial`.

        The columns are those of `labels.load_labelled`.
        """
        rows = self.fold.table.loc[self.parts[part].part.recordings, columns]
        return rows.assign(fold=self.fold.fold_id, trial=self.trial_id)

    def labels(self, part: str) -> np.ndarray:
        """Return the labels of a part, float64 (n, tasks)."""
        return self.parts[part].part.labels

    def predict(self, part: str, seed: int, crops: int = 1) -> dict[str, np.ndarray]:
        """Return the class probabilities of a part, {task: float64 array (n, classes)}.

        They are means over `crops` crops of each recording, which depend on its name and `seed`.
        """
        batches = (self.parts[part].fixed_crops(seed, crop) for crop in range(crops))
        predicted = [predict(self.network, one, self.tasks, self.objective) for one in batches]
        return {
            task.name: np.mean([one[task.name] for one in predicted], axis=0) for task in self.tasks
        }

    @torch.no_grad()
    def represent(self, part: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the crop of each recording of a part, and its activations in the shared layer.

        Both are float32: the crops (n, width * rows), and the activations (n, shared_units).
        """
        self.network.eval()
        batches = self.parts[part].fixed_crops(seed)
        pairs = [(crops.flatten(1), self.network.represent(crops)) for crops in batches]
        self.network.train()
        crops, activations = (torch.cat(values) for values in zip(*pairs, strict=True))
        return crops.cpu().numpy(), activations.cpu().numpy()


def load_predictor(
    model: str, fold: Fold, trial: Trial, weights: str | Path, settings: Settings
) -> FoldPredictor:
    """Return the FoldPredictor of a model that was trained on `fold` with `trial`.

    `weights` is the path of its weights file.

    Raises:
        InputError: The weights do not fit the network.
    """
    device = torch_device(settings.training)
    labels = settings.labels
    rows = fold.store.settings.rows
    learner = build(model, rows, trial.parameters, settings.models, seed=0, labels=labels)
    network = load_weights(weights, learner.network).to(device)
    parts = load_parts(fold, MODELS[model], trial, settings, device)
    tasks = labels.tasks(MODELS[model].multitask)
    return FoldPredictor(network, fold, trial.trial_id, parts, tasks, objective_of(settings))


def load_chosen(paths: SimpleNamespace, params: SimpleNamespace) -> Iterator[FoldPredictor]:
    """Yield the FoldPredictor of the selected trial of a model for each fold of a job.

    Args:
        paths: The inputs of the job: those of `LabelledCorpus.open`, `best` (best.json) and
            `weights`, of all trials and folds.
        params: `model`, `folds` and `study` (the config sections).
    """
    settings = Settings.from_config(params.study)
    corpus, best = LabelledCorpus.open(paths, settings), read_json(paths.best)
    for fold_id in params.folds:
        trial = trial_of_fold(best, fold_id)
        weights = file_of_trial(paths.weights, trial.trial_id, fold_id)
        yield load_predictor(params.model, corpus.fold(fold_id), trial, weights, settings)

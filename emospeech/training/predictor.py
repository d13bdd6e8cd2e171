"""Predictions and representations of a trained network for the recordings of its fold."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from emospeech.models.catalogue import MODELS, build
from emospeech.models.networks import NetworkSettings
from emospeech.training.data import LabelledPart, labelled_crops
from emospeech.training.device import torch_device
from emospeech.training.fold import Fold
from emospeech.training.losses import Objective, objective_of
from emospeech.training.settings import TrainingSettings
from emospeech.training.trial import file_of_trial, trial_of_fold
from emospeech.training.weights import load_weights


@torch.no_grad()
def predict(
    network: nn.Module, crops: Iterable[torch.Tensor], tasks: tuple[str, ...], objective: Objective
) -> dict[str, np.ndarray]:
    """Return the class probabilities of each task, {task: float64 array (n, 5)}.

    `crops` yields batches of shape (batch, 1, width, rows), `objective` is that of the training.
    The network is left in training mode.
    """
    network.eval()
    logits = [network.classify(batch, tasks) for batch in crops]
    network.train()
    return {
        task: objective.probabilities(torch.cat([b[task] for b in logits]).double().cpu().numpy())
        for task in tasks
    }


@dataclass(frozen=True)
class FoldPredictor:
    """A network with its weights, and the parts of its fold by their names."""

    network: nn.Module
    fold: Fold
    trial: int  # its number
    parts: dict[str, LabelledPart]
    tasks: tuple[str, ...]
    objective: Objective

    def rows(self, part, columns):
        """Return these columns of the recordings of a part, with those of `fold` and `trial`."""
        numbers = self.parts[part].part.recordings
        return self.fold.table.loc[numbers, columns].assign(fold=self.fold.fold, trial=self.trial)

    def labels(self, part):
        """Return the labels of a part, float64 (n, tasks)."""
        return self.parts[part].part.labels

    def predict(self, part: str, seed: int, crops: int = 1) -> dict[str, np.ndarray]:
        """Return the class probabilities of a part, {task: float64 array (n, 5)}.

        They are means over `crops` crops of each recording, drawn by its name and the `seed`.
        """
        batches = (self.parts[part].fixed_crops(seed, number) for number in range(crops))
        predicted = [predict(self.network, one, self.tasks, self.objective) for one in batches]
        return {task: np.mean([of[task] for of in predicted], axis=0) for task in self.tasks}

    @torch.no_grad()
    def represent(self, part: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the crop of each recording of a part, and its values in the shared layer.

        Both are float32: the crops (n, width * rows), and the values (n, shared_units).
        """
        self.network.eval()
        batches = self.parts[part].fixed_crops(seed)
        pairs = [(crops.flatten(1), self.network.represent(crops)) for crops in batches]
        self.network.train()
        return tuple(torch.cat(values).cpu().numpy() for values in zip(*pairs, strict=True))


def load_predictor(
    name: str,
    fold: Fold,
    trial: tuple[int, dict],
    weights: str | Path,
    networks: NetworkSettings,
    settings: TrainingSettings,
) -> FoldPredictor:
    """Return model `name` with the weights at a path and the parts of its fold.

    `trial` is the number and the parameters that it was trained with. Raises InputError if the
    weights do not fit.
    """
    device, model = torch_device(settings), MODELS[name]
    number, parameters = trial
    network, _ = build(name, fold.store.settings.rows, parameters, networks, seed=0)
    network = load_weights(weights, network).to(device)
    parts = labelled_crops(fold, model, parameters, settings, device)
    return FoldPredictor(network, fold, number, parts, model.tasks, objective_of(settings))


def load_chosen(
    name: str,
    best: dict,
    folds: Iterable[Fold],
    weights: list[str],
    networks: NetworkSettings,
    settings: TrainingSettings,
) -> Iterator[FoldPredictor]:
    """Yield the FoldPredictor of model `name` for each of `folds`.

    `best` is the content of best.json, `weights` are the paths of all trials and folds.
    """
    for fold in folds:
        trial = trial_of_fold(best, fold.fold)
        path = file_of_trial(weights, trial[0], fold.fold)
        yield load_predictor(name, fold, trial, path, networks, settings)

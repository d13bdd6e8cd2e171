"""A trained network with the labelled recordings of its fold: what it predicts and represents."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from emospeech.models.catalogue import MODELS, build
from emospeech.training.data import LabelledPart
from emospeech.training.fit import predict
from emospeech.training.fold import Fold
from emospeech.training.losses import Objective, objective_of
from emospeech.training.run import crops_of_parts, torch_device
from emospeech.training.trial import file_of_trial, trial_of_fold
from emospeech.training.weights import load_weights


@dataclass(frozen=True)
class Tested:
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

    def predict(self, part, seed, crops=1):
        """Return the class probabilities of a part, {task: float64 array (n, 5)}.

        Those of a recording are the mean of those of so many of its `crops`, which its name and the
        `seed` fix.
        """
        heard = (self.parts[part].fixed_crops(seed, number) for number in range(crops))
        predicted = [predict(self.network, one, self.tasks, self.objective) for one in heard]
        return {task: np.mean([of[task] for of in predicted], axis=0) for task in self.tasks}

    @torch.no_grad()
    def represent(self, part, seed):
        """Return the crop of each recording of a part, and what the network makes of it.

        Both are float32: the crops as the network sees them (n, width * rows), and the values of
        its shared layer (n, shared_units).
        """
        self.network.eval()
        heard = self.parts[part].fixed_crops(seed)
        pairs = [(crops.flatten(1), self.network.represent(crops)) for crops in heard]
        self.network.train()
        return tuple(torch.cat(values).cpu().numpy() for values in zip(*pairs, strict=True))


def load_tested(name, fold, number, trial, weights, networks, settings):
    """Return model `name` with the weights at the path `weights` and the parts of its fold.

    `trial` are the parameters that it was trained with, `number` is the trial's. Raises InputError
    where the weights do not fit.
    """
    device, model = torch_device(settings), MODELS[name]
    network, _ = build(name, fold.store.settings.rows, trial, networks, seed=0)
    network = load_weights(weights, network).to(device)
    parts = crops_of_parts(fold, model, trial, settings, device)
    return Tested(network, fold, number, parts, model.tasks, objective_of(settings))


def load_chosen(name, best, folds, weights, networks, settings):
    """Yield model `name` of each of `folds`, as load_tested gives it.

    `best` is what best.json holds, and `weights` are the paths of those of all trials and folds.
    """
    for fold in folds:
        number, trial = trial_of_fold(best, fold.fold)
        path = file_of_trial(weights, number, fold.fold)
        yield load_tested(name, fold, number, trial, path, networks, settings)

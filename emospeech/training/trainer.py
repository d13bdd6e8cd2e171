"""Training one model on one fold with the parameters of one trial, to the paper's stopping rule."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from emospeech.crops.sampler import Epoch
from emospeech.metrics import (
    confusion_matrix,
    contingency_table,
    expected_value,
    pearson,
    predicted_class,
    unweighted_average_recall,
)
from emospeech.models.catalogue import MODELS, build
from emospeech.models.networks import NetworkSettings
from emospeech.runtime.errors import StoppedError
from emospeech.training.checkpoint import Checkpoint, EpochProgress, Progress, training_identity
from emospeech.training.data import labelled_crops, sampler_of
from emospeech.training.device import resolve_precision, torch_device
from emospeech.training.draws import DrawCounts
from emospeech.training.engine import Engine
from emospeech.training.fold import Fold
from emospeech.training.losses import objective_of
from emospeech.training.predictor import predict
from emospeech.training.sample_grid import SampleGrid, draw_latents
from emospeech.training.settings import TrainingSettings, spawn_rng

log = logging.getLogger(__name__)

LOSSES = ("generator", "discriminator", "valence", "activation")  # in the order of a step
SAMPLE_GRID = (0, 0)  # key behind trial and fold of the grid's random numbers; epochs have one part
NO_SCORES = (np.nan, np.nan)  # UAR and rho of a training that has diverged


@dataclass(frozen=True)
class Outcome:
    """The results of one training."""

    history: pd.DataFrame  # a row per epoch
    weights: dict[str, torch.Tensor]  # of the best epoch
    validation: dict  # the best epoch and its score, see Trainer.summary
    draws: pd.DataFrame  # how often each recording was drawn, see DrawCounts.table
    samples: dict[str, np.ndarray]  # of the generator over the epochs, see SampleGrid.arrays
    settings: TrainingSettings  # with the precision that was used


@dataclass
class EarlyStopping:
    """Stops when the best validation UAR was not exceeded for `patience` epochs."""

    patience: int
    best: float = -1.0
    best_epoch: int = 0
    epoch: int = 0

    def improved(self, uar: float) -> bool:
        """Count an epoch and return whether its UAR is strictly the highest so far."""
        self.epoch += 1
        if uar > self.best:
            self.best, self.best_epoch = uar, self.epoch
        return self.best_epoch == self.epoch

    @property
    def should_stop(self) -> bool:
        return self.epoch - self.best_epoch >= self.patience


@dataclass
class Trainer:
    """Owns the networks, the data and the settings of one training.

    All random numbers depend on the seed, the trial and the fold.
    """

    model: str
    fold: Fold
    unlabelled: list[Path]  # stores of the unlabelled pool, used by the DCGANs
    trial: tuple[int, dict]  # number and parameters
    networks: NetworkSettings
    settings: TrainingSettings
    progress: Progress = field(default_factory=Progress)
    diverged: bool = False

    def __post_init__(self):
        number, parameters = self.trial
        log.info("%s, trial %d, fold %d", self.model, number, self.fold.fold)
        device, model = torch_device(self.settings), MODELS[self.model]
        precision = resolve_precision(self.settings.precision, device.type)
        self.settings = replace(self.settings, precision=precision)
        self.key = (number, self.fold.fold)
        self.network, self.generator = (part and part.to(device) for part in self._build())
        rate = parameters["learning_rate"]
        self.engine = Engine(self.network, self.generator, model.tasks, rate, self.settings)
        self.parts = labelled_crops(self.fold, model, parameters, self.settings, device)
        pool = self.unlabelled if model.adversarial else None
        self.sampler = sampler_of(self.fold, self.parts["train"], pool, parameters, self.settings)
        self.stopping = EarlyStopping(self.settings.patience)

    def train(
        self,
        checkpoint: Path | None = None,
        code: str | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Train until the validation UAR no longer increases.

        With a path `checkpoint` the state is saved there after each epoch, and a training with the
        same identity and `code` (a fingerprint) resumes from it. The caller removes the file when
        the outcome is stored. A training whose losses or weights are no longer finite has diverged
        and ends with that epoch.

        Raises:
            StoppedError: `should_stop()` turned true; the state after the last step is saved.
        """
        state = Checkpoint(checkpoint, self._identity(code))
        self.progress = progress = state.resume(self.engine)
        grid_rng = spawn_rng(self.settings.seed, *self.key, *SAMPLE_GRID)
        grid = SampleGrid(self.generator, grid_rng, progress.grids)
        draws = DrawCounts(self.sampler, progress.draws)
        progress.draws, progress.grids = draws.counts, grid.grids
        for row in progress.history:
            self.stopping.improved(row["validation_uar"])
        while not (self.stopping.should_stop or self.diverged) and not self._at_cap():
            if not self._train_epoch(draws, should_stop):
                state.save(self.engine, progress)
                raise StoppedError(f"after {progress}; the next run resumes there")
            if not self.diverged:
                grid.add(self.stopping.epoch)
                state.save(self.engine, progress)
        if not self.diverged:
            grid.add(self.stopping.epoch, last=True)
        return self._outcome(draws, grid)

    def validate(self) -> tuple[float, float]:
        """Return UAR and rho of valence on the validation part; NaN if outputs are not finite."""
        part, objective = self.parts["validation"], objective_of(self.settings)
        crops = part.fixed_crops(self.settings.evaluation_seed)
        probabilities = predict(self.network, crops, ("valence",), objective)["valence"]
        if not np.isfinite(probabilities).all():
            return NO_SCORES
        labels = part.part.labels[:, 0]
        counts = confusion_matrix(contingency_table(labels, predicted_class(probabilities)))
        rho = pearson(labels, expected_value(probabilities))
        return float(unweighted_average_recall(counts)), rho

    def summary(self) -> dict:
        """Return the content of validation.json.

        `capped` is true if the cap on epochs ended the training. A diverged training has no best
        epoch and no UAR, so that it cannot be chosen.
        """
        epochs, stopping = len(self.progress.history), self.stopping
        capped = not self.diverged and not stopping.should_stop
        return {
            "model": self.model,
            "trial": self.trial[0],
            "fold": self.fold.fold,
            "epochs": epochs,
            "capped": capped,
            "diverged": self.diverged,
            "precision": self.settings.precision,
            "epoch": None if self.diverged else stopping.best_epoch,
            "uar": None if self.diverged else stopping.best,
        }

    def _train_epoch(self, draws, should_stop):
        """Train, validate and record an epoch; return False if it was interrupted."""
        progress = self.progress
        began = time.perf_counter() - progress.current.seconds
        rng = spawn_rng(self.settings.seed, *self.key, self.stopping.epoch)
        targets = self.parts["train"].targets
        epoch = train_epoch(self.engine, self.sampler, targets, rng, progress.current, should_stop)
        if epoch is None:
            progress.current.seconds = time.perf_counter() - began
            return False
        draws.add(epoch)
        losses = progress.current.means()
        finite = np.isfinite(list(losses.values())).all() and self.engine.is_finite()
        scores = self.validate() if finite else NO_SCORES
        self.diverged = bool(np.isnan(scores[0]))
        if self.stopping.improved(scores[0]):
            state = self.network.state_dict()
            progress.best = {name: value.detach().clone() for name, value in state.items()}
        seconds = time.perf_counter() - began
        row = _history_row(self.stopping.epoch, losses, scores, seconds, epoch)
        progress.history.append(row)
        progress.current = EpochProgress()
        log.info(_log_line(row, self.stopping))
        if self.diverged:
            log.info("diverged in epoch %d: losses or weights are not finite", row["epoch"])
        return True

    def _outcome(self, draws, grid):
        weights = self.progress.best
        if weights is None:  # diverged in the first epoch: the initial weights
            weights = self._build()[0].state_dict()
        self.network.load_state_dict(weights)
        history = pd.DataFrame(self.progress.history)
        drawn = draws.table(self.parts, MODELS[self.model].tasks, len(history))
        return Outcome(history, weights, self.summary(), drawn, grid.arrays(), self.settings)

    def _build(self):
        seed = int(spawn_rng(self.settings.seed, *self.key).integers(2**63))
        rows = self.fold.store.settings.rows
        return build(self.model, rows, self.trial[1], self.networks, seed)

    def _at_cap(self):
        return self.stopping.epoch >= self.settings.max_epochs

    def _identity(self, code):
        return training_identity(
            self.model, self.fold, self.trial, self.networks, self.settings, self.sampler
        ) | {"code": code}


def train_epoch(
    engine: Engine,
    sampler,
    targets: list[torch.Tensor],
    rng: np.random.Generator,
    current: EpochProgress,
    should_stop: Callable[[], bool] = lambda: False,
) -> Epoch | None:
    """Train one epoch; return the Epoch that was drawn, or None if it was interrupted.

    `targets` holds a tensor (n, outputs) per task. The epoch resumes after the steps that `current`
    counts, with the same draws of `rng`, and is interrupted after a step with which `should_stop()`
    turns true.
    """
    epoch, latents = sampler.epoch(rng), None
    if engine.generator is not None:
        shape = (*epoch.positions.shape, engine.generator.linear.in_features)
        latents = draw_latents(shape, rng).to(targets[0].device)
    for step in range(current.steps, len(epoch)):
        crops, positions, unlabelled = epoch[step]
        truth = [values[positions] for values in targets]
        latent = None if latents is None else latents[step]
        current.add(engine.step(crops, truth, unlabelled, latent))
        if should_stop():
            return None
    return epoch


def _history_row(number, losses, scores, seconds, epoch):
    return {
        "epoch": number,
        **{name: losses.get(name, np.nan) for name in LOSSES},
        "validation_uar": scores[0],
        "validation_rho": scores[1],
        "seconds": seconds,
        "crops_per_second": epoch.positions.numel() / seconds,
    }


def _log_line(row, stopping):
    losses = "  ".join(f"{name} {row[name]:.3f}" for name in LOSSES if not np.isnan(row[name]))
    mark = "  best" if stopping.best_epoch == stopping.epoch else ""
    score = f"validation UAR {row['validation_uar']:.4f}  {row['seconds']:.1f} s"
    return f"epoch {row['epoch']:3d}  {losses}  {score}{mark}"

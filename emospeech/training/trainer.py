"""Training one model on one fold with the parameters of a trial and the paper's stopping rule."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from emospeech.crops.pool import UnlabelledStore
from emospeech.crops.sampler import Epoch, Sampler
from emospeech.metrics import UAR_DECIMALS, score, uar_name
from emospeech.models.catalogue import MODELS, build, loss_columns
from emospeech.models.learner import Learner
from emospeech.models.settings import PRETRAIN
from emospeech.runtime.errors import StoppedError
from emospeech.runtime.rng import spawn_rng
from emospeech.training.checkpoint import (
    Checkpoint,
    EpochProgress,
    Progress,
    digest_of_audio,
    digest_of_labels,
)
from emospeech.training.data import DrawCounts, load_parts, make_pool
from emospeech.training.device import resolve_precision, torch_device
from emospeech.training.engine import Engine
from emospeech.training.fold import Fold
from emospeech.training.live import STOPPED, LiveFiles, LiveProgress
from emospeech.training.losses import objective_of
from emospeech.training.predictor import predict
from emospeech.training.sample_grid import SampleGrid
from emospeech.training.settings import Settings
from emospeech.training.trial import Trial

log = logging.getLogger(__name__)

NO_SCORES = (np.nan, np.nan)  # UAR and rho of a diverged training run
SAMPLE_GRID = (0, 0)  # end of the spawn key of the grids; those of epochs end in one number


@dataclass(frozen=True)
class Outcome:
    """The results of one training run."""

    history: pd.DataFrame  # one row per epoch
    weights: dict[str, torch.Tensor]  # of the best epoch
    validation: dict  # the best epoch and its score, see Trainer.summary
    draws: pd.DataFrame  # how often each recording was drawn, see DrawCounts.table
    samples: dict[str, np.ndarray]  # of the generator over the epochs, see SampleGrid.arrays
    settings: Settings  # with the precision that was used


@dataclass
class EarlyStopping:
    """Stops when the best validation UAR has not been exceeded for `patience` epochs."""

    patience: int
    pretraining: int = 0  # epochs without labels, which do not count
    best: float = -1.0
    best_epoch: int = 0
    epoch: int = 0

    def update(self, uar: float) -> bool:
        """Record the UAR of an epoch; return whether it exceeds all earlier ones."""
        self.epoch += 1
        if uar > self.best:
            self.best, self.best_epoch = uar, self.epoch
        return self.best_epoch == self.epoch

    @property
    def should_stop(self) -> bool:
        """Whether the patience is exhausted."""
        return self.epoch - max(self.best_epoch, self.pretraining) >= self.patience


class Trainer:
    """The networks, the data and the settings of one training run.

    All random numbers depend on the seed, the trial and the fold.
    """

    def __init__(
        self,
        model: str,
        fold: Fold,
        unlabelled: Sequence[UnlabelledStore],
        trial: Trial,
        settings: Settings,
        seed: int | None = None,
    ):
        """Build the networks and open the data.

        Args:
            model: Name of the model.
            fold: The labelled recordings and their parts.
            unlabelled: The stores of `Fold.open_unlabelled`; some models do not use them.
            trial: The parameters.
            settings: The settings of the study.
            seed: The seed of the initial weights and all draws; by default that of the study.
        """
        device = torch_device(settings.training)
        log.info("%s, trial %d, fold %d, on %s", model, trial.trial_id, fold.fold_id, device.type)
        precision = resolve_precision(settings.training.precision, device.type)
        training = replace(settings.training, precision=precision)
        self.model, self.fold, self.trial = model, fold, trial
        self.settings = replace(settings, training=training)
        self.seed = settings.seed if seed is None else seed
        self.learner = learner = self._build().to(device)
        self.network = learner.network
        self.tasks = settings.labels.tasks(MODELS[model].multitask)
        parameters = trial.parameters
        self.engine = Engine(learner, self.tasks, parameters["learning_rate"], self.settings)
        self.parts = load_parts(fold, MODELS[model], trial, settings, device)
        train = self.parts["train"]
        kind, width, size = learner.unlabelled_pool(parameters, settings.apc)
        pool = None
        if MODELS[model].unlabelled:
            pool = make_pool(unlabelled, settings, self.seed, device, width, kind)
        self.sampler = Sampler(
            train.gather,
            train.part.recordings,
            train.part.labels[:, 0],
            pool,
            parameters["batch_size"],
            size,
            len(self.tasks[0].classes) if settings.labels.oversample else None,
        )
        pretrains = pool is not None and settings.apc.schedule == PRETRAIN
        pretraining = settings.apc.pretrain_epochs if pretrains else 0
        self.stopping = EarlyStopping(training.patience, pretraining)
        self.progress, self.diverged = Progress(), False
        self.pause_after = math.inf  # epochs

    def train(
        self,
        checkpoint: str | Path | None = None,
        code: str | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        epochs: int | None = None,
    ) -> Outcome:
        """Train until the validation UAR no longer increases, or for a number of epochs.

        A training run whose losses or weights are no longer finite has diverged and ends with that
        epoch.

        Args:
            checkpoint: File in which the state is saved after epochs, see
                `Checkpoint.save_if_due`. A training run with the same identity and `code` resumes
                from it. The caller removes the file when the outcome is stored. Its folder also
                shows the progress, see `training.live`.
            code: A fingerprint of the code.
            should_stop: Called after each step.
            epochs: Number of epochs, without those of pretraining, after which the training run
                pauses; a later run can continue from its checkpoint. None: until it ends.

        Raises:
            StoppedError: `should_stop()` returned true; the state after the last step is saved.
        """
        state = Checkpoint(checkpoint, self.identity() | {"code": code})
        self.progress = progress = state.resume(self.engine)
        grid_rng = self._rng(*SAMPLE_GRID)
        grid = SampleGrid(self.learner, grid_rng, progress.grids)
        draws = DrawCounts(self.sampler, progress.draws)
        progress.draws, progress.grids = draws.counts, grid.grids
        for row in progress.history:
            self.stopping.update(row["validation_uar"])
        if epochs is not None:
            self.pause_after = self.stopping.pretraining + epochs
        live = self._live_files(checkpoint)
        live.update(progress)

        def after_step() -> bool:
            live.update_if_due(progress)
            return should_stop()

        while not self._has_ended():
            live.begin_epoch(progress)
            if not self._train_epoch(draws, after_step):
                state.save(self.engine, progress)
                live.update(progress, STOPPED)
                raise StoppedError(f"after {progress}; the next run resumes there")
            live.update(progress)
            if not self.diverged:
                grid.add(self.stopping.epoch)
                # The last state is always saved: a resumed job must not repeat a finished trial.
                save = state.save if self._has_ended() else state.save_if_due
                save(self.engine, progress)
        if not self.diverged:
            grid.add(self.stopping.epoch, last=True)
        live.remove()
        return self._outcome(draws, grid)

    def validate(self) -> tuple[float, float]:
        """Return UAR and rho of the target on the validation part.

        They are NaN if outputs are not finite. Rho is also NaN if the target has no scale.
        """
        part, task = self.parts["validation"], self.tasks[0]
        crops = part.fixed_crops(self.settings.seed)
        objective = objective_of(self.settings)
        probabilities = predict(self.network, crops, (task,), objective)[task.name]
        if not np.isfinite(probabilities).all():
            return NO_SCORES
        values = score(part.part.labels[:, 0], probabilities, task)
        return round(values[uar_name(task)], UAR_DECIMALS), values.get("rho", np.nan)

    def summary(self) -> dict:
        """Return the content of validation.json.

        `capped` is true if the training run ended at the maximum number of epochs. A diverged
        training run has no best epoch and no UAR, so it cannot be chosen.
        """
        stopping, pool = self.stopping, self.sampler.pool
        return {
            "model": self.model,
            "trial": self.trial.trial_id,
            "fold": self.fold.fold_id,
            "epochs": len(self.progress.history),
            "capped": self._is_capped() and not (stopping.should_stop or self.diverged),
            "diverged": self.diverged,
            "precision": self.settings.training.precision,
            "unlabelled_hours": None if pool is None else round(pool.hours, 4),
            "epoch": None if self.diverged else stopping.best_epoch,
            "uar": None if self.diverged else stopping.best,
        }

    def identity(self) -> dict[str, object]:
        """Return {key: value} of all that the weights depend on, except the code.

        The keys of settings are those of the config file, with dots. Audio is represented by the
        checksums of the stores, labels and parts by a digest.
        """
        pool = self.sampler.pool.gatherers if self.sampler.pool else ()
        stores = [self.fold.store, *(gather.store for gather in pool)]
        sections = {"trial": self.trial.parameters} | asdict(self.settings)
        study_seed = sections.pop("seed")
        sections["training.apc"] = sections.pop("apc")
        return {
            "model": self.model,
            "fold": self.fold.fold_id,
            "trial": self.trial.trial_id,
            "seed": study_seed,
            "seed of the training": self.seed,
            **{
                f"{section}.{key}": value
                for section, values in sections.items()
                for key, value in values.items()
            },
            "labels": digest_of_labels(self.fold),
            "audio": [digest_of_audio(store) for store in stores],
            "device": self.sampler.gather.device.type,
            "torch": torch.__version__,
            "numpy": np.__version__,
        }

    def _train_epoch(self, draws: DrawCounts, should_stop: Callable[[], bool]) -> bool:
        """Train, validate and record an epoch; return False if it was interrupted."""
        progress, engine, stopping = self.progress, self.engine, self.stopping
        if stopping.pretraining:
            engine.uses_unlabelled = stopping.epoch < stopping.pretraining
            engine.uses_labels = not engine.uses_unlabelled
        began = time.perf_counter() - progress.current.seconds
        rng = self._rng(self.stopping.epoch)
        targets = self.parts["train"].targets
        epoch = train_epoch(engine, self.sampler, targets, rng, progress.current, should_stop)
        if epoch is None:
            progress.current.seconds = time.perf_counter() - began
            return False
        draws.add(epoch)
        means = progress.current.means()
        finite = np.isfinite(list(means.values())).all() and engine.is_finite()
        losses = self.learner.epoch_losses(means)
        uar, rho = self.validate() if finite and engine.uses_labels else NO_SCORES
        self.diverged = not finite or (engine.uses_labels and bool(np.isnan(uar)))
        if stopping.update(uar):
            state = self.network.state_dict()
            progress.best = {name: value.detach().clone() for name, value in state.items()}
        seconds = time.perf_counter() - began
        held_out = self.parts["validation"].masked_crops(self.settings.seed)
        row = {
            "epoch": stopping.epoch,
            **dict.fromkeys(loss_columns(self.model, self.settings.labels), np.nan),
            **losses,
            "validation_uar": uar,
            **({"validation_rho": rho} if self.tasks[0].is_scale else {}),
            **self.learner.held_out_errors(held_out),
            "seconds": seconds,
            "crops_per_second": epoch.positions.numel() / seconds,
        }
        progress.history.append(row)
        progress.current = EpochProgress()
        shown = "  ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
        mark = "  best" if stopping.best_epoch == stopping.epoch else ""
        result = f"validation UAR {uar:.4f}  {seconds:.1f} s"
        log.info(f"epoch {row['epoch']:3d}  {shown}  {result}{mark}")
        if self.diverged:
            log.info("diverged in epoch %d: losses or weights are not finite", row["epoch"])
        return True

    def _outcome(self, draws: DrawCounts, grid: SampleGrid) -> Outcome:
        weights = self.progress.best
        if weights is None:  # diverged in the first epoch: the initial weights
            weights = self._build().network.state_dict()
        self.network.load_state_dict(weights)
        history = pd.DataFrame(self.progress.history)
        drawn = draws.table(self.parts, self.tasks, len(history))
        return Outcome(history, weights, self.summary(), drawn, grid.arrays(), self.settings)

    def _live_files(self, checkpoint: str | Path | None) -> LiveFiles:
        training = self.settings.training
        start = LiveProgress(
            model=self.model,
            trial=self.trial.trial_id,
            fold=self.fold.fold_id,
            seed=self.seed,
            steps_per_epoch=self.sampler.steps,
            patience=training.patience,
            max_epochs=int(min(training.max_epochs, self.pause_after)),
            pretraining=self.stopping.pretraining,
        )
        folder = None if checkpoint is None else Path(checkpoint).parent
        return LiveFiles(folder, start, self.sampler.batch_size)

    def _build(self) -> Learner:
        seed = int(self._rng().integers(2**63))
        rows = self.fold.store.settings.rows
        settings = self.settings
        return build(
            self.model, rows, self.trial.parameters, settings.models, seed, settings.labels
        )

    def _rng(self, *key: int) -> np.random.Generator:
        return spawn_rng(self.seed, self.trial.trial_id, self.fold.fold_id, *key)

    def _is_capped(self) -> bool:
        return self.stopping.epoch >= self.settings.training.max_epochs

    def _has_ended(self) -> bool:
        is_paused = self.stopping.epoch >= self.pause_after
        return is_paused or self.stopping.should_stop or self.diverged or self._is_capped()


def train_epoch(
    engine: Engine,
    sampler: Sampler,
    targets: list[torch.Tensor],
    rng: np.random.Generator,
    current: EpochProgress,
    should_stop: Callable[[], bool] = lambda: False,
) -> Epoch | None:
    """Train one epoch.

    Args:
        engine: The networks and their optimisers.
        sampler: Draws the batches.
        targets: A tensor (recordings of the part, outputs) for each task.
        rng: The random generator of the epoch.
        current: The steps of this epoch that an earlier run has finished; training resumes after
            them, with the same draws. It is updated after each step.
        should_stop: Called after each step; the epoch is interrupted if it returns true.

    Returns:
        The drawn batches, or None if the epoch was interrupted.
    """
    epoch = sampler.epoch(rng)
    steps, batch_size = epoch.positions.shape
    noise = engine.learner.draw_noise(steps, batch_size, rng)
    for step in range(current.steps, len(epoch)):
        crops, positions, unlabelled = epoch[step]
        batch = [values[positions] for values in targets]
        drawn = None if noise is None else noise[step]
        current.add(engine.step(crops, batch, unlabelled, drawn))
        if should_stop():
            return None
    return epoch

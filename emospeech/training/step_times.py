"""How long training steps take on this machine, measured on spectrograms of noise.

The steps are those of a training run, with its Engine and Sampler. Large networks are timed with
few crops, and their time for a whole batch is extrapolated.
"""

import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
import torch

from emospeech.crops.gather import CropGatherer
from emospeech.crops.sampler import Sampler
from emospeech.models.catalogue import MODELS, build
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import Store, offsets_of
from emospeech.training.checkpoint import EpochProgress
from emospeech.training.device import resolve_precision, torch_device
from emospeech.training.engine import Engine
from emospeech.training.losses import objective_of
from emospeech.training.predictor import predict
from emospeech.training.settings import Settings
from emospeech.training.trainer import train_epoch

UTTERANCES, SECONDS, WORDS = 64, 4.46, 10  # of noise; the length is the mean of IEMOCAP
FEWEST_CROPS = 2  # batch normalisation needs two
FEW_CROPS = 8  # in the larger batch, if a whole batch takes longer than LONG_STEP
LONG_STEP = 0.5  # seconds
STEPS = {"cpu": 5, "cuda": 10}  # timed in each batch size, after two others
REPEATS = 3  # of these steps, of which the median counts
VALIDATED = 16  # crops
CHECKED_BYTES = 2**26


@dataclass(frozen=True)
class StepTime:
    """Times of a model with the parameters of a trial, in seconds.

    Attributes:
        fixed: The part of a step that does not depend on the batch size.
        per_crop: The part of a step for each labelled crop, and the unlabelled ones with it.
        validation: Validation, for each crop.
        gpu_bytes: Peak memory of the GPU, 0 on a CPU.
    """

    fixed: float
    per_crop: float
    validation: float
    gpu_bytes: int = 0

    def step(self, batch_size: int) -> float:
        """Return the seconds of a step."""
        return self.fixed + self.per_crop * batch_size


class StepTimer:
    """Times steps of any model on the device of some settings."""

    def __init__(self, settings: Settings, spectrograms: SpectrogramSettings):
        """Draw noise in the form of the spectrograms."""
        self.device = torch_device(settings.training)
        precision = resolve_precision(settings.training.precision, self.device.type)
        self.settings = replace(settings, training=replace(settings.training, precision=precision))
        self.store = noise_store(spectrograms)

    def time(self, model: str, trial: Mapping) -> StepTime:
        """Time steps of a model with the parameters of a trial, and its validation."""
        rows = self.store.settings.rows
        learner = build(model, rows, trial, self.settings.models, seed=0).to(self.device)
        tasks, on_gpu = MODELS[model].tasks, self.device.type == "cuda"
        engine = Engine(learner, tasks, trial["learning_rate"], self.settings)
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(self.device)
        whole = trial["batch_size"]
        few = max(FEWEST_CROPS, whole // 4) if on_gpu else FEWEST_CROPS
        self._train(engine, model, trial, few, 1)  # the first step initialises libraries
        first = self._train(engine, model, trial, few, 1)
        is_long = first / few * whole > LONG_STEP and not on_gpu
        many = min(whole, FEW_CROPS) if is_long else whole
        if many == whole:
            few = max(FEWEST_CROPS, whole // 4)
        steps = 1 if is_long else STEPS[self.device.type]
        for size in (few, many) if not is_long else ():
            self._train(engine, model, trial, size, 1)
        small, large = (
            median(
                self._train(engine, model, trial, size, steps)
                for _ in range(1 if is_long else REPEATS)
            )
            for size in (few, many)
        )
        per_crop = (large - small) / max(1, many - few)
        if per_crop <= 0:  # noise of the measurement
            per_crop = large / many
        fixed = max(0.0, large - per_crop * many)
        memory = torch.cuda.max_memory_allocated(self.device) if on_gpu else 0
        return StepTime(fixed, per_crop, self._validate(learner, trial), memory)

    def _train(self, engine: Engine, model: str, trial: Mapping, batch: int, steps: int) -> float:
        """Train with some batches and return the mean seconds of a step."""
        learner, settings, rng = engine.learner, self.settings, np.random.default_rng(0)
        recordings = np.arange(batch * steps) % len(self.store.recordings)
        kind, width, size = learner.unlabelled_pool(trial, settings.apc)
        pool, edge = None, settings.crops.edge
        if MODELS[model].unlabelled:
            every = np.arange(len(self.store.recordings))
            pool = kind([CropGatherer(self.store, width, self.device, edge)], [every])
            if size == trial["batch_size"]:  # as many unlabelled as labelled crops
                size = batch
        gather = CropGatherer(self.store, trial["crop_width"], self.device, edge)
        valence = np.full(len(recordings), 3.0)
        sampler = Sampler(gather, recordings, valence, pool, batch, size, oversample=False)
        shape = (len(recordings), settings.labels.outputs)
        target = torch.full(shape, 1 / shape[1], device=self.device)
        targets, progress = [target] * len(engine.tasks), EpochProgress()
        start = time.perf_counter()
        train_epoch(engine, sampler, targets, rng, progress)
        progress.means()  # waits until a GPU has finished, as at the end of an epoch
        return (time.perf_counter() - start) / steps

    def _validate(self, learner, trial) -> float:
        shape = (VALIDATED, 1, trial["crop_width"], self.store.settings.rows)
        crops, objective = torch.zeros(shape, device=self.device), objective_of(self.settings)
        seconds = []
        for _ in range(2):  # the first pass initialises libraries
            start = time.perf_counter()
            predict(learner.network, [crops], ("valence",), objective)
            seconds.append(time.perf_counter() - start)
        return min(seconds) / VALIDATED


def noise_store(settings: SpectrogramSettings) -> Store:
    """Return a store in memory with recordings of noise."""
    rng, frames = np.random.default_rng(0), round(SECONDS * settings.frame_rate)
    values = np.empty((UTTERANCES * frames + 1, settings.rows), settings.dtype)
    noise = rng.random(values.shape, np.float32)
    values[:] = 255 * noise if settings.dtype == "uint8" else 2 * noise - 1
    starts = np.tile(np.linspace(0, SECONDS - 0.3, WORDS), UTTERANCES)
    return Store(
        frames=values,
        offsets=offsets_of(np.full(UTTERANCES, frames)),
        recordings=tuple(map(str, range(UTTERANCES))),
        word_start=starts,
        word_end=starts + 0.3,
        word_offsets=offsets_of(np.full(UTTERANCES, WORDS)),
        checksums=np.zeros(UTTERANCES, np.uint32),
        settings=settings,
        irregular=np.zeros(UTTERANCES, np.uint8),
        path=Path("noise.h5"),  # names the corpus; there is no such file
    )


@dataclass(frozen=True)
class StepTimes:
    """The times of some trials of each model, from which those of others are interpolated."""

    timed: Mapping[str, list[tuple[float, StepTime]]]  # {model: [(work, time)]}, ascending

    @classmethod
    def measure(
        cls, sizes: Mapping[str, Iterable[tuple[float, Mapping]]], points: int, time: Callable
    ) -> "StepTimes":
        """Time `points` trials of each model, from the smallest to the largest network.

        Args:
            sizes: {model: [(work, parameters of a trial)]}.
            points: Number of trials of a model.
            time: `StepTimer.time`, or another function of a model and a trial.
        """
        timed = {}
        for model, trials in sizes.items():
            order = sorted(trials, key=lambda pair: pair[0])
            indices = np.unique(np.linspace(0, len(order) - 1, points).round().astype(int))
            found = {order[index][0]: time(model, order[index][1]) for index in indices.tolist()}
            timed[model] = sorted(found.items(), key=lambda pair: pair[0])
        return cls(timed)

    def of(self, model: str, work: float) -> StepTime:
        """Return the interpolated times; times are interpolated over work on logarithmic scales."""
        works, times = zip(*self.timed[model], strict=True)

        def at(name: str) -> float:
            values = np.log([max(getattr(time, name), 1e-9) for time in times])
            return float(np.exp(np.interp(np.log(work), np.log(works), values)))

        memory = max(time.gpu_bytes for time in times)
        return StepTime(at("fixed"), at("per_crop"), at("validation"), memory)


def seconds_to_start() -> float:
    """Return how long the process of a training run takes to start."""
    command = [sys.executable, "-c", "import emospeech.training.trainer"]
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    start = time.perf_counter()
    subprocess.run(command, check=True, env=os.environ | paths)
    return time.perf_counter() - start


def bytes_checked_per_second() -> float:
    """Return how fast a training run checks the frames of a store when it opens it."""
    values = np.zeros(CHECKED_BYTES, np.uint8)
    start = time.perf_counter()
    zlib.crc32(values.data)
    return CHECKED_BYTES / (time.perf_counter() - start)

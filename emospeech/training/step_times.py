"""How long training steps take on this machine, measured on spectrograms of noise.

The steps are those of a training run, with its Engine and Sampler. Large networks are timed with
few crops, and their time for a whole batch is extrapolated. On a CPU, times are CPU times, so that
other programs do not change them much.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

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
FEW_CROPS = 8  # in a batch, if a whole one takes longer than LONG_STEP
LONG_STEP = 0.5  # seconds
STEPS = {"cpu": 1, "cuda": 10}  # timed together, since a GPU runs behind the program
REPEATS = 10  # of these steps, of which the fastest counts
LONG_REPEATS = 2  # on a CPU, if a whole batch takes longer than LONG_STEP
VALIDATED = 16  # crops


@dataclass(frozen=True)
class StepTime:
    """Times of a model with the parameters of a trial.

    Attributes:
        step: Seconds of a training step.
        validation: Seconds of validation, for each crop.
        gpu_bytes: Peak memory of the GPU, 0 on a CPU.
    """

    step: float
    validation: float
    gpu_bytes: int = 0


class StepTimer:
    """Times steps of any model on the device of some settings."""

    def __init__(self, settings: Settings, spectrograms: SpectrogramSettings, cores: int):
        """Draw noise in the form of the spectrograms; `cores` are the CPU cores of a run."""
        self.device = torch_device(settings.training)
        self.precision = resolve_precision(settings.training.precision, self.device.type)
        training = replace(settings.training, precision=self.precision)
        self.settings = replace(settings, training=training)
        self.store = noise_store(spectrograms)
        self.busy = min(settings.training.threads, cores)  # cores that a training run uses

    def time(self, model: str, trial: Mapping) -> StepTime:
        """Time steps of a model with the parameters of a trial, and its validation."""
        rows, on_gpu = self.store.settings.rows, self.device.type == "cuda"
        labels = self.settings.labels
        learner = build(model, rows, trial, self.settings.models, 0, labels).to(self.device)
        tasks = labels.tasks(MODELS[model].multitask)
        engine = Engine(learner, tasks, trial["learning_rate"], self.settings)
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(self.device)
        whole, repeats = trial["batch_size"], REPEATS
        batch = few = min(FEW_CROPS, whole)
        for _ in range(2):  # the first step initialises libraries
            first = self._train(engine, model, trial, few)
        if on_gpu or first * whole / few <= LONG_STEP:
            batch = whole
            self._train(engine, model, trial, batch)
        else:
            repeats = LONG_REPEATS
        fastest = min(self._train(engine, model, trial, batch) for _ in range(repeats))
        memory = torch.cuda.max_memory_allocated(self.device) if on_gpu else 0
        return StepTime(fastest * whole / batch, self._validate(learner, trial, repeats), memory)

    def _train(self, engine: Engine, model: str, trial: Mapping, batch: int) -> float:
        """Train with some batches and return the mean seconds of a step."""
        learner, settings, rng = engine.learner, self.settings, np.random.default_rng(0)
        steps = STEPS[self.device.type]
        recordings = np.arange(batch * steps) % len(self.store.recordings)
        kind, width, size = learner.unlabelled_pool(trial, settings.apc)
        pool, edge = None, settings.crops.edge
        if MODELS[model].unlabelled:
            every = np.arange(len(self.store.recordings))
            pool = kind([CropGatherer(self.store, width, self.device, edge)], [every])
            if size == trial["batch_size"]:  # as many unlabelled as labelled crops
                size = batch
        gather = CropGatherer(self.store, trial["crop_width"], self.device, edge)
        ones, tasks = np.ones(len(recordings)), settings.labels.tasks(MODELS[model].multitask)
        sampler = Sampler(gather, recordings, ones, pool, batch, size, even_classes=None)
        sizes, progress = [settings.labels.outputs(task) for task in tasks], EpochProgress()
        targets = [torch.full((len(ones), n), 1 / n, device=self.device) for n in sizes]
        start = self._clock()
        train_epoch(engine, sampler, targets, rng, progress)
        progress.means()  # waits until a GPU has finished, as at the end of an epoch
        return float((self._clock() - start).max()) / steps

    def _validate(self, learner, trial, repeats) -> float:
        shape = (VALIDATED, 1, trial["crop_width"], self.store.settings.rows)
        crops, objective = torch.zeros(shape, device=self.device), objective_of(self.settings)
        seconds = []
        for _ in range(repeats):  # the first pass initialises libraries
            start = self._clock()
            predict(learner.network, [crops], self.settings.labels.tasks(False), objective)
            seconds.append(float((self._clock() - start).max()))
        return min(seconds) / VALIDATED

    def _clock(self) -> np.ndarray:
        """Return seconds on several clocks, of which the one with the longest time counts."""
        if self.device.type == "cuda":
            return np.array([time.perf_counter()])
        # The main thread runs all the time, if each of the others has a core of its own.
        return np.array([time.thread_time(), time.process_time() / self.busy])


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


def seconds_to_start() -> float:
    """Return the CPU time that the process of a training run takes to start."""
    command = [sys.executable, "-c", "import emospeech.training.trainer"]
    paths, before = {"PYTHONPATH": os.pathsep.join(sys.path)}, os.times()
    subprocess.run(command, check=True, env=os.environ | paths)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])  # user and system time of children

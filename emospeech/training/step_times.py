"""How long training steps take on this machine, measured on spectrograms of noise.

The steps are those of a training run, with its Engine and Sampler. Large networks are timed with
few crops, and their time for a whole batch is extrapolated. On a CPU, times are CPU times, so that
other programs do not change them much.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.device import resolve_precision, torch_device
from emospeech.training.losses import objective_of
from emospeech.training.noise import NoiseRun, noise_store
from emospeech.training.predictor import predict
from emospeech.training.settings import Settings

HOURS = 0.08  # of noise
FEW_CROPS = 8  # in a batch, if a whole one takes longer than LONG_STEP
LONG_STEP = 0.5  # seconds
STEPS = {"cpu": 1, "cuda": 10}  # timed together, since a GPU runs behind the program
REPEATS = 10  # of these steps, of which the fastest counts
LONG_REPEATS = 2  # on a CPU, if a whole batch takes longer than LONG_STEP
VALIDATION_CROPS = 16


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
        self.store = noise_store(spectrograms, HOURS)
        self.busy = min(settings.training.threads, cores)  # cores that a training run uses

    def time(self, model: str, trial: Mapping) -> StepTime:
        """Time steps of a model with the parameters of a trial, and its validation."""
        on_gpu, steps = self.device.type == "cuda", STEPS[self.device.type]

        def prepared(batch: int) -> NoiseRun:
            parameters = {**trial, "batch_size": batch}
            return NoiseRun(model, parameters, steps, self.store, self.settings)

        whole, repeats = trial["batch_size"], REPEATS
        batch = whole if on_gpu else min(FEW_CROPS, whole)
        run = prepared(batch)
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(self.device)
        for _ in range(2):  # the first epoch initialises libraries
            first = self._seconds(run.train) / steps
        if not on_gpu and first * whole / batch > LONG_STEP:
            repeats = LONG_REPEATS
        elif batch < whole:
            batch, run = whole, prepared(whole)
            run.train()
        fastest = min(self._seconds(run.train) for _ in range(repeats)) / steps
        memory = torch.cuda.max_memory_allocated(self.device) if on_gpu else 0
        return StepTime(fastest * whole / batch, self._validate(run, trial, repeats), memory)

    def _validate(self, run, trial, repeats) -> float:
        """Return the seconds of validation, for each crop."""
        shape = (VALIDATION_CROPS, 1, trial["crop_width"], self.store.settings.rows)
        crops, objective = torch.zeros(shape, device=self.device), objective_of(self.settings)
        tasks = self.settings.labels.tasks(multitask=False)
        validate = partial(predict, run.engine.network, [crops], tasks, objective)
        # The first pass initialises libraries.
        return min(self._seconds(validate) for _ in range(repeats)) / VALIDATION_CROPS

    def _seconds(self, function: Callable[[], object]) -> float:
        start = self._clock()
        function()
        return float((self._clock() - start).max())

    def _clock(self) -> np.ndarray:
        """Return seconds on several clocks, of which the one with the longest time counts."""
        if self.device.type == "cuda":
            return np.array([time.perf_counter()])
        # The main thread runs all the time, if each of the others has a core of its own.
        return np.array([time.thread_time(), time.process_time() / self.busy])


def seconds_to_start() -> float:
    """Return the CPU time that the process of a training run takes to start."""
    command = [sys.executable, "-c", "import emospeech.training.trainer"]
    paths, before = {"PYTHONPATH": os.pathsep.join(sys.path)}, os.times()
    subprocess.run(command, check=True, env=os.environ | paths)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])  # user and system time of children

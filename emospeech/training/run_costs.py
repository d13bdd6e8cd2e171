"""The costs of training runs on this machine, from the times of some of their steps."""

from collections.abc import Iterable, Mapping

from emospeech.models.catalogue import MODELS
from emospeech.models.sizes import NetworkSize
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.estimate import RunCost
from emospeech.training.memory import training_megabytes
from emospeech.training.settings import Settings
from emospeech.training.step_times import (
    StepTimer,
    StepTimes,
    bytes_checked_per_second,
    seconds_to_start,
)

FEW_MODELS = 4  # up to which three trials of each model are timed, and otherwise two


class RunCosts:
    """Times steps of some trials when it is created, and returns the costs of any trial."""

    def __init__(
        self,
        settings: Settings,
        spectrograms: SpectrogramSettings,
        trials: Mapping[str, Iterable[Mapping]],
        checked_bytes: Mapping[str, float],
    ):
        """Time steps, the start of a process and the check of a store.

        Args:
            settings: The settings of the study.
            spectrograms: Those of the spectrograms.
            trials: {model: parameters of all trials of interest}.
            checked_bytes: {model: size of the stores that a job opens}.
        """
        self.settings, self.rows = settings, spectrograms.rows
        self.checked_bytes = checked_bytes
        timer = StepTimer(settings, spectrograms)
        self.device, self.precision = timer.device, timer.settings.training.precision
        sizes = {
            model: [(self.size(model, trial).work, trial) for trial in parameters]
            for model, parameters in trials.items()
        }
        points = 3 if len(sizes) <= FEW_MODELS else 2
        self.times = StepTimes.measure(sizes, points, timer.time)
        self.start, self.check_rate = seconds_to_start(), bytes_checked_per_second()

    def __call__(self, model: str, trial: Mapping) -> RunCost:
        """Return the costs of a model with the parameters of a trial."""
        size = self.size(model, trial)
        time = self.times.of(model, size.work)
        return RunCost(
            step=time.step(trial["batch_size"]),
            validation=time.validation,
            start=self.start + self.checked_bytes[model] / self.check_rate,
            parameters=size.parameters,
            memory_mb=training_megabytes(model, self.rows, trial, self.settings.models),
        )

    def size(self, model: str, trial: Mapping) -> NetworkSize:
        """Return the size of a model with the parameters of a trial."""
        return MODELS[model].family.size(self.rows, trial, self.settings.models)

    def gpu_bytes(self) -> int:
        """Return the peak memory of the GPU in the timed steps, 0 on a CPU."""
        return max(time.gpu_bytes for timed in self.times.timed.values() for _, time in timed)

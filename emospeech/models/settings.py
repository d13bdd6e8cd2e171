"""Settings of the networks: the config section `models` without the names, and `training.apc`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from emospeech.runtime.errors import InputError

PRETRAIN = "pretrain"  # a value of `training.apc.schedule`


@dataclass(frozen=True)
class ModelSettings:
    """Settings of the networks that all trials share; the sizes are part of a trial."""

    filter_multiples: tuple[int, ...] = (1, 1, 1, 1)  # multiples of the trial's `filters`, by layer
    batch_norm: bool = True  # in the trunk and the generator
    batch_norm_statistics: str = "labelled"  # batches behind the running averages; or "all"
    spectral_norm: bool = False  # in the trunk and the real/fake head of the DCGANs
    shared_units: int = 1024  # of the fully connected layer under the heads
    latent_size: int = 100
    negative_slope: float = 0.2  # of the leaky ReLU
    weight_deviation: float = 0.02  # standard deviation of the initial weights


@dataclass(frozen=True)
class ApcSettings:
    """Settings of the APC models: the config section `training.apc`."""

    schedule: str = "alternate"  # APC and labels in each step; or "pretrain": APC first
    pretrain_epochs: int = 10  # of APC alone, with the schedule "pretrain"
    window: int = 128  # frames of an unlabelled crop
    batch_size: int = 32  # unlabelled crops in a step

    def check(self, max_epochs: int, trials: Iterable[Mapping]) -> None:
        """Raise InputError if nothing could be predicted, or no epoch would learn from labels.

        Args:
            max_epochs: The maximum number of epochs of a training run.
            trials: The parameters of all trials.
        """
        for trial in trials:
            ahead, width = trial["steps_ahead"], min(self.window, trial["crop_width"])
            if ahead >= width:
                problem = f"{ahead} frames are not in a crop of {width}"
                raise InputError(
                    "search.sequential_space.steps_ahead",
                    f"{problem}. Use fewer, or larger crop_width and training.apc.window.",
                )
        if self.schedule == PRETRAIN and self.pretrain_epochs >= max_epochs:
            problem = f"no epoch is left for the labels, since training.max_epochs is {max_epochs}"
            raise InputError("training.apc.pretrain_epochs", f"{problem}. Use fewer.")

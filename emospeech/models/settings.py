"""Settings of the networks: the config section `models` without the names, and `training.apc`."""

from dataclasses import dataclass


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

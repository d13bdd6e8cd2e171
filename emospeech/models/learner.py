"""What a training step needs to know of a model: its networks and how they use unlabelled speech.

The updates for the labels are the same for all models, see `training.engine`. A family that learns
from unlabelled speech extends `Learner` by its own updates.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from emospeech.crops.pool import UnlabelledPool
from emospeech.models.networks import Network
from emospeech.models.settings import ApcSettings


class Update(NamedTuple):
    """A loss of a step, and how the parameters are updated to lower it."""

    name: str
    loss: torch.Tensor  # scalar
    keep_graph: bool = False  # a later loss of the step uses the same forward pass
    logged: Mapping[str, torch.Tensor] = {}  # more numbers; epoch_losses gets means over the steps


class Learner:
    """The network of a model that only learns from labels."""

    generator: nn.Module | None = None  # for the sample grids
    separate: tuple[str, ...] = ()  # updates of their own also with `training.update: joint`

    def __init__(self, network: Network):
        self.network = network

    @property
    def modules(self) -> dict[str, nn.Module]:
        """All networks that are trained, by name."""
        return {"network": self.network}

    def to(self, device: torch.device | torch.dtype) -> "Learner":
        """Move the networks to a device, or convert them to a data type; return the learner."""
        for module in self.modules.values():
            module.to(device)
        return self

    def unlabelled_pool(
        self, trial: Mapping, apc: ApcSettings
    ) -> tuple[type[UnlabelledPool], int, int]:
        """Return the kind of pool, the width of its crops in frames, and the size of its batch."""
        return UnlabelledPool, trial["crop_width"], trial["batch_size"]

    def unlabelled_parameters(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters of each update for unlabelled speech, in the order of a step."""
        return {}

    def unlabelled_updates(self, unlabelled: Any, noise: Any) -> Iterator[Update]:
        """Yield these updates; each is computed after the one before it has been applied.

        Args:
            unlabelled: A batch of `UnlabelledPool.cut`.
            noise: The part of `draw_noise` for this step.
        """
        return iter(())

    def draw_noise(self, steps: int, batch_size: int, rng: np.random.Generator) -> Any:
        """Return random inputs of the networks for an epoch, (steps, ...), or None."""
        return None

    def held_out_errors(
        self, crops: Iterable[tuple[torch.Tensor, torch.Tensor]]
    ) -> dict[str, float]:
        """Return errors on held-out speech that need no labels: columns of history.csv.

        `crops` are batches of `LabelledPart.masked_crops`.
        """
        return {}

    def epoch_losses(self, means: Mapping[str, float]) -> dict[str, float]:
        """Return the losses of an epoch for history.csv, from the means over its steps."""
        return dict(means)

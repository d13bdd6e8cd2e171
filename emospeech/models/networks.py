"""The part that all networks share: a trunk, a shared layer and a head for each task."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from emospeech.models.layers import BatchNorm
from emospeech.models.settings import ModelSettings


@dataclass(frozen=True)
class Architecture:
    """What the shapes of a model's networks depend on."""

    heads: Mapping[str, int]  # the outputs of the head of each task
    rows: int  # frequency rows of a spectrogram
    trial: Mapping  # the parameters of the model's family
    settings: ModelSettings


class Network(nn.Module):
    """A trunk, which maps crops (n, 1, width, rows) to vectors (n, features), and its heads."""

    def __init__(self, trunk: nn.Module, features: int, architecture: Architecture):
        super().__init__()
        units = architecture.settings.shared_units
        heads = {task: nn.Linear(units, size) for task, size in architecture.heads.items()}
        self.trunk = trunk
        self.shared = nn.Linear(features, units)
        self.heads = nn.ModuleDict(heads)
        self.negative_slope = architecture.settings.negative_slope

    def represent(self, crops: torch.Tensor) -> torch.Tensor:
        """Return the output (n, shared_units) of the shared layer for crops (n, 1, width, rows)."""
        return F.leaky_relu(self.shared(self.trunk(crops)), self.negative_slope)

    def classify(
        self, crops: torch.Tensor, tasks: Iterable[str] | None = None
    ) -> dict[str, torch.Tensor]:
        """Return the logits of each of `tasks` (all if None) for crops (n, 1, width, rows).

        They are {task: (n, outputs)}.
        """
        hidden = self.represent(crops)  # (n, units)
        # As float32, so that losses are not rounded in passes with lower precision.
        return {task: self.heads[task](hidden).float() for task in tasks or self.heads}

    def classifier_parameters(self, task: str) -> list[nn.Parameter]:
        """Return the parameters that a task's update changes: trunk, shared layer and its head."""
        parts = (self.trunk, self.shared, self.heads[task])
        return [parameter for part in parts for parameter in part.parameters()]


@torch.no_grad()
def initialise(module: nn.Module, deviation: float, rng: torch.Generator) -> None:
    """Initialise a network, with random numbers from `rng` only.

    As in DCGAN, weights are normally distributed with mean 0 (batch normalisation: mean 1), and
    biases are 0. The weights of an LSTM are uniform up to 1 / sqrt(hidden units), as in torch, and
    the bias of its forget gate is 1, so that it remembers at first (Jozefowicz et al. 2015).
    """
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, BatchNorm)):
            mean = 1 if isinstance(part, BatchNorm) else 0
            nn.init.normal_(part.weight, mean, deviation, generator=rng)
            part.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess] - all have a bias
        elif isinstance(part, nn.LSTM):
            limit = part.hidden_size**-0.5
            for name, values in part.named_parameters():
                if name.startswith("weight"):
                    nn.init.uniform_(values, -limit, limit, generator=rng)
                else:
                    values.zero_()
                if name == "bias_ih_l0":  # of the gates input, forget, cell and output
                    values.view(4, -1)[1] = 1


def use_channels_last(network: nn.Module) -> None:
    """Convert a network to the channels-last memory format, faster on all measured devices."""
    # The type hints of torch lack this option of modules.
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

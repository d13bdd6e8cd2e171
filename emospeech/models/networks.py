"""The networks of Figure 1 of the paper: a trunk with heads, and a generator."""

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from emospeech.models.layers import BatchNorm, Conv2dStride2, ConvTranspose2dStride2, NoNorm
from emospeech.models.settings import ModelSettings

LAYERS = 4  # convolutions of stride 2 in the trunk, and transposed ones in the generator
SHRINK = 2**LAYERS


def layer_filters(trial: Mapping, settings: ModelSettings) -> list[int]:
    """Return the number of filters of each layer of the trunk."""
    return [trial["filters"] * multiple for multiple in settings.filter_multiples]


def bottleneck_shape(rows: int, trial: Mapping, settings: ModelSettings) -> tuple[int, int, int]:
    """Return the shape of the trunk's output: (filters, width / 16, rows / 16).

    The first feature map of the generator has the same shape.
    """
    filters = layer_filters(trial, settings)[-1]
    return filters, trial["crop_width"] // SHRINK, rows // SHRINK


def norm_layers(channels: Iterable[int], settings: ModelSettings) -> nn.ModuleList:
    """Return a normalisation layer for each number of channels."""
    return nn.ModuleList(BatchNorm(n) if settings.batch_norm else NoNorm() for n in channels)


class Trunk(nn.Module):
    """Four convolutions of stride 2: (n, 1, width, rows) to (n, filters * width/16 * rows/16)."""

    def __init__(self, trial: Mapping, settings: ModelSettings):
        super().__init__()
        filters = layer_filters(trial, settings)
        self.convolutions = nn.ModuleList(
            Conv2dStride2(*channels, trial["filter_size"]) for channels in pairwise([1, *filters])
        )
        self.norms = norm_layers(filters[1:], settings)  # none after the first layer, as in DCGAN
        self.negative_slope = settings.negative_slope

    def forward(self, x: torch.Tensor, track: bool = True) -> torch.Tensor:
        """With `track` the pass updates the running averages of batch normalisation."""
        # In place: no gradient needs the output of a convolution or a norm.
        x = F.leaky_relu(self.convolutions[0](x), self.negative_slope, inplace=True)
        for convolution, norm in zip(self.convolutions[1:], self.norms, strict=True):
            x = F.leaky_relu(norm(convolution(x), track), self.negative_slope, inplace=True)
        return x.flatten(1)


class Network(nn.Module):
    """The trunk with a head for each task, and the real/fake head of the DCGANs."""

    def __init__(
        self,
        tasks: tuple[str, ...],
        adversarial: bool,
        rows: int,
        trial: Mapping,
        settings: ModelSettings,
        outputs: int,
    ):
        super().__init__()
        flat = math.prod(bottleneck_shape(rows, trial, settings))
        self.trunk = Trunk(trial, settings)
        self.shared = nn.Linear(flat, settings.shared_units)
        self.heads = nn.ModuleDict(
            {task: nn.Linear(settings.shared_units, outputs) for task in tasks}
        )
        if adversarial:
            self.real_fake = nn.Linear(flat, 1)
        self.negative_slope = settings.negative_slope
        self.tracks_unlabelled = settings.batch_norm_statistics == "all"

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

    def discriminate(self, crops: torch.Tensor, track: bool = False) -> torch.Tensor:
        """Return the logits that crops are real, shape (n,).

        With `track` the pass updates the running averages of batch normalisation.
        """
        return self.real_fake(self.trunk(crops, track)).squeeze(1).float()

    def classifier_parameters(self, task: str) -> list[nn.Parameter]:
        """Return the parameters that a task's update changes: trunk, shared layer and its head."""
        parts = (self.trunk, self.shared, self.heads[task])
        return [parameter for part in parts for parameter in part.parameters()]

    def discriminator_parameters(self) -> list[nn.Parameter]:
        """Return the parameters that the discriminator's update changes."""
        return [*self.trunk.parameters(), *self.real_fake.parameters()]


class Generator(nn.Module):
    """Maps latent vectors (n, latent_size) to crops (n, 1, width, rows) in [-1, 1].

    Its layers have the filters of the trunk's layers in reverse order.
    """

    def __init__(self, rows: int, trial: Mapping, settings: ModelSettings):
        super().__init__()
        filters = layer_filters(trial, settings)[::-1]
        self.start = bottleneck_shape(rows, trial, settings)
        self.linear = nn.Linear(settings.latent_size, math.prod(self.start))
        self.convolutions = nn.ModuleList(
            ConvTranspose2dStride2(*channels, trial["filter_size"])
            for channels in pairwise([*filters, 1])
        )
        self.norms = norm_layers(filters, settings)

    def forward(self, latent: torch.Tensor, track: bool = True) -> torch.Tensor:
        """With `track` the pass updates the running averages of batch normalisation."""
        x = self.linear(latent).view(-1, *self.start)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            x = convolution(F.relu(norm(x, track), inplace=True))
        return torch.tanh(x)


@torch.no_grad()
def initialise(module: nn.Module, deviation: float, rng: torch.Generator) -> None:
    """Initialise a network as in DCGAN, with random numbers from `rng` only.

    Weights are normally distributed with mean 0 (batch normalisation: mean 1); biases are 0.
    """
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, BatchNorm)):
            mean = 1 if isinstance(part, BatchNorm) else 0
            nn.init.normal_(part.weight, mean, deviation, generator=rng)
            part.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess] - all have a bias

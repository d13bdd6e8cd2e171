"""The convolutional networks of Figure 1 of the paper, which learn from labels: the CNN models."""

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from emospeech.models.layers import BatchNorm, Conv2dStride2, NoNorm
from emospeech.models.learner import Learner
from emospeech.models.networks import Network, initialise, use_channels_last
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


def build(
    tasks: tuple[str, ...],
    rows: int,
    trial: Mapping,
    settings: ModelSettings,
    rng: torch.Generator,
    outputs: int,
) -> Learner:
    """Return the learner with initialised networks, for the arguments of `catalogue.build`.

    `rng` is the source of the initial weights.
    """
    flat = math.prod(bottleneck_shape(rows, trial, settings))
    network = Network(Trunk(trial, settings), flat, tasks, settings, outputs)
    initialise(network, settings.weight_deviation, rng)
    use_channels_last(network)
    return Learner(network)

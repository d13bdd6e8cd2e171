"""The convolutional networks of Figure 1 of the paper, which learn from labels: the CNN models."""

import math
from collections.abc import Iterable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from emospeech.models.layers import BatchNorm, Conv2dStride2, NoNorm
from emospeech.models.learner import Learner
from emospeech.models.networks import Architecture, Network, initialise, use_channels_last
from emospeech.models.settings import ModelSettings

LAYERS = 4  # convolutions of stride 2 in the trunk, and transposed ones in the generator
SHRINK = 2**LAYERS


def layer_filters(architecture: Architecture) -> list[int]:
    """Return the number of filters of each layer of the trunk."""
    filters = architecture.trial["filters"]
    return [filters * multiple for multiple in architecture.settings.filter_multiples]


def bottleneck_shape(architecture: Architecture) -> tuple[int, int, int]:
    """Return the shape of the trunk's output: (filters, width / 16, rows / 16).

    The first feature map of the generator has the same shape.
    """
    width, rows = architecture.trial["crop_width"], architecture.rows
    return layer_filters(architecture)[-1], width // SHRINK, rows // SHRINK


def norm_layers(channels: Iterable[int], settings: ModelSettings) -> nn.ModuleList:
    """Return a normalisation layer for each number of channels."""
    return nn.ModuleList(BatchNorm(n) if settings.batch_norm else NoNorm() for n in channels)


class Trunk(nn.Module):
    """Four convolutions of stride 2: (n, 1, width, rows) to (n, filters * width/16 * rows/16)."""

    def __init__(self, architecture: Architecture):
        super().__init__()
        filters, size = layer_filters(architecture), architecture.trial["filter_size"]
        self.convolutions = nn.ModuleList(
            Conv2dStride2(*channels, size) for channels in pairwise([1, *filters])
        )
        # None after the first layer, as in DCGAN.
        self.norms = norm_layers(filters[1:], architecture.settings)
        self.negative_slope = architecture.settings.negative_slope

    def forward(self, x: torch.Tensor, track: bool = True) -> torch.Tensor:
        """With `track` the pass updates the running averages of batch normalisation."""
        # In place: no gradient needs the output of a convolution or a norm.
        x = F.leaky_relu(self.convolutions[0](x), self.negative_slope, inplace=True)
        for convolution, norm in zip(self.convolutions[1:], self.norms, strict=True):
            x = F.leaky_relu(norm(convolution(x), track), self.negative_slope, inplace=True)
        return x.flatten(1)


def build(architecture: Architecture, rng: torch.Generator) -> Learner:
    """Return the learner with networks whose initial weights are drawn from `rng`."""
    features = math.prod(bottleneck_shape(architecture))
    network = Network(Trunk(architecture), features, architecture)
    initialise(network, architecture.settings.weight_deviation, rng)
    use_channels_last(network)
    return Learner(network)

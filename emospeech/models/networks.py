"""The networks: a trunk with heads, and the generator (Fig. 1 of the paper)."""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from emospeech.models.layers import BatchNorm, Conv2dStride2, ConvTranspose2dStride2, NoNorm

LAYERS = 4  # convolutions of stride 2 in the trunk, and transposed ones in the generator
SHRINK = 2**LAYERS


@dataclass(frozen=True)
class NetworkSettings:
    """What the paper leaves open of the networks; the sizes of a trial come beside it."""

    outputs: int = 5  # of the head of a task
    filter_multiples: tuple[int, ...] = (1,) * LAYERS  # of the trial's filters, a layer each
    batch_norm: bool = True  # in the trunk and in the generator
    spectral_norm: bool = False  # in the trunk and the real/fake head of the adversarial models
    batch_norm_statistics: str = "labelled"  # passes that update the running averages; or "all"
    shared_units: int = 1024
    latent_size: int = 100
    negative_slope: float = 0.2  # of the leaky ReLU
    weight_deviation: float = 0.02  # of the normal weights at the start


def layer_filters(trial, settings):
    """Return the numbers of filters of the trunk's layers, the first layer first."""
    return [trial["filters"] * multiple for multiple in settings.filter_multiples]


def smallest_picture(rows, trial, settings):
    """Return the shape behind the trunk's last layer, where the generator starts too."""
    last = layer_filters(trial, settings)[-1]
    return last, trial["crop_width"] // SHRINK, rows // SHRINK  # (filters, width/16, rows/16)


def norms(channels, settings):
    """Return a layer of normalisation for each number of channels, idle without batch norm."""
    return nn.ModuleList(BatchNorm(n) if settings.batch_norm else NoNorm() for n in channels)


class Trunk(nn.Module):
    """Four convolutions of stride 2: (n, 1, width, rows) to (n, filters * width/16 * rows/16)."""

    def __init__(self, trial, settings):
        super().__init__()
        filters = layer_filters(trial, settings)
        self.convolutions = nn.ModuleList(
            Conv2dStride2(*channels, trial["filter_size"]) for channels in pairwise([1, *filters])
        )
        self.norms = norms(filters[1:], settings)  # none after the first layer, as in DCGAN
        self.negative_slope = settings.negative_slope

    def forward(self, x, track=True):
        # In place: what a convolution or a norm has made is needed by nobody else.
        x = F.leaky_relu(self.convolutions[0](x), self.negative_slope, inplace=True)
        for convolution, norm in zip(self.convolutions[1:], self.norms, strict=True):
            x = F.leaky_relu(norm(convolution(x), track), self.negative_slope, inplace=True)
        return x.flatten(1)


class Network(nn.Module):
    """The trunk with a head for each task, and the real/fake head of the DCGANs."""

    def __init__(self, tasks, adversarial, rows, trial, settings):
        super().__init__()
        flat = math.prod(smallest_picture(rows, trial, settings))
        self.trunk = Trunk(trial, settings)
        self.shared = nn.Linear(flat, settings.shared_units)
        self.heads = nn.ModuleDict(
            {task: nn.Linear(settings.shared_units, settings.outputs) for task in tasks}
        )
        self.real_fake = nn.Linear(flat, 1) if adversarial else None
        self.negative_slope = settings.negative_slope
        self.tracks_unlabelled = settings.batch_norm_statistics == "all"

    def represent(self, crops):
        """Return what the shared layer makes of crops: (n, 1, width, rows) to (n, shared_units)."""
        return F.leaky_relu(self.shared(self.trunk(crops)), self.negative_slope)

    def classify(self, crops, tasks=None):
        """Return the logits of each of `tasks` (all if None) for real crops (n, 1, width, rows).

        They are {task: (n, outputs)}.
        """
        hidden = self.represent(crops)  # (n, units)
        # As float32, so that losses are not rounded where the passes are.
        return {task: self.heads[task](hidden).float() for task in tasks or self.heads}

    def discriminate(self, crops, track=False):
        """Return the logits that crops are real, shape (n,).

        With `track` the pass updates the running averages of batch normalisation.
        """
        return self.real_fake(self.trunk(crops, track)).squeeze(1).float()

    def classifier_parameters(self, task):
        """Return what the update of a task touches: trunk, shared layer and its own head."""
        parts = (self.trunk, self.shared, self.heads[task])
        return [parameter for part in parts for parameter in part.parameters()]

    def discriminator_parameters(self):
        """Return what the discriminator's update touches: trunk and real/fake head."""
        return [*self.trunk.parameters(), *self.real_fake.parameters()]


class Generator(nn.Module):
    """From latent vectors (n, latent_size) to crops (n, 1, width, rows) in [-1, 1].

    Its layers have the filters of the trunk's, the last one's first. Without `track` a pass leaves
    the running averages as they are.
    """

    def __init__(self, rows, trial, settings):
        super().__init__()
        filters = layer_filters(trial, settings)[::-1]
        self.start = smallest_picture(rows, trial, settings)
        self.linear = nn.Linear(settings.latent_size, math.prod(self.start))
        self.convolutions = nn.ModuleList(
            ConvTranspose2dStride2(*channels, trial["filter_size"])
            for channels in pairwise([*filters, 1])
        )
        self.norms = norms(filters, settings)

    def forward(self, latent, track=True):
        x = self.linear(latent).view(-1, *self.start)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            x = convolution(F.relu(norm(x, track), inplace=True))
        return torch.tanh(x)


@torch.no_grad()
def initialise(module, deviation, rng):
    """Draw the weights as DCGAN does: normal around 0, those of batch norm around 1; biases 0.

    `rng` is a torch.Generator, so that the weights depend on its seed alone.
    """
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            part.weight.normal_(0, deviation, generator=rng)
            part.bias.zero_()
        elif isinstance(part, BatchNorm):
            part.weight.normal_(1, deviation, generator=rng)
            part.bias.zero_()
    return module

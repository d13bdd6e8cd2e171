"""The networks: a trunk with heads, and the generator (Fig. 1 of the paper)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from emospeech.labels import CLASSES
from emospeech.models.layers import BatchNorm, DoublingConv, HalvingConv

LAYERS = 4  # convolutions of stride 2 in the trunk, and transposed ones in the generator
SHRINK = 2**LAYERS


@dataclass(frozen=True)
class NetworkSettings:
    """The sizes that the paper leaves open; those of a trial come beside them."""

    shared_units: int = 1024
    latent_size: int = 100
    negative_slope: float = 0.2  # of the leaky ReLU
    weight_deviation: float = 0.02  # of the normal weights at the start


class Trunk(nn.Module):
    """Four convolutions of stride 2: (n, 1, rows, width) to (n, filters * rows/16 * width/16)."""

    def __init__(self, filters, filter_size, negative_slope):
        super().__init__()
        channels = [1] + [filters] * LAYERS
        self.convolutions = nn.ModuleList(
            HalvingConv(channels[i], channels[i + 1], filter_size) for i in range(LAYERS)
        )
        # None after the first layer, as in DCGAN.
        self.norms = nn.ModuleList(BatchNorm(filters) for _ in range(LAYERS - 1))
        self.negative_slope = negative_slope

    def forward(self, x, track=True):
        x = F.leaky_relu(self.convolutions[0](x), self.negative_slope)
        for convolution, norm in zip(self.convolutions[1:], self.norms, strict=True):
            x = F.leaky_relu(norm(convolution(x), track), self.negative_slope)
        return x.flatten(1)


class Network(nn.Module):
    """The trunk with a five-way head for each task, and the real/fake head of the DCGANs."""

    def __init__(self, tasks, adversarial, rows, trial, settings):
        super().__init__()
        flat = trial["filters"] * (rows // SHRINK) * (trial["crop_width"] // SHRINK)
        self.trunk = Trunk(trial["filters"], trial["filter_size"], settings.negative_slope)
        self.shared = nn.Linear(flat, settings.shared_units)
        self.heads = nn.ModuleDict(
            {task: nn.Linear(settings.shared_units, len(CLASSES)) for task in tasks}
        )
        self.real_fake = nn.Linear(flat, 1) if adversarial else None
        self.negative_slope = settings.negative_slope

    def classify(self, crops, tasks=None):
        """Return the logits of each task, {task: (n, 5)}, for real crops (n, 1, rows, width)."""
        hidden = F.leaky_relu(self.shared(self.trunk(crops)), self.negative_slope)  # (n, units)
        return {task: self.heads[task](hidden) for task in tasks or self.heads}

    def judge(self, crops, real):
        """Return the logits that crops are real, (n,); the averages follow real crops only."""
        return self.real_fake(self.trunk(crops, track=real)).squeeze(1)

    def classifier_parameters(self, task):
        """Return what the update of a task touches: trunk, shared layer and its own head."""
        parts = (self.trunk, self.shared, self.heads[task])
        return [parameter for part in parts for parameter in part.parameters()]

    def discriminator_parameters(self):
        """Return what the discriminator's update touches: trunk and real/fake head."""
        return [*self.trunk.parameters(), *self.real_fake.parameters()]


class Generator(nn.Module):
    """From latent vectors (n, latent_size) to crops (n, 1, rows, width) in [-1, 1]."""

    def __init__(self, rows, trial, settings):
        super().__init__()
        filters = trial["filters"]
        self.start = (filters, rows // SHRINK, trial["crop_width"] // SHRINK)
        self.linear = nn.Linear(settings.latent_size, torch.Size(self.start).numel())
        channels = [filters] * LAYERS + [1]
        self.convolutions = nn.ModuleList(
            DoublingConv(channels[i], channels[i + 1], trial["filter_size"]) for i in range(LAYERS)
        )
        self.norms = nn.ModuleList(BatchNorm(filters) for _ in range(LAYERS))

    def forward(self, latent):
        x = self.linear(latent).view(-1, *self.start)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            x = convolution(F.relu(norm(x)))
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

"""The DCGAN models: the network of the CNN models as discriminator, trained against a generator.

With sigma the logistic function and s the logit that an input is real:

    L_r = -mean log sigma(s)        for real inputs
    L_f = -mean log(1 - sigma(s))   for generated inputs; the discriminator's loss is L_r + L_f
    L_g = -mean log sigma(s)        for generated inputs, the generator's loss

Large logits do not overflow, since -log sigma(s) = softplus(-s) and -log(1 - sigma(s)) =
softplus(s).
"""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from emospeech.models.cnn import Trunk, bottleneck_shape, layer_filters, norm_layers
from emospeech.models.layers import ConvTranspose2dStride2, add_spectral_norm
from emospeech.models.learner import Learner, Update
from emospeech.models.networks import Architecture, Network, initialise, use_channels_last
from emospeech.models.settings import ModelSettings


def real_loss(logits: torch.Tensor) -> torch.Tensor:
    """Return L_r, or L_g if the logits are those of generated inputs."""
    return F.softplus(-logits).mean()


def fake_loss(logits: torch.Tensor) -> torch.Tensor:
    """Return L_f."""
    return F.softplus(logits).mean()


class Discriminator(Network):
    """The network of the CNN models with another head, which tells real from generated crops."""

    trunk: Trunk

    def __init__(self, architecture: Architecture):
        features = math.prod(bottleneck_shape(architecture))
        super().__init__(Trunk(architecture), features, architecture)
        self.real_fake = nn.Linear(features, 1)

    def discriminate(self, crops: torch.Tensor, track: bool = False) -> torch.Tensor:
        """Return the logits that crops are real, shape (n,).

        With `track` the pass updates the running averages of batch normalisation.
        """
        return self.real_fake(self.trunk(crops, track)).squeeze(1).float()


class Generator(nn.Module):
    """Maps latent vectors (n, latent_size) to crops (n, 1, width, rows) in [-1, 1].

    Its layers have the filters of the trunk's layers in reverse order.
    """

    def __init__(self, architecture: Architecture):
        super().__init__()
        settings, size = architecture.settings, architecture.trial["filter_size"]
        filters = layer_filters(architecture)[::-1]
        self.start = bottleneck_shape(architecture)
        self.linear = nn.Linear(settings.latent_size, math.prod(self.start))
        self.convolutions = nn.ModuleList(
            ConvTranspose2dStride2(*channels, size) for channels in pairwise([*filters, 1])
        )
        self.norms = norm_layers(filters, settings)

    def forward(self, latent: torch.Tensor, track: bool = True) -> torch.Tensor:
        """With `track` the pass updates the running averages of batch normalisation."""
        x = self.linear(latent).view(-1, *self.start)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            x = convolution(F.relu(norm(x, track), inplace=True))
        return torch.tanh(x)


class AdversarialLearner(Learner):
    """Discriminator and generator. The generator is updated first.

    The discriminator's update changes the trunk and the real/fake head.
    """

    network: Discriminator
    generator: Generator
    separate = ("generator",)

    def __init__(self, network: Discriminator, generator: Generator, settings: ModelSettings):
        super().__init__(network)
        self.generator = generator
        self.tracks_unlabelled = settings.batch_norm_statistics == "all"

    @property
    def modules(self) -> dict[str, nn.Module]:
        """All networks that are trained, by name."""
        return {"network": self.network, "generator": self.generator}

    def unlabelled_parameters(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters of generator and discriminator."""
        network = self.network
        return {
            "generator": list(self.generator.parameters()),
            "discriminator": [*network.trunk.parameters(), *network.real_fake.parameters()],
        }

    def unlabelled_updates(self, unlabelled: torch.Tensor, noise: torch.Tensor) -> Iterator[Update]:
        """Yield the updates of generator and discriminator.

        Args:
            unlabelled: Unlabelled crops (batch, 1, width, rows).
            noise: Latent vectors (batch, latent_size).
        """
        # The discriminator's update uses this pass too: the network does not change in between,
        # and each loss is differentiated for its own parameters only.
        fake_logits = self.network.discriminate(self.generator(noise))
        yield Update("generator", real_loss(fake_logits), keep_graph=True)
        real_logits = self.network.discriminate(unlabelled, self.tracks_unlabelled)
        yield Update("discriminator", real_loss(real_logits) + fake_loss(fake_logits))

    def draw_noise(self, steps: int, batch_size: int, rng: np.random.Generator) -> torch.Tensor:
        """Return the latent vectors of an epoch, uniform on [-1, 1].

        They are float32 of shape (steps, batch_size, latent_size).
        """
        weight = self.generator.linear.weight  # (start, latent_size)
        drawn = rng.random((steps, batch_size, weight.shape[1]), np.float32)
        return torch.from_numpy(2 * drawn - 1).to(weight.device)


def build(architecture: Architecture, rng: torch.Generator) -> AdversarialLearner:
    """Return the learner with networks whose initial weights are drawn from `rng`."""
    settings = architecture.settings
    network, generator = Discriminator(architecture), Generator(architecture)
    for module in (network, generator):
        initialise(module, settings.weight_deviation, rng)
        use_channels_last(module)
    if settings.spectral_norm:
        # Drawn after the initial weights, so that these do not depend on the setting.
        start = int(torch.randint(2**63 - 1, (), generator=rng))
        add_spectral_norm([*network.trunk.convolutions, network.real_fake], start)
    return AdversarialLearner(network, generator, settings)

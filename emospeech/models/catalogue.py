"""The four models by name: which tasks they learn, and whether a generator plays against them."""

from dataclasses import dataclass

import torch

from emospeech.models.layers import divide_by_spectral_norm
from emospeech.models.networks import Generator, Network, initialise


@dataclass(frozen=True)
class Model:
    """What sets a model apart from the other three."""

    tasks: tuple[str, ...]  # valence first
    adversarial: bool  # with unlabelled audio, a generator and a real/fake head


MODELS = {
    "BasicCNN": Model(("valence",), adversarial=False),
    "MultitaskCNN": Model(("valence", "activation"), adversarial=False),
    "BasicDCGAN": Model(("valence",), adversarial=True),
    "MultitaskDCGAN": Model(("valence", "activation"), adversarial=True),
}


def build(name, rows, trial, settings, seed):
    """Return the network of a model and its generator (None for the CNNs), initialised by `seed`.

    `rows` counts those of a frame; `trial` gives `crop_width` (frames), `filters` and
    `filter_size`.
    """
    model = MODELS[name]
    rng = torch.Generator().manual_seed(seed)
    network = Network(model.tasks, model.adversarial, rows, trial, settings)
    initialise(network, settings.weight_deviation, rng)
    # Convolutions then keep channels last in memory, which measured faster on every device.
    network.to(memory_format=torch.channels_last)
    if not model.adversarial:
        return network, None
    generator = Generator(rows, trial, settings)
    initialise(generator, settings.weight_deviation, rng)
    generator.to(memory_format=torch.channels_last)
    if settings.spectral_norm:
        # Behind the first weights, which are those that there would be without it.
        start = int(torch.randint(2**63 - 1, (), generator=rng))
        divide_by_spectral_norm([*network.trunk.convolutions, network.real_fake], start)
    return network, generator

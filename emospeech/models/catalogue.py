"""The four models by name: which tasks they learn, and whether a generator plays against them."""

from dataclasses import dataclass

import torch

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

    `rows` is the height of a crop; `trial` gives `crop_width`, `filters` and `filter_size`.
    """
    model = MODELS[name]
    rng = torch.Generator().manual_seed(seed)
    network = Network(model.tasks, model.adversarial, rows, trial, settings)
    initialise(network, settings.weight_deviation, rng)
    if not model.adversarial:
        return network, None
    return network, initialise(Generator(rows, trial, settings), settings.weight_deviation, rng)

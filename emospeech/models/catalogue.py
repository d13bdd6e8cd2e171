"""The four models by name: the tasks that they learn, and whether they have a generator."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from emospeech.models.layers import add_spectral_norm
from emospeech.models.networks import Generator, Network, initialise
from emospeech.models.settings import ModelSettings


@dataclass(frozen=True)
class Model:
    """The differences between the models."""

    tasks: tuple[str, ...]  # valence first
    adversarial: bool  # learns from unlabelled audio, with a generator and a real/fake head


MODELS = {
    "BasicCNN": Model(("valence",), adversarial=False),
    "MultitaskCNN": Model(("valence", "activation"), adversarial=False),
    "BasicDCGAN": Model(("valence",), adversarial=True),
    "MultitaskDCGAN": Model(("valence", "activation"), adversarial=True),
}


def build(
    name: str, rows: int, trial: Mapping, settings: ModelSettings, seed: int, outputs: int = 5
) -> tuple[Network, Generator | None]:
    """Return the initialised network of a model, and its generator (None for the CNNs).

    Args:
        name: One of MODELS.
        rows: Frequency rows of a spectrogram.
        trial: `crop_width` (frames), `filters` and `filter_size`.
        settings: The model settings that all trials share.
        seed: The seed of the initial weights.
        outputs: The number of outputs of the head of a task.
    """
    model = MODELS[name]
    rng = torch.Generator().manual_seed(seed)
    network = Network(model.tasks, model.adversarial, rows, trial, settings, outputs)
    initialise(network, settings.weight_deviation, rng)
    _keep_channels_last(network)
    if not model.adversarial:
        return network, None
    generator = Generator(rows, trial, settings)
    initialise(generator, settings.weight_deviation, rng)
    _keep_channels_last(generator)
    if settings.spectral_norm:
        # Drawn after the initial weights, so that these do not depend on the setting.
        start = int(torch.randint(2**63 - 1, (), generator=rng))
        add_spectral_norm([*network.trunk.convolutions, network.real_fake], start)
    return network, generator


def _keep_channels_last(network: torch.nn.Module) -> None:
    """Use the channels-last memory format, which was faster on all devices that were measured."""
    # The type hints of torch lack this option of modules.
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

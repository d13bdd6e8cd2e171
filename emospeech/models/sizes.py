"""The sizes of networks, and how many numbers a training run keeps in memory at once.

The factors for the memory were fitted to measured peaks of processes that took steps and saved a
checkpoint, in float32 on a CPU (tests/test_memory.py repeats some); bfloat16 needs less. This
module does not import torch, since Snakemake uses it while planning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from emospeech.models.settings import ModelSettings

LAYERS = 4  # layers with stride 2 in the trunk, and as many in the generator
# Copies of the trunk's feature maps: outputs of convolutions and of normalisation, and their
# gradients; with a generator, those of generator and discriminator.
FEATURE_MAPS, FEATURE_MAPS_GAN = 4.5, 9.5
PARAMETER_COPIES = 6  # weights, best weights, gradients, and the moments of each update


@dataclass(frozen=True)
class NetworkSize:
    """The size of the networks of a model, without biases, normalisation and heads.

    Attributes:
        work: Multiplications for one crop in a forward pass through all networks.
        parameters: Parameters of the network that is saved, which excludes the generator.
    """

    work: float
    parameters: int


def convolutional_size(
    rows: int, trial: Mapping, settings: ModelSettings, generator: bool = False
) -> NetworkSize:
    """Return the size of a CNN or a DCGAN; see `convolutional_floats` for the arguments."""
    width, size = trial["crop_width"], trial["filter_size"]
    filters = [1, *(trial["filters"] * multiple for multiple in settings.filter_multiples)]
    layers = [size**2 * a * b for a, b in pairwise(filters)]
    work = sum(
        count * (width >> layer) * (rows >> layer) for layer, count in enumerate(layers, start=1)
    )
    flat = filters[-1] * (width >> LAYERS) * (rows >> LAYERS)
    if generator:  # the mirror image of the trunk
        work += work + flat * settings.latent_size
    parameters = sum(layers) + flat * settings.shared_units
    return NetworkSize(work + flat * settings.shared_units, parameters)


def convolutional_floats(
    rows: int, trial: Mapping, settings: ModelSettings, generator: bool = False
) -> float:
    """Return the number of floats that a training run of a CNN or a DCGAN keeps in memory.

    Args:
        rows: Frequency rows of a spectrogram.
        trial: `crop_width`, `filters`, `filter_size` and `batch_size`.
        settings: Settings of the networks.
        generator: Whether there is a generator.
    """
    width, size = trial["crop_width"], trial["filter_size"]
    # As cnn.layer_filters, whose module imports torch.
    filters = [trial["filters"] * multiple for multiple in settings.filter_multiples]
    maps = sum(
        count * (width >> layer) * (rows >> layer) for layer, count in enumerate(filters, start=1)
    )
    flat = filters[-1] * (width >> LAYERS) * (rows >> LAYERS)
    convolutions = size**2 * sum(a * b for a, b in pairwise([1, *filters]))
    parameters = convolutions + flat * settings.shared_units
    if generator:
        parameters += convolutions + flat * settings.latent_size
    copies = FEATURE_MAPS_GAN if generator else FEATURE_MAPS
    return copies * trial["batch_size"] * maps + PARAMETER_COPIES * parameters


def recurrent_size(rows: int, trial: Mapping, settings: ModelSettings) -> NetworkSize:
    """Return the size of an LSTM or APC model; see `recurrent_floats` for the arguments."""
    hidden, layers = trial["hidden_units"], trial["layers"]
    recurrent = 4 * hidden * (rows + hidden + (layers - 1) * 2 * hidden)
    shared = hidden * settings.shared_units
    return NetworkSize(trial["crop_width"] * recurrent + shared, recurrent + shared)


STATES = 16  # copies of the hidden states: gates, cells, outputs, and their gradients


def recurrent_floats(rows: int, trial: Mapping, settings: ModelSettings) -> float:
    """Return the number of floats that a training run of an LSTM or APC model keeps in memory.

    The unlabelled crops of APC are not counted: by default they are fewer than the labelled ones.

    Args:
        rows: Frequency rows of a spectrogram.
        trial: `crop_width`, `layers`, `hidden_units` and `batch_size`.
        settings: Settings of the networks.
    """
    hidden, layers = trial["hidden_units"], trial["layers"]
    states = trial["batch_size"] * trial["crop_width"] * (rows + STATES * layers * hidden)
    parameters = 4 * hidden * (rows + hidden + (layers - 1) * 2 * hidden)
    return states + PARAMETER_COPIES * (parameters + hidden * settings.shared_units)

"""Peak memory of a training run, estimated from its trial before it starts.

The factors were fitted to measured peaks of processes that took steps and saved a checkpoint, in
float32 on a CPU (tests/test_memory.py repeats some); bfloat16 needs less. This module does not
import torch, since Snakemake uses it while planning.
"""

from collections.abc import Mapping
from itertools import pairwise

from emospeech.models.settings import ModelSettings

LAYERS = 4  # layers with stride 2 in the trunk, and as many in the generator
# MB of a process that has imported torch and the library: about 400 with torch's CPU build, 670
# with its CUDA build.
PROCESS = 800
# Copies of the trunk's feature maps that are in memory at once: outputs of convolutions and of
# normalisation, and their gradients. A DCGAN has those of generator and discriminator.
FEATURE_MAPS = {"CNN": 4.5, "DCGAN": 9.5}
PARAMETERS = 6  # copies of the parameters: weights, best weights, gradients, moments per update


def training_megabytes(model: str, rows: int, trial: Mapping, settings: ModelSettings) -> int:
    """Return the peak memory of a training run in MB, without the mapped pages of the stores.

    Args:
        model: Name of the model; those that end in DCGAN have a generator.
        rows: Frequency rows of a spectrogram.
        trial: `crop_width`, `filters`, `filter_size` and `batch_size`.
        settings: Settings of the networks.
    """
    width, size = trial["crop_width"], trial["filter_size"]
    filters = [trial["filters"] * multiple for multiple in settings.filter_multiples]
    maps = sum(
        count * (width >> layer) * (rows >> layer) for layer, count in enumerate(filters, start=1)
    )
    flat = filters[-1] * (width >> LAYERS) * (rows >> LAYERS)
    convolutions = size**2 * sum(a * b for a, b in pairwise([1, *filters]))
    parameters = convolutions + flat * settings.shared_units
    kind = "CNN"
    if model.endswith("DCGAN"):
        kind = "DCGAN"
        parameters += convolutions + flat * settings.latent_size
    floats = FEATURE_MAPS[kind] * trial["batch_size"] * maps + PARAMETERS * parameters
    return PROCESS + round(4 * floats / 1e6)

"""Peak memory of a training run, estimated from its trial before it starts.

This module does not import torch, since Snakemake uses it while planning.
"""

from collections.abc import Mapping

from emospeech.models.catalogue import MODELS
from emospeech.models.settings import ModelSettings

# MB of a process that has imported torch and the library: about 400 with torch's CPU build, 670
# with its CUDA build.
PROCESS = 800


def training_megabytes(model: str, rows: int, trial: Mapping, settings: ModelSettings) -> int:
    """Return the peak memory of a training run in MB, without the mapped pages of the stores.

    Args:
        model: Name of the model.
        rows: Frequency rows of a spectrogram.
        trial: The parameters of the model.
        settings: Settings of the networks.
    """
    return PROCESS + round(4 * MODELS[model].family.floats(rows, trial, settings) / 1e6)

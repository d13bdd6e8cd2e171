"""Memory that a training needs, computed from its trial before it starts.

The factors were fitted to measured peaks of processes that took steps and saved a checkpoint
(tests/test_memory.py repeats some), in float32 on a CPU; bfloat16 needs less.
"""

from itertools import pairwise

LAYERS = 4  # of stride 2 in the trunk and in the generator
PROCESS = 550  # MB of a process that has imported torch and the library
# Copies of the trunk's feature maps that are held at once: outputs of convolutions and of
# normalisation, and their gradients. A DCGAN holds those of generator and discriminator.
FEATURE_MAPS = {"CNN": 4.5, "DCGAN": 9.5}
PARAMETERS = 6  # copies of the parameters: weights, best weights, gradients, moments per update


def training_megabytes(model: str, rows: int, trial: dict, networks: dict) -> int:
    """Return the peak memory of a training in MB, without the pages of the stores that it maps.

    Args:
        model: Name of the model; those that end in DCGAN have a generator.
        rows: Rows of a spectrogram.
        trial: `crop_width`, `filters`, `filter_size` and `batch_size`.
        networks: `filter_multiples`, `shared_units` and `latent_size`.
    """
    width, size = trial["crop_width"], trial["filter_size"]
    filters = [trial["filters"] * multiple for multiple in networks["filter_multiples"]]
    maps = sum(
        count * (width >> layer) * (rows >> layer) for layer, count in enumerate(filters, start=1)
    )
    flat = filters[-1] * (width >> LAYERS) * (rows >> LAYERS)
    convolutions = size**2 * sum(a * b for a, b in pairwise([1, *filters]))
    parameters = convolutions + flat * networks["shared_units"]
    kind = "CNN"
    if model.endswith("DCGAN"):
        kind = "DCGAN"
        parameters += convolutions + flat * networks["latent_size"]
    floats = FEATURE_MAPS[kind] * trial["batch_size"] * maps + PARAMETERS * parameters
    return PROCESS + round(4 * floats / 1e6)

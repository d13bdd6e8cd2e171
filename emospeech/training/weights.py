"""The weights of a trained network on disk.

They are safetensors, with a description of the network as a JSON text in the file's own metadata:
a file that is copied elsewhere can be used by itself, and no description can come beside the
wrong weights. The text is a single entry, since safetensors writes several in no fixed order and
the same training is to give the same bytes.
"""

import json

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from emospeech.runtime.errors import InputError
from emospeech.runtime.files import atomic_path, check_readable

ENTRY = "emospeech"  # of the metadata


def save_weights(path, state, told=None):
    """Write a state dict, and its description as a dict for JSON; whole or not at all."""
    metadata = told and {ENTRY: json.dumps(told, sort_keys=True, allow_nan=False)}
    tensors = {name: value.cpu().contiguous() for name, value in state.items()}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata)


def load_weights(path, network):
    """Fill `network` with the weights at `path`; InputError for a file that does not fit."""
    check_readable(path)
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError(path, f"does not hold the weights of this model ({error})") from error
    return network


def read_description(path):
    """Return the description in a file of weights as it was given to `save_weights`.

    Raises InputError for what is no such file or has none.
    """
    check_readable(path)
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        problem = f"cannot be read as weights ({error}); give a weights.safetensors of a study"
        raise InputError(path, problem) from error
    try:
        return json.loads(metadata[ENTRY])
    except (KeyError, ValueError) as error:
        problem = "holds weights without a description; train them anew with this version"
        raise InputError(path, problem) from error

"""The weights of a trained network on disk."""

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from emospeech.faults import InputError
from emospeech.files import written_whole


def save_weights(path, state):
    """Write a state dict as safetensors, whole or not at all."""
    with written_whole(path) as beside:
        save_file({name: value.cpu().contiguous() for name, value in state.items()}, beside)


def load_weights(path, network):
    """Fill `network` with the weights at `path`; InputError where they do not fit or are cut."""
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError(path, f"does not hold the weights of this model ({error})") from error
    return network

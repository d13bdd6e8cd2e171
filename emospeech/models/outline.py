"""What a model is made of: its layers in the order in which a crop passes them, with shapes."""

import torch
from torch import nn

from emospeech.models.catalogue import build

OPERATIONS = {
    nn.ConvTranspose2d: "transposed convolution",
    nn.Conv2d: "convolution",
    nn.BatchNorm2d: "batch norm",
    nn.Linear: "linear",
}
PARTS = {"trunk": "trunk", "shared": "shared", "heads": "head", "real_fake": "real/fake"}


@torch.no_grad()
def outline(name, rows, trial, settings):
    """Return the layers of model `name` as dicts, as they are found in a forward pass of a crop.

    Each has `part` ("trunk", "shared", "head", "real/fake" or "generator"), `layer` (where it
    stands in its network), `operation`, `filter_size` (None where it has none), `inputs` and
    `outputs` (shapes without the batch) and `parameters` (their number). The arguments are those
    of `build`.
    """
    network, generator = build(name, rows, trial, settings, seed=0)
    crop = torch.zeros(1, 1, trial["crop_width"], rows)
    seen = _watched(network, lambda path: PARTS[path.split(".")[0]])
    network.eval().classify(crop)
    if generator is None:
        return seen
    count = len(seen)
    network.discriminate(crop)
    judged = [layer for layer in seen[count:] if layer["part"] != "trunk"]  # passed a second time
    made = _watched(generator, lambda path: "generator")
    generator.eval()(torch.zeros(1, settings.latent_size))
    return [*seen[:count], *judged, *made]


def _watched(network, part_of):
    """Return a list to which each layer adds itself when it is passed."""
    seen = []
    for path, module in network.named_modules():
        operation = next((text for kind, text in OPERATIONS.items() if isinstance(module, kind)), 0)
        if operation:
            layer = {"part": part_of(path), "layer": path, "operation": operation}
            module.register_forward_hook(_noting(seen, layer))
    return seen


def _noting(seen, layer):
    def note(module, inputs, outputs):
        size = getattr(module, "kernel_size", None)
        shapes = {"inputs": tuple(inputs[0].shape[1:]), "outputs": tuple(outputs.shape[1:])}
        count = sum(parameter.numel() for parameter in module.parameters())
        seen.append(layer | {"filter_size": size and size[0]} | shapes | {"parameters": count})

    return note

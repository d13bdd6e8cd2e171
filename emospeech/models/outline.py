"""The layers of a model with their shapes, in the order of a forward pass."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import nn

from emospeech.models.catalogue import build
from emospeech.models.settings import ModelSettings

OPERATIONS = {
    nn.ConvTranspose2d: "transposed convolution",
    nn.Conv2d: "convolution",
    nn.BatchNorm2d: "batch norm",
    nn.Linear: "linear",
}
PARTS = {"trunk": "trunk", "shared": "shared", "heads": "head", "real_fake": "real/fake"}


@torch.no_grad()
def outline(
    name: str, rows: int, trial: Mapping, settings: ModelSettings, outputs: int = 5
) -> list[dict]:
    """Return the layers of a model as recorded in a forward pass; the arguments are those of build.

    Each layer is a dict: `part` ("trunk", "shared", "head", "real/fake" or "generator"), `layer`
    (its path in the network), `operation`, `filter_size` (None if it has none), `inputs` and
    `outputs` (shapes without the batch) and `parameters` (their number).
    """
    network, generator = build(name, rows, trial, settings, seed=0, outputs=outputs)
    crop = torch.zeros(1, 1, trial["crop_width"], rows)
    layers = _record_layers(network, lambda path: PARTS[path.split(".")[0]])
    network.eval().classify(crop)
    if generator is None:
        return layers
    classified = len(layers)
    network.discriminate(crop)  # runs the trunk again
    real_fake = [layer for layer in layers[classified:] if layer["part"] != "trunk"]
    generated = _record_layers(generator, lambda path: "generator")
    generator.eval()(torch.zeros(1, settings.latent_size))
    return [*layers[:classified], *real_fake, *generated]


def _record_layers(network: nn.Module, part_of: Callable[[str], str]) -> list[dict]:
    """Return a list to which each forward pass appends the layers that it visits."""
    layers = []

    def append(layer: dict, module: nn.Module, inputs: tuple, outputs: torch.Tensor) -> None:
        size = getattr(module, "kernel_size", None)
        shapes = {"inputs": tuple(inputs[0].shape[1:]), "outputs": tuple(outputs.shape[1:])}
        count = sum(parameter.numel() for parameter in module.parameters())
        layers.append(layer | {"filter_size": size and size[0]} | shapes | {"parameters": count})

    for path, module in network.named_modules():
        for kind, operation in OPERATIONS.items():
            if isinstance(module, kind):
                layer = {"part": part_of(path), "layer": path, "operation": operation}
                module.register_forward_hook(partial(append, layer))
    return layers

"""The layers of a model with their shapes, in the order of a forward pass."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import nn

from emospeech.labels import LabelSettings
from emospeech.models.apc import PredictiveNetwork
from emospeech.models.catalogue import build
from emospeech.models.dcgan import Discriminator
from emospeech.models.lstm import MeanOverTime
from emospeech.models.settings import ModelSettings

OPERATIONS = {
    nn.ConvTranspose2d: "transposed convolution",
    nn.Conv2d: "convolution",
    nn.BatchNorm2d: "batch norm",
    nn.Linear: "linear",
    nn.LSTM: "LSTM",
    MeanOverTime: "mean over time",
}
PARTS = {  # by first name in the path of a layer
    "trunk": "trunk",
    "shared": "shared",
    "heads": "head",
    "real_fake": "real/fake",
    "predictor": "predictor",
}


@torch.no_grad()
def outline(
    name: str,
    rows: int,
    trial: Mapping,
    settings: ModelSettings,
    labels: LabelSettings | None = None,
) -> list[dict]:
    """Return the layers of a model as recorded in a forward pass; the arguments are those of build.

    Each layer is a dict: `part` (a value of PARTS or "generator"), `layer` (its path in the
    network), `operation`, `filter_size` (None if it has none), `inputs` and `outputs` (shapes
    without the batch) and `parameters` (their number).
    """
    learner = build(name, rows, trial, settings, seed=0, labels=labels)
    network, crop = learner.network.eval(), torch.zeros(1, 1, trial["crop_width"], rows)
    layers = _record_layers(network, lambda path: PARTS[path.split(".")[0]])
    network.classify(crop)
    if isinstance(network, Discriminator):
        network.discriminate(crop)
    if isinstance(network, PredictiveNetwork):
        network.predict_frames(crop)
    generated = {}
    if learner.generator is not None:
        generated = _record_layers(learner.generator.eval(), lambda path: "generator")
        learner.generator(torch.zeros(1, settings.latent_size))
    return [*layers.values(), *generated.values()]


def _record_layers(network: nn.Module, part_of: Callable[[str], str]) -> dict[str, dict]:
    """Return a dict {path: layer} to which forward passes add the layers that they visit first."""
    layers: dict[str, dict] = {}

    def add(layer: dict, module: nn.Module, inputs: tuple, outputs: Any) -> None:
        if isinstance(module, nn.LSTM):
            outputs = outputs[0]  # those of all frames; the others are the last states
        size = getattr(module, "kernel_size", None)
        shapes = {"inputs": tuple(inputs[0].shape[1:]), "outputs": tuple(outputs.shape[1:])}
        count = sum(parameter.numel() for parameter in module.parameters())
        found = {"filter_size": size and size[0]} | shapes | {"parameters": count}
        layers.setdefault(layer["layer"], layer | found)

    for path, module in network.named_modules():
        for kind, operation in OPERATIONS.items():
            if isinstance(module, kind):
                layer = {"part": part_of(path), "layer": path, "operation": operation}
                module.register_forward_hook(partial(add, layer))
    return layers

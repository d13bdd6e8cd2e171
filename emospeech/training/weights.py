"""Weights of a trained network on disk, with a description of the network.

The file is in the safetensors format; the description is a JSON text in its metadata. A copied file
can therefore be used on its own, and a description cannot be paired with the wrong weights. The
description is a single entry, since safetensors writes several entries in arbitrary order, but the
same training run must give the same bytes.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from emospeech.models.catalogue import MODELS
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import atomic_path, check_readable
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.settings import Settings
from emospeech.version import VERSION

ENTRY = "emospeech"  # of the metadata
NetworkType = TypeVar("NetworkType", bound=torch.nn.Module)


@dataclass(frozen=True)
class Description:
    """A network, the spectrograms that it expects, and how it was trained."""

    model: str
    trial: dict  # its parameters, such as crop_width
    spectrograms: SpectrogramSettings
    settings: Settings
    validation: dict  # validation.json: trial, fold, and the best epoch with its score

    def to_dict(self) -> dict:
        """Return the description as JSON values, with the classes of each task and the versions.

        `config` has the sections and keys of the config file; labels.classes are pairs, because
        sorted JSON would lose their order.
        """
        model = MODELS[self.model]
        study = self.settings.to_config(model.family.training_key)
        return {
            "model": self.model,
            "trial": self.trial,
            "config": {"spectrograms": asdict(self.spectrograms)} | study,
            "validation": self.validation,
            "tasks": {
                task.name: task.describe_classes()
                for task in self.settings.labels.tasks(model.multitask)
            },
            "versions": {"emospeech": VERSION, "torch": str(torch.__version__)},
        }

    @classmethod
    def from_dict(cls, values: Mapping) -> "Description":
        """Return the Description from the result of `to_dict`.

        Raises:
            KeyError, TypeError, InputError: A part is missing or wrong.
        """
        return cls(
            values["model"],
            dict(values["trial"]),
            SpectrogramSettings(**values["config"]["spectrograms"]),
            Settings.from_config(values["config"]),
            dict(values["validation"]),
        )


def save_weights(
    path: str | os.PathLike, state: Mapping[str, torch.Tensor], description: dict | None = None
) -> None:
    """Write a state dict and a description (JSON values) to a file, atomically."""
    metadata = None
    if description is not None:
        metadata = {ENTRY: json.dumps(description, sort_keys=True, allow_nan=False)}
    tensors = {name: value.cpu().contiguous() for name, value in state.items()}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata)


def load_weights(path: str | os.PathLike, network: NetworkType) -> NetworkType:
    """Return `network` with the weights in a file.

    Raises:
        InputError: The file is unreadable or has the weights of another network.
    """
    check_readable(path)
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        problem = f"does not contain the weights of this model ({error})"
        raise InputError(path, f"{problem}. Use weights of this study.") from error
    return network


def read_description(path: str | os.PathLike) -> dict:
    """Return the description in a weights file, as it was passed to `save_weights`.

    Raises:
        InputError: The file is unreadable or has no description.
    """
    check_readable(path)
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        problem = f"cannot be read as weights ({error}). Give a weights.safetensors of a study."
        raise InputError(path, problem) from error
    try:
        return json.loads(metadata[ENTRY])
    except (KeyError, ValueError) as error:
        problem = "has weights without a description. Train the model again with this version."
        raise InputError(path, problem) from error

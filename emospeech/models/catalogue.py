"""The models by name: their family, and whether they learn one task or two.

A family is a kind of network with its way of learning. This module imports no large package, since
Snakemake and `emospeech status` use it; `build` imports the networks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emospeech.models.settings import ModelSettings
from emospeech.models.sizes import (
    NetworkSize,
    convolutional_floats,
    convolutional_size,
    recurrent_floats,
    recurrent_size,
)

if TYPE_CHECKING:
    from emospeech.labels import LabelSettings
    from emospeech.models.learner import Learner

BASIC, MULTITASK = "Basic", "Multitask"  # prefixes of the names: models of one task, of two


@dataclass(frozen=True)
class Family:
    """What the models of a family have in common."""

    parameters: tuple[str, ...]  # of a trial, in the order in which the search draws them
    losses: tuple[str, ...]  # columns of history.csv, which precede those of the tasks
    space: str  # key of the config section `search` with the values of the parameters
    floats: Callable[[int, Mapping, ModelSettings], float]  # in memory at once, see models.sizes
    size: Callable[[int, Mapping, ModelSettings], NetworkSize]
    supervised: str = ""  # family with the same network that does not use unlabelled speech
    figure: str = ""  # kind of the figure that shows what is learned from unlabelled speech
    training_key: str = ""  # key of the config section `training` that only this family uses


CONVOLUTIONAL = ("crop_width", "learning_rate", "batch_size", "filter_size", "filters")
RECURRENT = ("crop_width", "learning_rate", "batch_size", "layers", "hidden_units")
FAMILIES = {
    "CNN": Family(
        parameters=CONVOLUTIONAL,
        losses=("generator", "discriminator"),
        space="space",
        floats=convolutional_floats,
        size=convolutional_size,
    ),
    "DCGAN": Family(
        parameters=CONVOLUTIONAL,
        losses=("generator", "discriminator"),
        space="space",
        floats=lambda *sizes: convolutional_floats(*sizes, generator=True),
        size=lambda *sizes: convolutional_size(*sizes, generator=True),
        supervised="CNN",
        figure="generated",
    ),
    "LSTM": Family(
        parameters=RECURRENT,
        losses=("apc", "repetition"),
        space="sequential_space",
        floats=recurrent_floats,
        size=recurrent_size,
    ),
    "APC": Family(
        parameters=(*RECURRENT, "steps_ahead"),  # last, so that LSTM and APC draw the same others
        losses=("apc", "repetition"),
        space="sequential_space",
        floats=recurrent_floats,
        size=recurrent_size,
        supervised="LSTM",
        figure="forecast",
        training_key="apc",
    ),
}


@dataclass(frozen=True)
class Model:
    """A family, with one task or two."""

    prefix: str  # BASIC or MULTITASK
    family_name: str

    @property
    def multitask(self) -> bool:
        """Whether the model learns two tasks, see `LabelSettings.tasks`."""
        return self.prefix == MULTITASK

    @property
    def family(self) -> Family:
        """The family."""
        return FAMILIES[self.family_name]

    @property
    def unlabelled(self) -> bool:
        """Whether the model also learns from unlabelled speech."""
        return bool(self.family.supervised)


MODELS = {
    f"{prefix}{name}": Model(prefix, name) for name in FAMILIES for prefix in (BASIC, MULTITASK)
}
# All parameters and losses, each once.
PARAMETERS = tuple(dict.fromkeys(name for f in FAMILIES.values() for name in f.parameters))


def loss_columns(name: str, labels: "LabelSettings") -> list[str]:
    """Return the columns of losses in history.csv of a model, in the order of a step's updates.

    They are those of its family and of both tasks, although a Basic model learns only one of them.
    """
    return [*MODELS[name].family.losses, *(task.name for task in labels.tasks(multitask=True))]


def counterparts() -> dict[str, list[tuple[str, str]]]:
    """Return the pairs of models that differ in one property only, {property: [(with, without)]}.

    The properties are `unlabelled` (learns from unlabelled speech) and `multitask` (learns a second
    task).
    """
    unlabelled = [
        (name, model.prefix + model.family.supervised)
        for name, model in MODELS.items()
        if model.unlabelled
    ]
    multitask = [(f"{MULTITASK}{family}", f"{BASIC}{family}") for family in FAMILIES]
    return {"unlabelled": unlabelled, "multitask": multitask}


def build(
    name: str,
    rows: int,
    trial: Mapping,
    settings: ModelSettings,
    seed: int,
    labels: "LabelSettings | None" = None,
) -> "Learner":
    """Return a model with initialised networks.

    Args:
        name: One of MODELS.
        rows: Frequency rows of a spectrogram.
        trial: The parameters of the model's family.
        settings: The model settings that all trials share.
        seed: The seed of the initial weights.
        labels: The settings that determine the tasks and the outputs of their heads, by default
            those of `LabelSettings`.
    """
    import torch

    from emospeech.labels import LabelSettings
    from emospeech.models import apc, cnn, dcgan, lstm
    from emospeech.models.networks import Architecture

    module = {"CNN": cnn, "DCGAN": dcgan, "LSTM": lstm, "APC": apc}[MODELS[name].family_name]
    labels = labels or LabelSettings()
    tasks = labels.tasks(MODELS[name].multitask)
    heads = {task.name: labels.outputs(task) for task in tasks}
    architecture = Architecture(heads, rows, trial, settings)
    return module.build(architecture, torch.Generator().manual_seed(seed))

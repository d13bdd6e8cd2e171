"""The models by name: their family and the tasks that they learn.

A family is a kind of network with its way of learning. This module does not import torch, since
Snakemake uses it while planning; `build` imports the networks.
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
    from emospeech.models.learner import Learner

TASKS = {"Basic": ("valence",), "Multitask": ("valence", "activation")}  # by prefix of the name


@dataclass(frozen=True)
class Family:
    """What the models of a family have in common."""

    parameters: tuple[str, ...]  # of a trial, in the order in which the search draws them
    losses: tuple[str, ...]  # columns of history.csv, in the order of the updates of a step
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
        losses=("generator", "discriminator", "valence", "activation"),
        space="space",
        floats=convolutional_floats,
        size=convolutional_size,
    ),
    "DCGAN": Family(
        parameters=CONVOLUTIONAL,
        losses=("generator", "discriminator", "valence", "activation"),
        space="space",
        floats=lambda *sizes: convolutional_floats(*sizes, generator=True),
        size=lambda *sizes: convolutional_size(*sizes, generator=True),
        supervised="CNN",
        figure="generated",
    ),
    "LSTM": Family(
        parameters=RECURRENT,
        losses=("apc", "repetition", "valence", "activation"),
        space="sequential_space",
        floats=recurrent_floats,
        size=recurrent_size,
    ),
    "APC": Family(
        parameters=(*RECURRENT, "steps_ahead"),  # last, so that LSTM and APC draw the same others
        losses=("apc", "repetition", "valence", "activation"),
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
    """A family with the tasks that it learns, valence first."""

    prefix: str  # a key of TASKS
    family_name: str

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks."""
        return TASKS[self.prefix]

    @property
    def family(self) -> Family:
        """The family."""
        return FAMILIES[self.family_name]

    @property
    def unlabelled(self) -> bool:
        """Whether the model also learns from unlabelled speech."""
        return bool(self.family.supervised)


MODELS = {f"{prefix}{name}": Model(prefix, name) for name in FAMILIES for prefix in TASKS}
# All parameters and losses, each once.
PARAMETERS = tuple(dict.fromkeys(name for f in FAMILIES.values() for name in f.parameters))


def counterparts() -> dict[str, list[tuple[str, str]]]:
    """Return the pairs of models that differ in one property only, {property: [(with, without)]}.

    The properties are `unlabelled` (learns from unlabelled speech) and `multitask` (learns
    activation).
    """
    unlabelled = [
        (name, model.prefix + model.family.supervised)
        for name, model in MODELS.items()
        if model.unlabelled
    ]
    multitask = [(f"Multitask{family}", f"Basic{family}") for family in FAMILIES]
    return {"unlabelled": unlabelled, "multitask": multitask}


def build(
    name: str, rows: int, trial: Mapping, settings: ModelSettings, seed: int, outputs: int = 5
) -> "Learner":
    """Return a model with initialised networks.

    Args:
        name: One of MODELS.
        rows: Frequency rows of a spectrogram.
        trial: The parameters of the model's family.
        settings: The model settings that all trials share.
        seed: The seed of the initial weights.
        outputs: The number of outputs of the head of a task.
    """
    import torch

    from emospeech.models import apc, cnn, dcgan, lstm
    from emospeech.models.networks import Architecture

    module = {"CNN": cnn, "DCGAN": dcgan, "LSTM": lstm, "APC": apc}[MODELS[name].family_name]
    architecture = Architecture(MODELS[name].tasks, rows, trial, settings, outputs)
    return module.build(architecture, torch.Generator().manual_seed(seed))

"""The metadata of a file of weights: everything that is needed to build and use the network."""

from dataclasses import asdict, dataclass

import torch

from emospeech.labels import CLASS_NAMES, CLASSES
from emospeech.models.catalogue import MODELS
from emospeech.models.networks import NetworkSettings
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.settings import TrainingSettings
from emospeech.version import VERSION


@dataclass(frozen=True)
class Description:
    """A network, the spectrograms that it expects, and how it was trained."""

    model: str
    trial: dict  # its parameters: crop_width, filters, filter_size, batch_size, learning_rate
    networks: NetworkSettings
    spectrograms: SpectrogramSettings
    training: TrainingSettings  # with how the outputs are read, the edge of crops and the seed
    validation: dict  # numbers of the trial and the fold, and the best epoch with its score

    def to_dict(self) -> dict:
        """Return the description for JSON, with the classes of each task and the versions."""
        numbers = [str(number) for number in CLASSES]
        return asdict(self) | {
            "tasks": {
                task: dict(zip(numbers, CLASS_NAMES[task], strict=True))
                for task in MODELS[self.model].tasks
            },
            "versions": {"emospeech": VERSION, "torch": str(torch.__version__)},
        }

    @classmethod
    def from_dict(cls, values: dict) -> "Description":
        """Return the Description of `to_dict`; KeyError or TypeError if a part is wrong."""
        return cls(
            values["model"],
            dict(values["trial"]),
            NetworkSettings(**values["networks"]),
            SpectrogramSettings(**values["spectrograms"]),
            TrainingSettings(**values["training"]),
            dict(values["validation"]),
        )

"""What stands beside the weights of a network: all that another needs to build and use it."""

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
    """What a network is, what it hears, and how it was trained."""

    model: str
    trial: dict  # its parameters: crop_width, filters, filter_size, batch_size, learning_rate
    networks: NetworkSettings
    spectrograms: SpectrogramSettings
    training: TrainingSettings  # with how the outputs are read, the edge of crops and the seed
    validation: dict  # numbers of the trial and the fold, and the best epoch with its score

    def told(self):
        """Return the description for JSON, with the classes of each task and the versions."""
        numbers = [str(number) for number in CLASSES]
        return asdict(self) | {
            "tasks": {
                task: dict(zip(numbers, CLASS_NAMES[task], strict=True))
                for task in MODELS[self.model].tasks
            },
            "versions": {"emospeech": VERSION, "torch": str(torch.__version__)},
        }


def understood(told):
    """Return the Description that `told` stands for.

    Raises KeyError or TypeError where a part is missing or of no known name.
    """
    return Description(
        told["model"],
        dict(told["trial"]),
        NetworkSettings(**told["networks"]),
        SpectrogramSettings(**told["spectrograms"]),
        TrainingSettings(**told["training"]),
        dict(told["validation"]),
    )

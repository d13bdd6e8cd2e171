"""The losses of the tasks as functions of logits, and the class probabilities of a task."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from emospeech.labels import CLASSES, ENCODINGS, NEUTRAL
from emospeech.training.settings import Settings


def softmax_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean over n of -sum_i y_i log softmax(s)_i, for s and y of shape (n, classes)."""
    return F.cross_entropy(logits, targets)


def binary_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return Equation 1, summed over the outputs, for s and y of shape (n, classes).

    It is the mean over n of -sum_i [y_i log sigma(s_i) + (1 - y_i) log(1 - sigma(s_i))].
    """
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="sum") / len(logits)


def squared_error(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean squared error of 3 + s against the labels, both of shape (n, 1).

    The output is relative to neutral, so a head that starts near 0 starts mid-scale.
    """
    return F.mse_loss(NEUTRAL + logits, labels)


@dataclass(frozen=True)
class Objective:
    """The loss of a task, and the class probabilities that its outputs represent."""

    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # logits, targets (n, outputs)
    distribution: Callable[
        [torch.Tensor], torch.Tensor
    ]  # (n, outputs) to probabilities (n, classes)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the class probabilities (n, classes) of logits (n, outputs), both float64."""
        return self.distribution(torch.from_numpy(logits)).numpy()


def objective_of(settings: Settings) -> Objective:
    """Return the Objective for the label encoding and the class loss of the settings."""
    encoding = ENCODINGS[settings.labels.encoding]
    return OBJECTIVES[encoding.objective or settings.training.class_loss]


def _softmax(logits: torch.Tensor) -> torch.Tensor:
    return F.softmax(logits, dim=1)


def _normalised_sigmoids(logits: torch.Tensor) -> torch.Tensor:
    """Return sigma(s_i) / sum_j sigma(s_j), via logarithms, since all may underflow."""
    return _softmax(F.logsigmoid(logits))


def _between_classes(logits: torch.Tensor) -> torch.Tensor:
    """Return the fuzzy label of the predicted number, clipped to the scale."""
    classes = torch.from_numpy(CLASSES).to(logits)
    numbers = (NEUTRAL + logits[:, :1]).clamp(classes[0], classes[-1])
    return (1 - (numbers - classes).abs()).clamp(min=0)


OBJECTIVES = {
    "softmax": Objective(softmax_loss, _softmax),
    "binary": Objective(binary_loss, _normalised_sigmoids),
    "regression": Objective(squared_error, _between_classes),
}

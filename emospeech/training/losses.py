"""The losses of the paper, from logits, and how the logits of a task become probabilities.

With sigma the logistic function and s the logit that an input is real:
    L_r = -mean log sigma(s)        for real inputs
    L_f = -mean log(1 - sigma(s))   for generated inputs; the discriminator's loss is L_r + L_f
    L_g = -mean log sigma(s)        for generated inputs, the generator's loss

Nothing overflows for large logits, since -log sigma(s) = softplus(-s) and
-log(1 - sigma(s)) = softplus(s).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from emospeech.labels import CLASSES, ENCODINGS, NEUTRAL, fuzzy


def real_loss(logits):
    """Return L_r, and L_g when the logits are those of generated inputs."""
    return F.softplus(-logits).mean()


def fake_loss(logits):
    """Return L_f."""
    return F.softplus(logits).mean()


def softmax_loss(logits, targets):
    """Return the mean over n of -sum_i y_i log softmax(s)_i, for s and y of shape (n, 5)."""
    return F.cross_entropy(logits, targets)


def binary_loss(logits, targets):
    """Return Equation 1 of each of the five outputs, summed, for s and y of shape (n, 5).

    It is the mean over n of -sum_i [y_i log sigma(s_i) + (1 - y_i) log(1 - sigma(s_i))].
    """
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="sum") / len(logits)


def squared_error(logits, labels):
    """Return the mean squared error of 3 + s against the labels, both of shape (n, 1).

    The output counts from neutral, so that a head which starts near 0 starts in the middle.
    """
    return F.mse_loss(NEUTRAL + logits, labels)


@dataclass(frozen=True)
class Objective:
    """What the head of a task is trained to, and how its output is read."""

    loss: Callable  # of logits and targets, tensors (n, outputs), as a scalar tensor
    probabilities: Callable  # of logits, float64 arrays (n, outputs), as distributions (n, 5)


def objective_of(settings):
    """Return the Objective of TrainingSettings."""
    return OBJECTIVES[ENCODINGS[settings.encoding].objective or settings.class_loss]


def _softmax(logits):
    return F.softmax(torch.from_numpy(logits), dim=1).numpy()


def _normalised_sigmoids(logits):
    """Return sigma(s_i) / sum_j sigma(s_j), by logarithms: all five may be too small for floats."""
    return _softmax(F.logsigmoid(torch.from_numpy(logits)).numpy())


def _between_classes(logits):
    """Return the fuzzy label of the predicted number, which is first brought into the scale."""
    return fuzzy((NEUTRAL + logits[:, 0]).clip(CLASSES[0], CLASSES[-1]))


OBJECTIVES = {
    "softmax": Objective(softmax_loss, _softmax),
    "binary": Objective(binary_loss, _normalised_sigmoids),
    "regression": Objective(squared_error, _between_classes),
}

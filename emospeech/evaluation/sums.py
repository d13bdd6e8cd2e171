"""Sums over recordings from which every figure follows, so that resampling is a matter of adding.

A recording stands as one row: which of the 45 cells of the count table it falls into, and the
terms of the moments of label and expected value. The rows of any set of recordings, added, give
the set's figures without another look at its predictions.
"""

import numpy as np

from emospeech.labels import CLASSES, NEUTRAL
from emospeech.metrics import (
    N_LEVELS,
    accuracy,
    confusion_matrix,
    expected_value,
    label_levels,
    merge_classes,
    predicted_class,
    strict_confusion_matrix,
    unweighted_average_recall,
)

CELLS = N_LEVELS * len(CLASSES)
WIDTH = CELLS + 7  # of a row
FIGURES = ("accuracy", "uar5", "uar3", "strict_uar5", "rho", "ccc", "mae")
LOWEST = np.array([0, 0, 0, 0, -1, -1, 0])  # that each figure can be
HIGHEST = np.array([1, 1, 1, 1, 1, 1, CLASSES[-1] - CLASSES[0]])


def recording_sums(truth, probabilities):
    """Return a row (WIDTH) for each recording, float64, from its label and its p of shape (5,)."""
    cells = label_levels(truth) * len(CLASSES) + predicted_class(probabilities) - 1
    # Around the middle of the scale, so that squares lose no digits.
    label = np.asarray(truth, np.float64) - NEUTRAL
    expected = expected_value(probabilities) - NEUTRAL
    terms = [np.ones(len(label)), label, expected, label**2, expected**2, label * expected]
    return np.column_stack([np.eye(CELLS)[cells], *terms, np.abs(label - expected)])


def figures_of(sums):
    """Return the FIGURES of added rows: (..., WIDTH) to (..., 7), NaN where one is not defined."""
    table = sums[..., :CELLS].reshape(*sums.shape[:-1], N_LEVELS, len(CLASSES))
    counts = confusion_matrix(table)
    matrices = (counts, merge_classes(counts), strict_confusion_matrix(table))
    uars = map(unweighted_average_recall, matrices)
    rho, ccc, mae = _agreement(sums[..., CELLS:])
    return np.stack([accuracy(counts), *uars, rho, ccc, mae], axis=-1)


def _agreement(terms):
    """Return rho, CCC and the mean absolute error from the last seven sums."""
    size, *others = np.moveaxis(terms, -1, 0)
    label, expected, label_square, expected_square, product, distance = (
        part / size for part in others
    )
    covariance = product - label * expected
    label_variance = _positive(label_square - label**2)
    expected_variance = _positive(expected_square - expected**2)
    rho = _ratio(covariance, np.sqrt(label_variance * expected_variance))
    spread = label_variance + expected_variance
    ccc = np.where(spread > 0, _ratio(2 * covariance, spread + (label - expected) ** 2), np.nan)
    return np.clip(rho, -1, 1), ccc, distance


def _positive(variance):
    # Rounding leaves some 1e-16 where nothing varies.
    return np.where(variance > 1e-12, variance, 0)


def _ratio(above, below):
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)

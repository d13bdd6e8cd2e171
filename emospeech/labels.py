"""Labels on the five-point scale: as distributions over the classes, and as the truth of a test.

A label is the mean of two to four raters, so it may lie between two classes. The paper spreads
such a label over both ("fuzzy labels") and accepts either class where it lies halfway.
"""

import numpy as np

CLASSES = np.arange(1, 6)  # very negative, negative, neutral, positive, very positive


def fuzzy(labels):
    """Return labels in [1, 5] as distributions over the classes, float32 of shape (n, 5).

    The two neighbouring classes share the weight linearly, so that the expected value is the
    label: 4.5 gives 0.5 on 4 and on 5 (the paper's example), 2.667 gives 0.333 on 2.
    """
    distance = np.abs(np.asarray(labels, np.float64)[:, None] - CLASSES)  # (n, 5)
    return np.maximum(0, 1 - distance).astype(np.float32)


def is_tie(labels):
    """Return where a label lies halfway between two classes."""
    labels = np.asarray(labels, np.float64)
    return np.abs(labels % 1 - 0.5) < 1e-6


def class_shares(labels):
    """Return how each label counts to the classes, float64 of shape (n, 5), rows sum to 1.

    A halfway label counts half to either side, any other to its nearest class.
    """
    labels = np.asarray(labels, np.float64)
    nearest = np.rint(labels)[:, None] == CLASSES
    halves = np.abs(labels[:, None] - CLASSES) < 0.5 + 1e-6
    return np.where(is_tie(labels)[:, None], halves / 2, nearest)


def shuffled(labels, parts, rng):
    """Return the labels shuffled between the recordings of each part: the control for leaks.

    `labels` has a row a recording, `parts` names the part of each; rows stay together.
    """
    result = labels.copy()
    for part in np.unique(parts):
        members = np.flatnonzero(parts == part)
        result[members] = labels[rng.permutation(members)]
    return result

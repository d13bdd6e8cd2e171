"""Labels on the five-point scale: as targets of a training, and as the truth of a test.

A label is the mean of two to four raters, so it may lie between two classes. The paper spreads
such a label over both ("fuzzy labels") and accepts either class where it lies halfway. It had less
success with the number itself ("regression"). Both are encodings of a label as the target of a
head, as are the raters' own votes ("histogram") and the nearest class alone ("hard").
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

CLASSES = np.arange(1, 6)
NEUTRAL = 3
CLASS_NAMES = {
    "valence": ("very negative", "negative", "neutral", "positive", "very positive"),
    "activation": ("very low", "low", "medium", "high", "very high"),
}


def fuzzy(labels):
    """Return labels in [1, 5] as distributions over the classes, float64 of shape (n, 5).

    The two neighbouring classes share the weight linearly, so that the expected value is the
    label: 4.5 gives 0.5 on 4 and on 5 (the paper's example), 2.667 gives 0.333 on 2.
    """
    distance = np.abs(np.asarray(labels, np.float64)[:, None] - CLASSES)  # (n, 5)
    return np.maximum(0, 1 - distance)


def hard(labels):
    """Return labels as their nearest class, float64 of shape (n, 5) with a single 1 a row.

    A halfway label goes to the class nearer to neutral, so 1.5 and 2.5 go up, 3.5 and 4.5 down: it
    is as far as all of the split raters went, and neither side of the scale is favoured.
    """
    labels = np.asarray(labels, np.float64)
    inward = np.where(is_tie(labels), np.sign(NEUTRAL - labels) / 4, 0)  # past the halfway point
    return (np.rint(labels + inward)[:, None] == CLASSES).astype(np.float64)


def histogram(ratings):
    """Return the ratings of recordings as distributions over the classes, float64 (n, 5).

    `ratings` holds for each recording the list of its ratings in [1, 5]. Each rater has the same
    weight (a rating between two classes is shared as in `fuzzy`), so the expected value is the
    mean rating, as with fuzzy labels, but 2 and 4 differ from 3 and 3. NaN where the list is empty.
    """
    unknown = np.full(len(CLASSES), np.nan)
    rows = [fuzzy(given).mean(axis=0) if given else unknown for given in ratings]
    return np.reshape(rows, (-1, len(CLASSES)))


def as_number(labels):
    """Return labels as they are, float64 of shape (n, 1): for regression."""
    return np.asarray(labels, np.float64)[:, None]


@dataclass(frozen=True)
class Encoding:
    """How labels become the targets of a head."""

    targets: Callable[[np.ndarray], np.ndarray]  # labels (n,) to float64 (n, outputs)
    outputs: int = len(CLASSES)  # of the head: one per class, or the label itself
    uses_ratings: bool = False  # replaces the targets of recordings that have ratings
    objective: str | None = None  # of training.losses; None for the class loss of the config


ENCODINGS = {
    "fuzzy": Encoding(fuzzy),
    "histogram": Encoding(fuzzy, uses_ratings=True),
    "hard": Encoding(hard),
    "regression": Encoding(as_number, outputs=1, objective="regression"),
}


def encode(labels: np.ndarray, encoding: str, histograms: np.ndarray | None = None) -> np.ndarray:
    """Return the targets of a head, float32 of shape (n, head_outputs(encoding)).

    `encoding` is one of ENCODINGS. Where it uses ratings, `histograms` (n, 5) are those of the
    recordings; a row that is NaN takes the fuzzy label instead.
    """
    targets = ENCODINGS[encoding].targets(labels)
    if ENCODINGS[encoding].uses_ratings:
        targets = np.where(np.isnan(histograms), targets, histograms)
    return targets.astype(np.float32)


def head_outputs(encoding: str) -> int:
    """Return the number of outputs of a head."""
    return ENCODINGS[encoding].outputs


def are_whole(labels):
    """Return whether all labels that are known are classes, so that fuzzy and hard are the same.

    NaN stands for an unknown label. False where no label is known.
    """
    known = np.asarray(labels, np.float64)
    known = known[~np.isnan(known)]
    return len(known) > 0 and np.array_equal(fuzzy(known), hard(known))


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

"""Labels on the five-point scale, and their encodings as training targets.

A label is the mean of two to four ratings, so it may fall between two classes. The paper spreads
such a label over both classes ("fuzzy labels") and accepts either class if the label is halfway
between them. Regression on the label itself was less successful. Two more encodings are the
distribution of the ratings ("histogram") and the nearest class ("hard").
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

CLASSES = np.arange(1, 6)
NEUTRAL = 3
CLASS_NAMES = {
    "valence": ("very negative", "negative", "neutral", "positive", "very positive"),
    "activation": ("very low", "low", "medium", "high", "very high"),
}
TOLERANCE = 1e-6  # rounding error of mean ratings that are halfway between classes


def fuzzy(labels: ArrayLike) -> np.ndarray:
    """Return labels (n,) in [1, 5] as distributions over the classes, float64 of shape (n, 5).

    Class c gets max(0, 1 - |label - c|), so the expected value is the label: 4.5 gives 0.5 to 4
    and to 5 (the paper's example), 2.667 gives 0.333 to 2 and 0.667 to 3.
    """
    return np.maximum(0, 1 - _class_distances(labels))


def hard(labels: ArrayLike) -> np.ndarray:
    """Return labels (n,) as one-hot vectors of their nearest class, float64 of shape (n, 5).

    A halfway label belongs to the class closer to neutral: 1.5 and 2.5 are rounded up, 3.5 and 4.5
    down. This favours neither end of the scale.
    """
    labels = np.asarray(labels, np.float64)
    inward = np.where(is_halfway(labels), np.sign(NEUTRAL - labels) / 4, 0)
    return (np.rint(labels + inward)[:, None] == CLASSES).astype(np.float64)


def nearest_class(labels: ArrayLike) -> np.ndarray:
    """Return the nearest class of each label, int64 (n,), with halfway labels as in `hard`."""
    return (hard(labels) @ CLASSES).astype(np.int64)


def histogram(ratings: Sequence[Sequence[float]]) -> np.ndarray:
    """Return the ratings of each recording as a distribution over the classes, float64 (n, 5).

    All raters have equal weight; a rating between two classes is spread as in `fuzzy`. The expected
    value is the mean rating. Recordings without ratings are NaN.
    """
    unknown = np.full(len(CLASSES), np.nan)
    rows = [fuzzy(given).mean(axis=0) if given else unknown for given in ratings]
    return np.reshape(rows, (-1, len(CLASSES)))


@dataclass(frozen=True)
class LabelSettings:
    """How labels are learned: the config section `labels`."""

    encoding: str = "fuzzy"  # of labels as targets; one of ENCODINGS
    oversample: bool = True  # draw the valence classes evenly, or each recording once per epoch
    shuffle: bool = False  # the control: labels shuffled within each part of a fold

    @property
    def outputs(self) -> int:
        """The number of outputs of the head of a task."""
        return ENCODINGS[self.encoding].outputs


@dataclass(frozen=True)
class Encoding:
    """The training targets that represent labels, and the head that predicts them.

    Attributes:
        targets: Function from labels (n,) to targets, float64 (n, outputs).
        outputs: Number of outputs of the head: one per class, or a single one for regression.
        uses_ratings: Whether the histogram of the ratings replaces the targets where it is known.
        objective: Name in `training.losses.OBJECTIVES`; None for `training.class_loss`.
    """

    targets: Callable[[ArrayLike], np.ndarray]
    outputs: int = len(CLASSES)
    uses_ratings: bool = False
    objective: str | None = None


ENCODINGS = {
    "fuzzy": Encoding(fuzzy),
    "histogram": Encoding(fuzzy, uses_ratings=True),
    "hard": Encoding(hard),
    "regression": Encoding(
        lambda labels: np.asarray(labels)[:, None], outputs=1, objective="regression"
    ),
}


def encode(labels: ArrayLike, encoding: str, histograms: np.ndarray | None = None) -> np.ndarray:
    """Return the training targets of labels (n,), float32 of shape (n, outputs).

    `encoding` is a key of ENCODINGS. If it uses ratings, `histograms` (n, 5) are those of the same
    recordings; rows that are NaN fall back to the fuzzy label.
    """
    targets = ENCODINGS[encoding].targets(labels)
    if ENCODINGS[encoding].uses_ratings:
        assert histograms is not None, encoding
        targets = np.where(np.isnan(histograms), targets, histograms)
    return targets.astype(np.float32)


def are_integers(labels: ArrayLike) -> bool:
    """Return whether all known (not NaN) labels are integers; False if no label is known.

    The fuzzy and hard encodings of such labels are identical.
    """
    known = np.asarray(labels, np.float64)
    known = known[~np.isnan(known)]
    return len(known) > 0 and np.array_equal(fuzzy(known), hard(known))


def is_halfway(labels: ArrayLike) -> np.ndarray:
    """Return whether each label is halfway between two classes, bool (n,)."""
    return np.abs(np.asarray(labels, np.float64) % 1 - 0.5) < TOLERANCE


def class_shares(labels: ArrayLike) -> np.ndarray:
    """Return how much each label counts towards each class, float64 (n, 5); rows sum to 1.

    A halfway label counts half towards both neighbours, any other label towards the nearest class.
    """
    nearest = _class_distances(labels) < 0.5 + TOLERANCE
    return nearest / nearest.sum(axis=1, keepdims=True)


def shuffle_within(labels: np.ndarray, parts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return labels (n, ...) shuffled among the recordings of each part, as a control for leaks.

    `parts` (n,) names the part of each recording. The labels of a recording stay together.
    """
    result = labels.copy()
    for part in np.unique(parts):
        members = np.flatnonzero(parts == part)
        result[members] = labels[rng.permutation(members)]
    return result


def _class_distances(labels: ArrayLike) -> np.ndarray:
    return np.abs(np.asarray(labels, np.float64)[:, None] - CLASSES)  # (n, 5)

"""Oversampling: an epoch in which each valence class is drawn equally often.

The paper oversamples the rare valence classes of the training part "such that the overall
distribution of valence labels is more even".
"""

import numpy as np

from emospeech.labels import CLASSES, class_shares, is_halfway


def epoch_length(labels: np.ndarray) -> int:
    """Return the number of draws in an epoch: five times the expected size of the largest class.

    A size that ends in a half is rounded up. The length depends on the labels only, so that every
    epoch of a training is equally long.
    """
    return len(CLASSES) * int(np.ceil(class_shares(labels).sum(axis=0).max()))


def draw_epoch(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the order of an epoch: positions into `labels`, int64 of shape (epoch_length,).

    Each class gets an equal share of the epoch and cycles through its members in random order:
    every recording appears, and the counts of a class's members differ by at most one. A class
    without members leaves its share to the others.
    """
    chosen = _draw_classes(labels, rng)
    classes = np.unique(chosen)
    quotas = np.diff(np.linspace(0, epoch_length(labels), len(classes) + 1).astype(np.int64))
    draws = [
        _cycle(np.flatnonzero(chosen == number), quota, rng)
        for number, quota in zip(classes, quotas, strict=True)
    ]
    return rng.permutation(np.concatenate(draws))


def _draw_classes(labels, rng):
    """Return a class index (0 to 4) for each label, halfway labels split evenly at random.

    Of an odd number of equal halfway labels one is left over. All leftovers go up, or all go down:
    a class then gets at most one of them, and does not outgrow its share of the epoch.
    """
    lower = class_shares(labels).argmax(axis=1)  # of the two classes of a halfway label
    chosen, tied, upward = lower.copy(), is_halfway(labels), rng.integers(2)
    for number in np.unique(lower[tied]):
        halfway = rng.permutation(np.flatnonzero(tied & (lower == number)))
        chosen[halfway[: (len(halfway) + upward) // 2]] += 1
    return chosen


def _cycle(members, count, rng):
    """Return `count` draws from `members`, each cycle of which is a new random order."""
    cycles = [rng.permutation(members) for _ in range(-(-count // len(members)))]
    return np.concatenate(cycles)[:count]

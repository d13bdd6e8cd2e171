"""Oversampling: an epoch in which each valence class is drawn equally often.

The paper oversamples the rare valence classes of the training part "such that the overall
distribution of valence labels is more even".
"""

import numpy as np

from emospeech.labels import CLASSES, class_shares


def epoch_length(labels):
    """Return the number of draws in an epoch: five times the expected size of the largest class.

    It depends on the labels only, so that every epoch of a training is equally long.
    """
    return len(CLASSES) * round(class_shares(labels).sum(axis=0).max())


def draw_epoch(labels, rng):
    """Return the order of an epoch: positions into `labels`, int64 of shape (epoch_length,).

    A halfway label is given to either class at random. Then each class gets an equal share of the
    epoch, drawn from its members with replacement. A class without members leaves its share to
    the others.
    """
    shares = class_shares(labels).cumsum(axis=1)
    chosen = (rng.random((len(labels), 1)) > shares).sum(axis=1)  # class numbers from 0
    classes = np.unique(chosen)
    quotas = np.diff(np.linspace(0, epoch_length(labels), len(classes) + 1).astype(np.int64))
    draws = [
        rng.choice(np.flatnonzero(chosen == number), size=quota)
        for number, quota in zip(classes, quotas, strict=True)
    ]
    return rng.permutation(np.concatenate(draws))

"""Oversampling: epochs in which each class of the target is drawn equally often.

The paper oversamples the rare valence classes of the training part "such that the overall
distribution of valence labels is more even".
"""

import numpy as np
import pandas as pd

from emospeech.labels import Task, class_shares, is_halfway


def epoch_length(labels: np.ndarray, classes: int | None) -> int:
    """Return the number of draws in an epoch: `classes` times the expected size of the largest.

    A half is rounded up. The length depends only on the labels, so all epochs of a training run
    have the same length. If `classes` is None, each recording is drawn once.
    """
    if classes is None:
        return len(labels)
    return classes * int(np.ceil(class_shares(labels, classes).sum(axis=0).max()))


def epoch_lengths(
    recordings: pd.DataFrame, folds: pd.DataFrame, task: Task, oversample: bool
) -> list[int]:
    """Return the number of draws in an epoch of each fold; see `balance_table`."""
    classes = len(task.classes) if oversample else None
    return [epoch_length(own, classes) for _, own in _training_labels(recordings, folds, task)]


def draw_epoch(labels: np.ndarray, classes: int | None, rng: np.random.Generator) -> np.ndarray:
    """Return indices into `labels` in the order of an epoch, int64 of shape (epoch_length,).

    Each class has an equal share of the epoch and cycles through its recordings in random order:
    all recordings appear, and the counts within a class differ by at most one. The share of a class
    without recordings is divided among the others. Without `classes`, each recording is drawn once.
    """
    if classes is None:
        return rng.permutation(len(labels))
    drawn = _draw_classes(labels, classes, rng)
    present = np.unique(drawn)
    length = epoch_length(labels, classes)
    quotas = np.diff(np.linspace(0, length, len(present) + 1).astype(np.int64))
    draws = []
    for index, quota in zip(present, quotas, strict=True):
        members = np.flatnonzero(drawn == index)
        cycles = [rng.permutation(members) for _ in range(-(-quota // len(members)))]
        draws.append(np.concatenate(cycles)[:quota])
    return rng.permutation(np.concatenate(draws))


def balance_table(
    recordings: pd.DataFrame,
    folds: pd.DataFrame,
    task: Task,
    seed: int,
    oversample: bool = True,
) -> pd.DataFrame:
    """Return the distribution of the target's labels in training, before and after oversampling.

    The columns are `fold, stage, class, count, share`. The stages are the labelled recordings of
    the training part and one epoch drawn from it. A halfway label counts half for both classes.

    Args:
        recordings: The table of `load_labelled`.
        folds: The table folds.csv.
        task: The target.
        seed: The seed of the drawn epochs.
        oversample: The config value labels.oversample.
    """
    classes, parts = len(task.classes), []
    for fold, labels in _training_labels(recordings, folds, task):
        stages = {"training part": labels, "epoch": labels}
        if oversample:
            order = draw_epoch(labels, classes, np.random.default_rng([seed, fold]))
            stages = {"training part": labels, "oversampled epoch": labels[order]}
        for stage, drawn in stages.items():
            counts = class_shares(drawn, classes).sum(axis=0)
            columns = {"fold": fold, "stage": stage, "class": task.classes, "count": counts}
            parts.append(pd.DataFrame(columns | {"share": counts / len(drawn)}))
    return pd.concat(parts, ignore_index=True)


def _training_labels(recordings, folds, task):
    """Yield each fold and the labels of the target in its training part, float64 (n,)."""
    trained = folds[folds["part"] == "train"].merge(recordings, on="recording")
    for fold, labels in trained.dropna(subset=task.name).groupby("fold")[task.name]:
        yield fold, labels.to_numpy(float)


def _draw_classes(labels, classes, rng):
    """Return a class index (from 0) for each label; halfway labels are split evenly at random.

    If an odd number of recordings have the same halfway label, one of them is left over. For all
    halfway labels, these recordings go to the upper class, or for all to the lower class. A class
    therefore gets at most one of them and does not exceed its share of the epoch.
    """
    lower = class_shares(labels, classes).argmax(axis=1)  # of the two classes of a halfway label
    drawn, halfway, upward = lower.copy(), is_halfway(labels), rng.integers(2)
    for index in np.unique(lower[halfway]):
        members = rng.permutation(np.flatnonzero(halfway & (lower == index)))
        drawn[members[: (len(members) + upward) // 2]] += 1
    return drawn

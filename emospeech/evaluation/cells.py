"""Intervals of the cells of each confusion matrix, and of what follows from the cells.

Table 3 of the paper prints the cells as shares of their rows, and its text quotes precision and F1
made from such shares. So the figures here are the 25 shares, the UAR with five and three classes,
and precision, recall and F1 of each class, from the counts and from the shares.
"""

import numpy as np
import pandas as pd

from emospeech.evaluation.intervals import of_task, speaker_parts
from emospeech.evaluation.resampling import draw_speakers, margin, standard_error
from emospeech.evaluation.sums import CELLS
from emospeech.labels import CLASSES
from emospeech.metrics import (
    N_LEVELS,
    confusion_matrix,
    merge_classes,
    normalise_rows,
    precision_recall_f1,
    unweighted_average_recall,
)

CLASS_FIGURES = ("precision", "recall", "f1", "precision_normalised", "f1_normalised")
KEYS = [
    *(("share", truth, prediction) for truth in CLASSES for prediction in CLASSES),
    *((name, None, None) for name in ("uar5", "uar3")),
    *((name, truth, None) for name in CLASS_FIGURES for truth in CLASSES),
]


def matrix_figures(counts):
    """Return the figures of KEYS, (..., 52), from confusion counts (..., 5, 5).

    The shares and the recall of a class without members are NaN, its precision and F1 are 0.
    """
    shares = normalise_rows(counts)
    precision, _, f1 = precision_recall_f1(counts)
    precision_normalised, _, f1_normalised = precision_recall_f1(np.nan_to_num(shares))
    recall = np.diagonal(shares, axis1=-2, axis2=-1)
    recalls = [unweighted_average_recall(counts), unweighted_average_recall(merge_classes(counts))]
    parts = [shares.reshape(*shares.shape[:-2], -1), np.stack(recalls, axis=-1)]
    parts += [precision, recall, f1, precision_normalised, f1_normalised]
    return np.concatenate(parts, axis=-1)


def speaker_counts(parts):
    """Return the confusion counts of each speaker, (speakers, models, 5, 5).

    `parts` holds for each speaker the sums of its recordings (see `speaker_parts`).
    """
    totals = np.stack([part.sum(axis=0) for part in parts])[..., :CELLS]
    return confusion_matrix(totals.reshape(*totals.shape[:-1], N_LEVELS, len(CLASSES)))


def draw_figures(counts, resamples, rng):
    """Return the figures of `resamples` draws of speakers, of shape (resamples, models, 52)."""
    speakers = len(counts)
    drawn = draw_speakers(speakers, resamples, rng)
    times = (drawn[..., None] == np.arange(speakers)).sum(axis=1)  # (resamples, speakers)
    sums = times @ counts.reshape(speakers, -1)
    return matrix_figures(sums.reshape(resamples, *counts.shape[1:]))


def cells_table(predictions, resamples, seed):
    """Return `cells.csv`: the 95 % interval of each figure of KEYS, of valence, folds pooled.

    The columns are `model, figure, truth, prediction, speakers, count, value, low, high, error`;
    `truth` and `prediction` are classes where a figure has them, `count` the recordings in a cell.
    The interval is made as that of `intervals.csv`.
    """
    tables = of_task(predictions, "valence")
    names, parts = speaker_parts(tables, "valence")
    counts = speaker_counts(parts)
    draws = draw_figures(counts, resamples, np.random.default_rng(np.random.SeedSequence(seed)))
    matrices = counts.sum(axis=0)  # (models, 5, 5)
    value, error = matrix_figures(matrices), standard_error(draws, len(names))
    half = margin(error, len(names))
    low, high = np.maximum(value - half, 0), np.minimum(value + half, 1)
    rows = []
    for number, model in enumerate(tables):
        table = pd.DataFrame(KEYS, columns=["figure", "truth", "prediction"])
        table = table.astype({"truth": "Int64", "prediction": "Int64"})
        table.insert(0, "model", model)
        cells = pd.Series(matrices[number].ravel().astype(int), dtype="Int64")
        table = table.assign(speakers=len(names), count=cells.reindex(range(len(KEYS))))
        columns = {"value": value, "low": low, "high": high, "error": error}
        rows.append(table.assign(**{name: part[number] for name, part in columns.items()}))
    return pd.concat(rows, ignore_index=True)

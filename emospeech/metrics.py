"""Accuracy with ties, and correlation.

Everything counts from one table: how often each kind of label (1, 1.5, 2, ... 5) met each predicted
class. A label halfway between two classes accepts both: a right prediction counts under the
predicted class, a wrong one under the lower class. It is the only rule that gives the row sums of
the paper's Table 3. The strict figures accept one class only (`strict_confusion`).

A class without members has no recall. It is left out of the mean, so the unweighted recall of a
fold may be a mean over fewer than five classes; its precision and F1 are 0.
"""

import numpy as np
import pandas as pd

from emospeech.labels import CLASSES, hard, is_tie

N_KINDS = 2 * len(CLASSES) - 1  # labels 1, 1.5, ... 5
POOLED = np.array([0, 0, 1, 2, 2])  # five classes to three
POOLED_NAMES = ("negative", "neutral", "positive")


def label_kinds(labels):
    """Return the kind of each label: 0 for class 1, 1 for the tie of 1 and 2, ... 8 for class 5.

    Labels that are no ties count to the nearest class.
    """
    labels = np.asarray(labels, np.float64)
    return np.rint(2 * np.where(is_tie(labels), labels, np.rint(labels))).astype(np.int64) - 2


def count_table(truth, prediction):
    """Return counts of shape (9, 5): kinds of label by predicted class (classes are 1 to 5)."""
    table = np.zeros((N_KINDS, len(CLASSES)), np.int64)
    np.add.at(table, (label_kinds(truth), np.asarray(prediction) - 1), 1)
    return table


def confusion(table):
    """Return confusion counts (..., 5, 5), truth by prediction, from a count table (..., 9, 5)."""
    counts = table[..., ::2, :].copy()
    for lower in range(len(CLASSES) - 1):
        tied = table[..., 2 * lower + 1, :]  # labels between the classes `lower` and `lower` + 1
        right = np.arange(len(CLASSES)) == lower + 1
        counts[..., lower, :] += np.where(right, 0, tied)
        counts[..., lower + 1, :] += np.where(right, tied, 0)
    return counts


def strict_confusion(table):
    """Return confusion counts as `confusion` does, but with a single right class a label.

    A label halfway between two classes belongs to the one nearer to neutral, as in `labels.hard`.
    """
    inward = hard(1 + np.arange(N_KINDS) / 2).astype(table.dtype)  # (9, 5)
    return inward.T @ table


def pool(counts):
    """Return the counts of three classes: 1 and 2 negative, 3 neutral, 4 and 5 positive."""
    merge = (POOLED[:, None] == np.arange(3)).astype(counts.dtype)  # (5, 3)
    return merge.T @ counts @ merge


def recalls(counts):
    """Return the share of each true class that was predicted right, NaN where it has no member."""
    counts = np.asarray(counts)
    sizes = counts.sum(axis=-1)
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    return np.divide(right, sizes, out=np.full(sizes.shape, np.nan), where=sizes > 0)


def unweighted_recall(counts):
    """Return the unweighted average recall (UAR): the mean recall over the classes with members."""
    return np.nanmean(recalls(counts), axis=-1)


def accuracy(counts):
    """Return the share of right predictions (weighted accuracy)."""
    return np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))


def precision_recall_f1(counts):
    """Return three arrays (..., classes) from counts (..., classes, classes).

    They are 0 where a class is never predicted or never true. Given the row-normalised matrix
    instead of counts, they are the figures in the paper's text.
    """
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    precision = _ratio(right, counts.sum(axis=-2))
    recall = _ratio(right, counts.sum(axis=-1))
    return precision, recall, _ratio(2 * precision * recall, precision + recall)


def row_normalised(counts):
    """Return the shares within each true class, as Table 3 prints them; NaN without members."""
    sizes = counts.sum(axis=-1, keepdims=True)
    return np.divide(counts, sizes, out=np.full(counts.shape, np.nan), where=sizes > 0)


def expected_value(probabilities):
    """Return the sum of i * p_i over the classes, of shape (n,), for p of shape (n, 5)."""
    return np.asarray(probabilities, np.float64) @ CLASSES


def predicted_class(probabilities):
    """Return the most probable class, 1 to 5; of equal ones the lowest."""
    return np.argmax(probabilities, axis=1) + 1


def pearson(truth, prediction):
    """Return Pearson's rho; NaN where either side does not vary."""
    if len(truth) < 3 or np.ptp(truth) == 0 or np.ptp(prediction) == 0:
        return np.nan
    return float(np.clip(np.corrcoef(truth, prediction)[0, 1], -1, 1))


def correlation(truth, prediction):
    """Return Pearson's rho and its two-sided p; both NaN where either side does not vary."""
    # Here, since a training asks for no p, and the import takes as long as some of its steps.
    from scipy.special import betainc

    rho = pearson(truth, prediction)
    half = len(truth) / 2 - 1
    # The null distribution of rho is a beta distribution stretched to [-1, 1] (Student 1908).
    return rho, float(2 * betainc(half, half, (1 - abs(rho)) / 2))


def concordance(truth, prediction):
    """Return Lin's concordance correlation (CCC); NaN where neither side varies.

    It is 2 cov / (var + var + (difference of the means)^2), with variances over n (Lin 1989): a
    correlation that a wrong scale or a shift makes smaller.
    """
    truth, prediction = np.asarray(truth, np.float64), np.asarray(prediction, np.float64)
    if not np.ptp(truth) and not np.ptp(prediction):
        return np.nan
    shift = truth.mean() - prediction.mean()
    covariance = np.mean((truth - truth.mean()) * (prediction - prediction.mean()))
    return float(2 * covariance / (truth.var() + prediction.var() + shift**2))


def mean_absolute_error(truth, prediction):
    """Return the mean distance between label and expected value, in points of the scale."""
    return float(np.mean(np.abs(np.asarray(truth) - prediction)))


def score(truth, probabilities):
    """Return the figures of one set of predictions as a dict, in the order of the metrics table."""
    table = count_table(truth, predicted_class(probabilities))
    counts, expected = confusion(table), expected_value(probabilities)
    rho, p = correlation(truth, expected)
    return {
        "recordings": len(truth),
        "accuracy": float(accuracy(counts)),
        "uar5": float(unweighted_recall(counts)),
        "uar3": float(unweighted_recall(pool(counts))),
        "rho": rho,
        "p": p,
        "strict_uar5": float(unweighted_recall(strict_confusion(table))),
        "ccc": concordance(truth, expected),
        "mae": mean_absolute_error(truth, expected),
    }


def class_figures(counts):
    """Return precision, recall and F1 of each class, from counts and from normalised rows."""
    precision, recall, f1 = precision_recall_f1(counts)
    shares = np.nan_to_num(row_normalised(counts))
    precision_normalised, _, f1_normalised = precision_recall_f1(shares)
    return pd.DataFrame(
        {
            "class": CLASSES,
            "support": counts.sum(axis=1),
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "precision_normalised": precision_normalised,
            "f1_normalised": f1_normalised,
        }
    )


def _ratio(above, below):
    above, below = np.broadcast_arrays(np.asarray(above, np.float64), below)
    return np.divide(above, below, out=np.zeros(above.shape), where=below > 0)

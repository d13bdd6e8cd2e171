"""Metrics of classification, which accept both classes of a halfway label, and of regression.

Categories have no halfway labels and no regression.

The contingency table of labels (1, 1.5, 2, ... 5) and predicted classes determines all of the
classification metrics. For a label halfway between two classes, both classes are correct. A correct
prediction counts in the row of the predicted class, a wrong one in the row of the lower class, so
the row sums depend on the predictions. Strict metrics accept one class.

A class without recordings has no recall and is left out of the unweighted average recall (UAR),
which may therefore be a mean over fewer classes. Its precision and F1 are 0.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from emospeech.labels import POINTS, Task, hard, is_halfway

# The metrics of a rated dimension and of categories.
SCALE_METRICS = ("accuracy", "uar5", "uar3", "strict_uar5", "rho", "ccc", "mae")
CATEGORY_METRICS = ("accuracy", "uar", "macro_f1")
LOWEST = {"rho": -1, "ccc": -1}  # of the metrics that may be below 0
HIGHEST = {"mae": POINTS - 1}  # of the metrics that may be above 1
MERGED = np.array([0, 0, 1, 2, 2])  # the five classes merged to three
MERGED_NAMES = ("negative", "neutral", "positive")
# Values with at most this standard deviation (points of the scale) count as constant. It exceeds
# the rounding errors of float32 probabilities, which are about 1e-7.
CONSTANT_DEVIATION = 1e-5
MIN_CORRELATED = 3  # recordings; the correlation of two is 1 or -1


def divide(numerator: ArrayLike, denominator: ArrayLike, undefined: float = np.nan) -> np.ndarray:
    """Return the quotient, float64; `undefined` where the denominator is not positive."""
    numerator, denominator = np.broadcast_arrays(np.asarray(numerator, np.float64), denominator)
    out = np.full(numerator.shape, undefined)
    return np.divide(numerator, denominator, out=out, where=denominator > 0)


def metric_names(task: Task) -> tuple[str, ...]:
    """Return the metrics of a task, in the order of all tables with a row per metric."""
    return SCALE_METRICS if task.is_scale else CATEGORY_METRICS


def uar_name(task: Task) -> str:
    """Return the name of the UAR over all classes of a task: uar5 for a scale, or uar."""
    return "uar5" if task.is_scale else "uar"


def label_levels(labels: ArrayLike) -> np.ndarray:
    """Return labels (n,) as indices of half points, int64: 0 for label 1, 1 for 1.5, ... 8 for 5.

    Labels that are not halfway between two classes count as the nearest class.
    """
    labels = np.asarray(labels, np.float64)
    return np.rint(2 * np.where(is_halfway(labels), labels, np.rint(labels))).astype(np.int64) - 2


def contingency_table(truth: ArrayLike, prediction: ArrayLike, classes: int = POINTS) -> np.ndarray:
    """Return the counts of labels (n,) by predicted class (n,), int64 (2 * classes - 1, classes).

    The rows are the labels 1, 1.5, 2 and so on.
    """
    table = np.zeros((2 * classes - 1, classes), np.int64)
    np.add.at(table, (label_levels(truth), np.asarray(prediction) - 1), 1)
    return table


def confusion_matrix(table: np.ndarray) -> np.ndarray:
    """Return the counts (..., classes, classes) of true by predicted classes.

    For a label halfway between two classes, both classes are correct. `table` has shape
    (..., 2 * classes - 1, classes), see `contingency_table`.
    """
    counts, halfway = table[..., ::2, :].copy(), table[..., 1::2, :].copy()
    lower = np.arange(table.shape[-1] - 1)
    upper = lower + 1
    counts[..., upper, upper] += halfway[..., lower, upper]
    halfway[..., lower, upper] = 0
    counts[..., :-1, :] += halfway
    return counts


def strict_confusion_matrix(table: np.ndarray) -> np.ndarray:
    """Return counts as `confusion_matrix` does, but assign halfway labels as `labels.hard` does."""
    levels = hard(1 + np.arange(table.shape[-2]) / 2, table.shape[-1]).astype(table.dtype)
    return levels.T @ table


def merge_classes(counts: np.ndarray) -> np.ndarray:
    """Return the confusion matrix (..., 3, 3) of negative (1, 2), neutral (3), positive (4, 5)."""
    members = (MERGED[:, None] == np.arange(3)).astype(counts.dtype)  # (5, 3)
    return members.T @ counts @ members


def recall_per_class(counts: np.ndarray) -> np.ndarray:
    """Return the recall of each class (..., classes); NaN for classes without recordings."""
    return divide(np.diagonal(counts, axis1=-2, axis2=-1), np.sum(counts, axis=-1))


def unweighted_average_recall(counts: np.ndarray) -> np.ndarray:
    """Return the unweighted average recall (UAR): the mean recall of the classes that occur."""
    return np.nanmean(recall_per_class(counts), axis=-1)


def accuracy(counts: np.ndarray) -> np.ndarray:
    """Return the fraction of correct predictions (weighted accuracy)."""
    return np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))


def precision_recall_f1(counts: np.ndarray) -> np.ndarray:
    """Return precision, recall and F1 of each class, (3, ..., classes), from confusion matrices.

    Precision and F1 are 0 for classes that are never predicted or never true. The recall of a class
    without recordings is NaN. The paper's text quotes values derived from the row-normalised
    matrix.
    """
    correct = np.diagonal(counts, axis1=-2, axis2=-1)
    precision, recall = divide(correct, counts.sum(axis=-2), 0.0), recall_per_class(counts)
    f1 = divide(2 * precision * recall, precision + recall, 0.0)
    return np.stack([precision, recall, f1])


def macro_f1(counts: np.ndarray) -> np.ndarray:
    """Return the mean F1 of the classes that occur, as labels or as predictions."""
    occurs = (counts.sum(axis=-1) > 0) | (counts.sum(axis=-2) > 0)
    f1 = np.nan_to_num(precision_recall_f1(counts)[2])
    return divide(np.where(occurs, f1, 0).sum(axis=-1), occurs.sum(axis=-1))


def normalise_rows(counts: np.ndarray) -> np.ndarray:
    """Return confusion matrices with each row divided by its sum (Table 3), NaN if it is 0."""
    return divide(counts, counts.sum(axis=-1, keepdims=True))


def expected_value(probabilities: ArrayLike) -> np.ndarray:
    """Return the expected label, sum over the classes of i * p_i: (n, classes) to (n,)."""
    probabilities = np.asarray(probabilities, np.float64)
    return probabilities @ np.arange(1, probabilities.shape[1] + 1)


def predicted_class(probabilities: np.ndarray) -> np.ndarray:
    """Return the most probable class, from 1 (ties go to the lowest): (n, classes) to (n,)."""
    return np.argmax(probabilities, axis=1) + 1


def is_constant(variance: ArrayLike) -> np.ndarray:
    """Return whether values with this variance count as constant; see CONSTANT_DEVIATION."""
    return np.asarray(variance) <= CONSTANT_DEVIATION**2


def rho_and_ccc(
    variances: tuple[ArrayLike, ArrayLike], covariance: ArrayLike, shift: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Return Pearson's rho and the concordance correlation coefficient (CCC) from moments over n.

    CCC = 2 cov(t, p) / (var(t) + var(p) + (mean(t) - mean(p))^2) (Lin 1989). Constant predictions
    are unrelated to the labels, so both coefficients are 0. If the labels are constant, rho is NaN;
    if both are, CCC is NaN as well.

    Args:
        variances: Of the labels t and of the predictions p.
        covariance: Of labels and predictions.
        shift: mean(t) - mean(p).
    """
    truth, prediction = (np.where(is_constant(v), 0, v) for v in variances)
    covariance = np.where((truth > 0) & (prediction > 0), covariance, 0)
    rho = np.where(truth > 0, divide(covariance, np.sqrt(truth * prediction), 0.0), np.nan)
    spread = truth + prediction
    ccc = np.where(spread > 0, divide(2 * covariance, spread + np.square(shift)), np.nan)
    return np.clip(rho, -1, 1), ccc


def pearson(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Return Pearson's rho: 0 for constant predictions, NaN for constant labels or fewer than 3."""
    truth, prediction = np.asarray(truth, np.float64), np.asarray(prediction, np.float64)
    if len(truth) < MIN_CORRELATED or is_constant(truth.var()):
        return np.nan
    if is_constant(prediction.var()):
        return 0.0
    return float(np.clip(np.corrcoef(truth, prediction)[0, 1], -1, 1))


def concordance(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Return the CCC of labels and predictions, see `rho_and_ccc`."""
    truth, prediction = np.asarray(truth, np.float64), np.asarray(prediction, np.float64)
    shift = truth.mean() - prediction.mean()
    covariance = np.mean((truth - truth.mean()) * (prediction - prediction.mean()))
    return float(rho_and_ccc((truth.var(), prediction.var()), covariance, shift)[1])


def score(truth: np.ndarray, probabilities: np.ndarray, task: Task) -> dict[str, float]:
    """Return all metrics of predictions of a task, in the order of metrics.csv.

    Args:
        truth: Labels (n,).
        probabilities: Class probabilities (n, classes). The expected value of those of a scale is
            compared with the labels for rho, CCC and MAE.
        task: The task.
    """
    table = contingency_table(truth, predicted_class(probabilities), len(task.classes))
    counts = confusion_matrix(table)
    if not task.is_scale:
        return {
            "recordings": len(truth),
            "accuracy": float(accuracy(counts)),
            "uar": float(unweighted_average_recall(counts)),
            "macro_f1": float(macro_f1(counts)),
        }
    expected = expected_value(probabilities)
    return {
        "recordings": len(truth),
        "accuracy": float(accuracy(counts)),
        "uar5": float(unweighted_average_recall(counts)),
        "uar3": float(unweighted_average_recall(merge_classes(counts))),
        "rho": pearson(truth, expected),
        "strict_uar5": float(unweighted_average_recall(strict_confusion_matrix(table))),
        "ccc": concordance(truth, expected),
        "mae": float(np.mean(np.abs(truth - expected))),  # in points of the scale
    }


def class_metrics(counts: np.ndarray, task: Task) -> pd.DataFrame:
    """Return support, precision, recall and F1 of each class of a task from a confusion matrix.

    The columns `*_normalised` derive from the row-normalised matrix.
    """
    names, table = ["precision", "recall", "f1"], pd.DataFrame({"class": task.classes})
    table["support"] = counts.sum(axis=1)
    table[names] = precision_recall_f1(counts).T
    normalised = precision_recall_f1(np.nan_to_num(normalise_rows(counts)))
    return table.assign(precision_normalised=normalised[0], f1_normalised=normalised[2])

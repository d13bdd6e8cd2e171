"""Metrics of classification, which accept both classes of a halfway label, and of regression.

Categories have no halfway labels and no regression.

The contingency table of labels (1, 1.5, 2, ... 5) and predicted classes determines all of the
classification metrics. For a label halfway between two classes, both classes are correct. A correct
prediction counts in the row of the predicted class, a wrong one in the row of the lower class, so
the row sums depend on the predictions. Strict metrics accept one class.

A class without recordings has no recall and is left out of the unweighted average recall (UAR),
which may therefore be a mean over fewer classes. Its precision and F1 are 0.

All metrics derive from sums over recordings, of contingency tables and of the moments of labels and
expected values. Sums of any recordings can thus be added, as in a bootstrap.
"""

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from emospeech.labels import NEUTRAL, POINTS, Task, hard, is_halfway

# The metrics of a rated dimension and of categories, in the order of their columns in all tables.
REGRESSION_METRICS = ("rho", "ccc", "mae")  # need an expected value; the others, classes only
SCALE_METRICS = ("uar5", "uar3", "strict_uar5", "accuracy", *REGRESSION_METRICS)
CATEGORY_METRICS = ("uar", "macro_f1", "accuracy")
LOWEST = {"rho": -1, "ccc": -1}  # of the metrics that may be below 0
HIGHEST = {"mae": POINTS - 1}  # of the metrics that may be above 1
MERGED = np.array([0, 0, 1, 2, 2])  # the five classes merged to three
MERGED_NAMES = ("negative", "neutral", "positive")
# Values with at most this standard deviation (points of the scale) count as constant. It exceeds
# the rounding errors of float32 probabilities, which are about 1e-7.
CONSTANT_DEVIATION = 1e-5
N_MOMENTS = 7  # sums besides those of the contingency table
UAR_DECIMALS = 12  # of UARs that are compared: equal ones may differ by rounding errors
MIN_CORRELATED = 3  # recordings; the correlation of two is 1 or -1


def divide(numerator: ArrayLike, denominator: ArrayLike, undefined: float = np.nan) -> np.ndarray:
    """Return the quotient, float64; `undefined` where the denominator is not positive."""
    numerator, denominator = np.broadcast_arrays(np.asarray(numerator, np.float64), denominator)
    out = np.full(numerator.shape, undefined)
    return np.divide(numerator, denominator, out=out, where=denominator > 0)


def metric_names(task: Task) -> tuple[str, ...]:
    """Return the metrics of a task, in the order of all tables."""
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


def contingency_cells(truth: ArrayLike, prediction: ArrayLike, classes: int) -> np.ndarray:
    """Return the cell of each label and predicted class, int64 (n,), row by row from 0."""
    return label_levels(truth) * classes + np.asarray(prediction) - 1


def contingency_table(truth: ArrayLike, prediction: ArrayLike, classes: int = POINTS) -> np.ndarray:
    """Return the counts of labels (n,) by predicted class (n,), int64 (2 * classes - 1, classes).

    The rows are the labels 1, 1.5, 2 and so on.
    """
    cells, shape = contingency_cells(truth, prediction, classes), (2 * classes - 1, classes)
    return np.bincount(cells, minlength=math.prod(shape)).reshape(shape)


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


def n_cells(task: Task) -> int:
    """Return the number of cells of the contingency table of a task."""
    return (2 * len(task.classes) - 1) * len(task.classes)


def n_sums(task: Task) -> int:
    """Return the number of sums of `recording_sums`."""
    return n_cells(task) + N_MOMENTS


def recording_sums(
    truth: np.ndarray, probabilities: np.ndarray, task: Task, origin: float = NEUTRAL
) -> np.ndarray:
    """Return the summands of each recording, float64 (n, sums).

    They are the one-hot cell of the contingency table and the `moments` of label and expected
    value. Only the metrics of a scale use the moments after the first.

    Args:
        truth: Labels (n,).
        probabilities: Class probabilities (n, classes).
        task: The task.
        origin: See `moments`; it must be the same for all recordings whose sums are added.
    """
    cells = contingency_cells(truth, predicted_class(probabilities), len(task.classes))
    expected = expected_value(probabilities)
    return np.column_stack([np.eye(n_cells(task))[cells], moments(truth, expected, origin)])


def moments(truth: ArrayLike, prediction: ArrayLike, origin: float) -> np.ndarray:
    """Return 1, t, p, t^2, p^2, t * p and |t - p| of each recording, float64 (n, N_MOMENTS).

    t is the label and p the prediction, both minus `origin`, which keeps precision if it is close
    to the predictions.
    """
    t, p = np.asarray(truth, np.float64) - origin, np.asarray(prediction, np.float64) - origin
    return np.column_stack([np.ones(len(t)), t, p, t**2, p**2, t * p, np.abs(t - p)])


def contingency_tables(sums: np.ndarray, task: Task) -> np.ndarray:
    """Return the contingency tables (..., 2 * classes - 1, classes) in sums (..., sums)."""
    classes = len(task.classes)
    return sums[..., : n_cells(task)].reshape(*sums.shape[:-1], 2 * classes - 1, classes)


def metrics_from_sums(sums: np.ndarray, task: Task) -> np.ndarray:
    """Return the metrics of a task from sums over recordings, NaN if undefined.

    The shape (..., sums) becomes (..., metrics), in the order of `metric_names`.
    """
    table = contingency_tables(sums, task)
    counts = confusion_matrix(table)
    if not task.is_scale:
        uar = unweighted_average_recall(counts)
        return np.stack([uar, macro_f1(counts), accuracy(counts)], axis=-1)
    matrices = (counts, merge_classes(counts), strict_confusion_matrix(table))
    uars = map(unweighted_average_recall, matrices)
    regression = rho_ccc_mae(sums[..., -N_MOMENTS:])
    return np.stack([*uars, accuracy(counts), *regression], axis=-1)


def rho_ccc_mae(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return Pearson's rho, concordance correlation coefficient (CCC) and mean absolute error.

    CCC = 2 cov(t, p) / (var(t) + var(p) + (mean(t) - mean(p))^2) (Lin 1989). Constant predictions
    are unrelated to the labels, so both coefficients are 0. If the labels are constant, rho is NaN;
    if both are, CCC is NaN as well. The correlation of fewer than MIN_CORRELATED recordings is NaN.

    Args:
        sums: Sums of `moments` over recordings, (..., N_MOMENTS).
    """
    size, *totals = np.moveaxis(sums, -1, 0)
    t, p, t_square, p_square, product, mae = (total / size for total in totals)
    variances = t_square - t**2, p_square - p**2
    truth, prediction = (np.where(is_constant(value), 0, value) for value in variances)
    covariance = np.where((truth == 0) | (prediction == 0), 0, product - t * p)
    rho = np.clip(divide(covariance, np.sqrt(truth * prediction)), -1, 1)
    rho = np.where((truth > 0) & (prediction == 0), 0, rho)
    rho = np.where(size < MIN_CORRELATED, np.nan, rho)
    spread = truth + prediction
    ccc = np.where(spread > 0, divide(2 * covariance, spread + (t - p) ** 2), np.nan)
    return rho, ccc, mae


def constant_predictions(sums: np.ndarray) -> np.ndarray:
    """Return whether the expected values are constant: sums (..., sums) to bool (...)."""
    size, _, expected, _, expected_square, *_ = np.moveaxis(sums[..., -N_MOMENTS:], -1, 0)
    return is_constant(expected_square / size - (expected / size) ** 2)


def pearson(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Return Pearson's rho of labels and predictions (n,), see `rho_ccc_mae`."""
    origin = float(np.asarray(prediction, np.float64).mean())
    return float(rho_ccc_mae(moments(truth, prediction, origin).sum(axis=0))[0])


def score(truth: np.ndarray, probabilities: np.ndarray, task: Task) -> dict[str, float]:
    """Return the number of recordings and all metrics of a task, in the order of `metric_names`.

    Args:
        truth: Labels (n,).
        probabilities: Class probabilities (n, classes). The expected value of those of a scale is
            compared with the labels for rho, CCC and MAE.
        task: The task.
    """
    origin = float(expected_value(probabilities).mean())
    sums = recording_sums(truth, probabilities, task, origin).sum(axis=0)
    values = metrics_from_sums(sums, task).tolist()
    return {"recordings": len(truth), **dict(zip(metric_names(task), values, strict=True))}


def class_metrics(counts: np.ndarray, task: Task) -> pd.DataFrame:
    """Return support, precision, recall and F1 of each class of a task from a confusion matrix.

    The columns `*_normalised` derive from the row-normalised matrix.
    """
    names, table = ["precision", "recall", "f1"], pd.DataFrame({"class": task.classes})
    table["support"] = counts.sum(axis=1)
    table[names] = precision_recall_f1(counts).T
    normalised = precision_recall_f1(np.nan_to_num(normalise_rows(counts)))
    return table.assign(precision_normalised=normalised[0], f1_normalised=normalised[2])

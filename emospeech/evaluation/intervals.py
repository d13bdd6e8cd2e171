"""Confidence intervals, over test speakers, of the metrics and of the confusion matrices."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.special import logit as logit_of

from emospeech.evaluation.bootstrap import (
    CONFIDENCE,
    SCOPES,
    Resamples,
    count_speakers,
    draw_speakers,
    margin,
    metric_bounds,
    observed_metrics,
    resample,
    speaker_totals,
    standard_error,
    sums_by_speaker,
)
from emospeech.evaluation.predictions import predictions_of_task, tasks_of_models
from emospeech.labels import Task
from emospeech.metrics import (
    confusion_matrix,
    constant_predictions,
    contingency_tables,
    divide,
    merge_classes,
    metric_names,
    metrics_from_sums,
    normalise_rows,
    precision_recall_f1,
    recall_per_class,
    uar_name,
    unweighted_average_recall,
)
from emospeech.runtime.rng import spawn_rng

ROUNDING = 1e-12  # a smaller standard error is that of values that are equal in all draws
PERCENTILES = (50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE))
CLASS_METRICS = ("precision", "recall", "f1", "precision_normalised", "f1_normalised")
# Table 3 of the paper prints the cells as shares of their rows, and its text quotes precision and
# F1 derived from these shares. Both are therefore computed from the counts and from the shares.


def intervals_table(
    predictions: dict[str, pd.DataFrame], resamples: int, seed: int
) -> pd.DataFrame:
    """Return intervals.csv: the 95 % interval of each model, task, scope and metric.

    `speakers` is the number of test speakers with a value. `low` and `high` bound Student's
    interval over them, whose standard error is `error`. `error_recordings` is the standard error
    with the speakers fixed; `percentile_low` and `percentile_high` are the percentiles of the
    two-stage bootstrap. `constant_speakers` is the number of speakers with constant expected
    values, whose rho and CCC are 0.
    """
    parts = []
    for place, task in enumerate(tasks_of_models(predictions)):
        lowest, highest = metric_bounds(task)
        for model, table in predictions_of_task(predictions, task).items():
            # One model at a time, since models may be tested on other speakers. Those with the same
            # recordings share their draws.
            _, sums = sums_by_speaker({model: table}, task)
            totals = speaker_totals(sums)
            value = observed_metrics(totals, task)
            draws = resample(sums, task, resamples, spawn_rng(seed, place))
            speakers = count_speakers(metrics_from_sums(totals, task))
            columns = interval_columns(value, draws, speakers)
            columns["low"] = np.maximum(columns["low"], lowest)
            columns["high"] = np.minimum(columns["high"], highest)
            if task.is_scale:
                columns["constant_speakers"] = constant_predictions(totals).sum(axis=0)
            parts.append(long_table([model], task, columns))
    return pd.concat(parts, ignore_index=True)


def interval_columns(
    value: np.ndarray, draws: Resamples, speakers: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns of an interval, each of the shape of `value`, from its resamples.

    `speakers` are those of `bootstrap.count_speakers`.
    """
    error = standard_error(draws.speakers, speakers)
    half = margin(error, speakers)
    low, high = np.nanpercentile(draws.both, PERCENTILES, axis=0)
    return {
        "speakers": speakers,
        "value": value,
        "low": value - half,
        "high": value + half,
        "error": error,
        "error_recordings": np.nanstd(draws.recordings, axis=0),
        "percentile_low": low,
        "percentile_high": high,
    }


def long_table(models: Iterable, task: Task, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return a row per model, scope and metric.

    Columns have the shape (models, scopes, metrics), or (models,) for those that are equal for all
    scopes and metrics.
    """
    metrics = metric_names(task)
    levels, names = [list(models), SCOPES, metrics], ["model", "scope", "metric"]
    table = pd.MultiIndex.from_product(levels, names=names).to_frame(index=False)
    table.insert(1, "task", task.name)
    each = len(SCOPES) * len(metrics)
    return table.assign(
        **{
            name: values.ravel() if values.ndim > 1 else np.repeat(values, each)
            for name, values in columns.items()
        }
    )


def cells_table(predictions: dict[str, pd.DataFrame], resamples: int, seed: int) -> pd.DataFrame:
    """Return cells.csv: the 95 % intervals of the `matrix_keys` of the target, all folds pooled.

    The columns are `model, metric, truth, prediction, speakers, count, value, low, high, error`;
    `count` is the number of recordings in a cell. The intervals are those of `share_bounds`, except
    for the UAR, whose intervals are computed as for intervals.csv.
    """
    task = tasks_of_models(predictions)[0]
    keys = matrix_keys(task)
    is_uar = np.array([name.startswith("uar") for name, *_ in keys])
    parts = []
    for model, predicted in predictions.items():
        _, sums = sums_by_speaker({model: predicted}, task)
        counts = confusion_matrix(contingency_tables(speaker_totals(sums)[:, 0], task))
        draws = resampled_matrix_metrics(counts, task, resamples, spawn_rng(seed))
        matrix, error = counts.sum(axis=0), standard_error(draws, len(counts))
        error = np.where(error > ROUNDING, error, np.nan)
        value, half = matrix_metrics(matrix, task), margin(error, len(counts))
        low, high = share_bounds(value, half)
        table = pd.DataFrame(keys, columns=["metric", "truth", "prediction"])
        table.insert(0, "model", model)
        table["speakers"] = len(counts)
        table["count"] = pd.Series(matrix.ravel().astype(int), dtype="Int64")
        table["value"] = value
        table["low"] = np.where(is_uar, np.maximum(value - half, 0), low)
        table["high"] = np.where(is_uar, np.minimum(value + half, 1), high)
        parts.append(table.assign(error=error))
    return pd.concat(parts, ignore_index=True)


def share_bounds(value: np.ndarray, half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Student's interval of shares, computed for their logit.

    Shares close to 0 or 1 have skewed distributions, and their logits do not. By the delta method,
    the standard error of the logit is that of the share divided by v (1 - v) for the value v.

    Args:
        value: Shares. The bounds of 0 and 1 are NaN.
        half: Half-width of Student's interval, see `bootstrap.margin`.
    """
    variance = value * (1 - value)
    logit, half = logit_of(value), divide(half, variance)
    return expit(logit - half), expit(logit + half)


def matrix_keys(task: Task) -> list[tuple[str, str | None, str | None]]:
    """Return the metric, the true and the predicted class of each of the `matrix_metrics`."""
    classes = task.classes
    return [
        *(("share", truth, prediction) for truth in classes for prediction in classes),
        *((name, None, None) for name in (uar_name(task), *(("uar3",) if task.is_scale else ()))),
        *((name, truth, None) for name in CLASS_METRICS for truth in classes),
    ]


def resampled_matrix_metrics(
    counts: np.ndarray, task: Task, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the `matrix_metrics` of draws of speakers, (resamples, ..., keys).

    `counts` are the confusion matrices of each speaker, (speakers, ..., classes, classes).
    """
    drawn = draw_speakers(len(counts), resamples, rng)
    times = (drawn[..., None] == np.arange(len(counts))).sum(axis=1)  # (resamples, speakers)
    sums = times @ counts.reshape(len(counts), -1)
    return matrix_metrics(sums.reshape(resamples, *counts.shape[1:]), task)


def matrix_metrics(counts: np.ndarray, task: Task) -> np.ndarray:
    """Return the metrics of `matrix_keys` of confusion matrices (..., classes, classes).

    The shares and the recall of a class without recordings are NaN, its precision and F1 are 0.
    """
    shares = normalise_rows(counts)
    precision, _, f1 = precision_recall_f1(counts)
    precision_normalised, _, f1_normalised = precision_recall_f1(np.nan_to_num(shares))
    merged = [merge_classes(counts)] if task.is_scale else []
    uars = [unweighted_average_recall(matrix) for matrix in (counts, *merged)]
    parts = [shares.reshape(*shares.shape[:-2], -1), np.stack(uars, axis=-1)]
    parts += [precision, recall_per_class(counts), f1, precision_normalised, f1_normalised]
    return np.concatenate(parts, axis=-1)

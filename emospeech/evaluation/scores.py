"""Metrics of test predictions: per fold, pooled, and on slices of the test recordings."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from emospeech.evaluation.predictions import TASKS, labels_and_probabilities
from emospeech.labels import CLASSES
from emospeech.metrics import (
    N_LEVELS,
    class_metrics,
    confusion_matrix,
    contingency_table,
    label_levels,
    predicted_class,
    score,
    unweighted_average_recall,
)
from emospeech.training.targets import external_ratings

CHANCE_PERCENTILES = (2.5, 97.5)
MEAN_METRICS = ["accuracy", "uar5", "uar3", "rho", "strict_uar5", "ccc", "mae"]
# The name of a dialogue contains its style: Ses01F_impro01, Ses01F_script01_1.
STYLES = {"impro": "improvised", "script": "scripted"}
SLICE_PERMUTATIONS = 1000  # the standard error of the mean UAR is then below .3 points
AGREEMENTS = ("same", "one point apart", "further apart")


def count_fold_tables(predictions: pd.DataFrame, task: str) -> dict[Any, np.ndarray]:
    """Return {fold: contingency table (9, 5)}."""
    tables = {}
    for fold, rows in predictions.groupby("fold"):
        labels, probabilities = labels_and_probabilities(rows, task)
        tables[fold] = contingency_table(labels, predicted_class(probabilities))
    return tables


def chance_uars(
    tables: Iterable[np.ndarray], permutations: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the pooled UAR of predictions permuted within each fold, (permutations,).

    `tables` are the contingency tables (9, 5) of the folds. Permuting predictions keeps the sums of
    rows and columns, so random tables with these sums are drawn instead (Patefield 1981).
    """
    from scipy import stats  # slow to import, and confusion_tables does not need it

    pooled = np.zeros((permutations, N_LEVELS, len(CLASSES)))
    for table in tables:
        margins = stats.random_table(table.sum(axis=1), table.sum(axis=0))
        pooled += margins.rvs(size=permutations, random_state=rng)
    return unweighted_average_recall(confusion_matrix(pooled))


def metrics_of(
    predictions: pd.DataFrame, task: str, permutations: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the rows of metrics.csv of one model and task.

    The scopes are each fold, `pooled` (all recordings together) and `mean` (over the folds). Chance
    is the UAR of predictions permuted within each fold: its mean and CHANCE_PERCENTILES.
    """
    tables = count_fold_tables(predictions, task)
    scopes = {f"fold-{fold}": (rows, [fold]) for fold, rows in predictions.groupby("fold")}
    rows = []
    for scope, (part, folds) in (scopes | {"pooled": (predictions, list(tables))}).items():
        chance = chance_uars([tables[fold] for fold in folds], permutations, rng)
        low, high = np.percentile(chance, CHANCE_PERCENTILES)
        row = {"scope": scope, **score(*labels_and_probabilities(part, task))}
        rows.append(row | {"chance": chance.mean(), "chance_low": low, "chance_high": high})
    means = pd.DataFrame(rows[:-1])[MEAN_METRICS].mean()
    rows.append({"scope": "mean", "recordings": len(predictions), **means})
    return pd.DataFrame(rows)


def metrics_table(
    predictions: dict[str, pd.DataFrame], permutations: int, seed: int
) -> pd.DataFrame:
    """Return metrics.csv: a row per model, task and scope.

    `predictions` is {model: predictions of all folds}.
    """
    parts = []
    for row, (model, table) in enumerate(predictions.items()):
        for place, task in enumerate(task for task in TASKS if task in table):
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(row, place)))
            part = metrics_of(table, task, permutations, rng)
            part.insert(0, "model", model)
            part.insert(1, "task", task)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def confusion_tables(
    predictions: pd.DataFrame, task: str = "valence"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return confusion.csv (`truth, 1 .. 5`) and classes.csv of a model, all folds pooled."""
    counts = confusion_matrix(np.sum(list(count_fold_tables(predictions, task).values()), axis=0))
    table = pd.DataFrame(counts, columns=[str(label) for label in CLASSES])
    table.insert(0, "truth", CLASSES)
    return table, class_metrics(counts)


def slices_table(
    predictions: dict[str, pd.DataFrame],
    recordings: pd.DataFrame,
    ratings: pd.DataFrame | None,
    seed: int,
) -> pd.DataFrame:
    """Return slices.csv: the metrics of each model and task on slices of the pooled recordings.

    Slices are by style (if dialogue names contain it), by speaker and, given `ratings`, by the
    agreement of the raters (for recordings with several). `share` is the fraction of the recordings
    that a slice contains, `chance` its `slice_chance`. If a slice contains no recording of a class,
    the UAR is the mean over the other classes.
    """
    dialogues = recordings.set_index("recording")["dialogue"].astype(str)
    styles = dialogues.str.extract(rf"_({'|'.join(STYLES)})")[0].map(STYLES)
    rows = []
    for number, (model, table) in enumerate(predictions.items()):
        for place, task in enumerate(task for task in TASKS if task in table):
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, place)))
            slices = {"style": table["recording"].map(styles), "speaker": table["speaker"]}
            if ratings is not None:
                slices["agreement"] = rater_agreement(ratings, table.loc[:, "recording"], task)
            for kind, values in slices.items():
                for value, part in table.groupby(values):
                    keys = {"model": model, "task": task, "slice": kind, "value": value}
                    keys["share"] = len(part) / len(table)
                    keys |= score(*labels_and_probabilities(part, task))
                    rows.append(keys | {"chance": slice_chance(table, values == value, task, rng)})
    return pd.DataFrame(rows)


def slice_chance(
    predictions: pd.DataFrame, inside: pd.Series, task: str, rng: np.random.Generator
) -> float:
    """Return the mean UAR of a slice for predictions that are permuted within each fold.

    The slice receives a random sample of the predictions of each fold, so random tables are drawn
    whose row sums are the labels of the slice and the number of other recordings (Patefield 1981).

    Args:
        predictions: The predictions of all recordings.
        inside: Whether each of them is in the slice, with the same index.
        task: The task.
        rng: The generator.
    """
    from scipy import stats  # slow to import, and confusion_tables does not need it

    pooled = np.zeros((SLICE_PERMUTATIONS, N_LEVELS, len(CLASSES)))
    for _, rows in predictions.groupby("fold"):
        labels, probabilities = labels_and_probabilities(rows, task)
        own = inside.loc[rows.index].to_numpy(bool)
        levels = np.bincount(label_levels(labels[own]), minlength=N_LEVELS)
        classes = np.bincount(predicted_class(probabilities) - 1, minlength=len(CLASSES))
        tables = stats.random_table(np.append(levels, (~own).sum()), classes)
        pooled += tables.rvs(size=SLICE_PERMUTATIONS, random_state=rng)[:, :-1]
    return float(unweighted_average_recall(confusion_matrix(pooled)).mean())


def rater_agreement(ratings: pd.DataFrame, recordings: pd.Series, task: str) -> pd.Series:
    """Return the agreement of the raters of each recording, missing for fewer than two ratings.

    The range of the ratings determines which of AGREEMENTS applies: 0, at most 1, or more than 1.
    """
    groups = []
    for given in external_ratings(ratings, recordings, task):
        apart = max(given) - min(given) if len(given) > 1 else None
        groups.append(None if apart is None else AGREEMENTS[(apart > 0) + (apart > 1)])
    return pd.Series(groups, recordings.index, dtype=object)

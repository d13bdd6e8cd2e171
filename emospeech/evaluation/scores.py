"""From test predictions to the figures of the paper's Tables 2 and 3."""

import numpy as np
import pandas as pd

from emospeech.evaluation.predictions import TASKS, column_names
from emospeech.labels import CLASSES
from emospeech.metrics import (
    N_LEVELS,
    class_metrics,
    confusion_matrix,
    contingency_table,
    predicted_class,
    score,
    unweighted_average_recall,
)

CHANCE_PERCENTILES = (2.5, 97.5)


def count_fold_tables(predictions, task):
    """Return {fold: counts (9, 5)} of kinds of label by predicted class."""
    names, _ = column_names(task)
    return {
        fold: contingency_table(rows[task], predicted_class(rows[names].to_numpy()))
        for fold, rows in predictions.groupby("fold")
    }


def chance_recalls(tables, permutations, rng):
    """Return the pooled UAR of `permutations` shuffles of the predictions within each fold.

    `tables` are the count tables (9, 5) of the folds. A table of shuffled predictions has the same
    sums of rows and columns, so it is drawn as such (Patefield 1981) without shuffling anything.
    """
    from scipy import stats  # here, since it takes as long to import as confusions to count

    pooled = np.zeros((permutations, N_LEVELS, len(CLASSES)))
    for table in tables:
        margins = stats.random_table(table.sum(axis=1), table.sum(axis=0))
        pooled += margins.rvs(size=permutations, random_state=rng)
    return unweighted_average_recall(confusion_matrix(pooled))


def metrics_of(predictions, task, permutations, rng):
    """Return the figures of one model and task: a row for each fold, `pooled` and `mean`.

    `pooled` counts all folds together, `mean` averages the folds' figures. The chance level is
    the UAR of predictions permuted within each fold: its mean and its 2.5 and 97.5 percentiles.
    """
    names, _ = column_names(task)
    tables = count_fold_tables(predictions, task)
    scopes = {f"fold-{fold}": (rows, [fold]) for fold, rows in predictions.groupby("fold")}
    rows = []
    for scope, (part, folds) in (scopes | {"pooled": (predictions, list(tables))}).items():
        figures = score(part[task].to_numpy(), part[names].to_numpy())
        chance = chance_recalls([tables[fold] for fold in folds], permutations, rng)
        rows.append({"scope": scope, **figures, **_chance_columns(chance)})
    table = pd.DataFrame(rows)
    averaged = ["accuracy", "uar5", "uar3", "rho", "strict_uar5", "ccc", "mae"]
    mean = {"scope": "mean", "recordings": len(predictions), **table[averaged][:-1].mean()}
    return pd.concat([table, pd.DataFrame([mean])], ignore_index=True)


def metrics_table(predictions, permutations, seed):
    """Return `metrics.csv`: the figures of each model, task and scope.

    `predictions` is {model: table} with the folds of each model together.
    """
    rows = []
    for number, (model, table) in enumerate(predictions.items()):
        for place, task in enumerate(name for name in TASKS if name in table):
            key = np.random.SeedSequence(seed, spawn_key=(number, place))
            figures = metrics_of(table, task, permutations, np.random.default_rng(key))
            figures.insert(0, "model", model)
            figures.insert(1, "task", task)
            rows.append(figures)
    return pd.concat(rows, ignore_index=True)


def confusion_tables(predictions, task="valence"):
    """Return the pooled confusion counts (`truth, 1 .. 5`) and the figures of each class."""
    counts = confusion_matrix(sum(count_fold_tables(predictions, task).values()))
    table = pd.DataFrame(counts, columns=[str(number) for number in CLASSES])
    table.insert(0, "truth", CLASSES)
    return table, class_metrics(counts)


def _chance_columns(chance):
    low, high = np.percentile(chance, CHANCE_PERCENTILES)
    return {"chance": chance.mean(), "chance_low": low, "chance_high": high}

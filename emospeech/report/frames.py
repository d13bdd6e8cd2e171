"""Helpers for reading the data frames of the report: checks, order and single cells."""

import numpy as np
import pandas as pd

from emospeech.runtime.errors import InputError

MODELS = ("BasicCNN", "MultitaskCNN", "BasicDCGAN", "MultitaskDCGAN")
CLASSES = ("Very Neg.", "Neg.", "Neu.", "Pos.", "Very Pos.")  # the labels 1 to 5
LOSSES = ("generator", "discriminator", "valence", "activation")


def require(frame, columns, place):
    """Raise InputError naming `place` unless `frame` has all of `columns` and at least one row."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InputError(place, f"no column {', '.join(missing)}; expected {', '.join(columns)}")
    if frame.empty:
        raise InputError(place, "no rows")


def in_order(models):
    """Return the models in the order of the paper; others follow by name."""
    known = {model: place for place, model in enumerate(MODELS)}
    return sorted(models, key=lambda model: (known.get(model, len(known)), model))


def of_task(metrics, task):
    """Return the rows of metrics.csv for one task.

    Raises:
        InputError: If a column or the task is missing, or a model has two rows for a scope.
    """
    require(metrics, ("model", "task", "scope", "uar5", "uar3", "rho", "p"), "metrics")
    rows = metrics[metrics["task"] == task]
    if rows.empty:
        raise InputError("metrics", f"no rows of the task {task}")
    twice = rows[rows.duplicated(["model", "scope"])]
    if len(twice):
        first = twice.iloc[0]
        raise InputError("metrics", f"two rows of {task}, {first['model']}, {first['scope']}")
    return rows


def cell(rows, model, scope, column):
    """Return one number of metrics.csv, NaN if the row, the column or the number is missing."""
    if column not in rows.columns:
        return np.nan
    found = rows.loc[(rows["model"] == model) & (rows["scope"] == scope), column]
    return float(found.iloc[0]) if len(found) else np.nan


def fold_names(scopes):
    """Return the scopes fold-1, fold-2, ... in the order of their numbers."""
    folds = {scope for scope in scopes if str(scope).startswith("fold-")}
    return sorted(folds, key=lambda scope: (len(scope), scope))


def counts(confusion, place="confusion"):
    """Return the confusion counts as an integer array of shape (5, 5), truth in rows.

    Raises:
        InputError: If a class is missing or repeated, or a count is not a whole number of at
            least zero.
    """
    table = confusion.rename(columns=str)
    labels = [str(label) for label in range(1, 6)]
    require(table, ["truth", *labels], place)
    table = table.set_index(table["truth"].astype(str))
    if sorted(table.index) != labels:
        raise InputError(place, "expected one row for each truth from 1 to 5")
    values = table.loc[labels, labels].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    if not (np.isfinite(values).all() and (values >= 0).all() and (values % 1 == 0).all()):
        raise InputError(place, "expected whole counts of at least zero")
    return values.astype(int)


def losses_of(table: pd.DataFrame) -> list[str]:
    """Return the LOSSES that have a number in any row of a table of histories."""
    return [loss for loss in LOSSES if table[loss].notna().any()]

"""Checks and lookups in the result tables that the report reads."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from emospeech.models.catalogue import FAMILIES, MODELS
from emospeech.runtime.errors import InputError

CLASSES = ("Very Neg.", "Neg.", "Neu.", "Pos.", "Very Pos.")  # the labels 1 to 5
HUMAN = "rater"  # as in references.csv
LOSSES = {loss for family in FAMILIES.values() for loss in family.losses}


def require(table: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    """Raise InputError, with the name of the table, if it lacks a column or has no rows."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        expected = ", ".join(columns)
        raise InputError(name, f"no column {', '.join(missing)}. Expected columns: {expected}.")
    if table.empty:
        raise InputError(name, "no rows")


def in_order(models: Iterable[str]) -> list[str]:
    """Return the models in the order of the catalogue; others follow by name."""
    return sorted(models, key=lambda model: ([*MODELS, model].index(model), model))


def of_task(metrics: pd.DataFrame, task: str) -> pd.DataFrame:
    """Return the rows of metrics.csv for one task, indexed by model and scope.

    Raises:
        InputError: If a column or the task is missing, or a model has two rows for a scope.
    """
    require(metrics, ("model", "task", "scope", "uar5", "uar3", "rho", "p"), "metrics")
    rows = metrics[metrics["task"] == task].set_index(["model", "scope"])
    if rows.empty:
        raise InputError("metrics", f"no rows of the task {task}")
    repeated = rows.index[rows.index.duplicated()]
    if len(repeated):
        raise InputError("metrics", f"two rows of {task}, {', '.join(repeated[0])}")
    return rows


def cell(rows: pd.DataFrame, model: str, scope: str, column: str) -> float:
    """Return one number of a table from `of_task`, NaN if its row or its column is missing."""
    known = column in rows and (model, scope) in rows.index
    return float(rows.loc[(model, scope), column]) if known else np.nan


def fold_names(scopes: Iterable[str]) -> list[str]:
    """Return the scopes fold-1, fold-2, ... in numerical order."""
    folds = {scope for scope in scopes if scope.startswith("fold-")}
    return sorted(folds, key=lambda scope: (len(scope), scope))


def counts(confusion: pd.DataFrame, name: str = "confusion") -> np.ndarray:
    """Return the counts of a confusion.csv as integers of shape (5, 5), truth in rows.

    Raises:
        InputError: If a class is missing or repeated, or a count is not a whole number of at
            least zero.
    """
    labels = [str(label) for label in range(1, 6)]
    table = confusion.rename(columns=str)
    require(table, ["truth", *labels], name)
    table = table.set_index(table["truth"].astype(str))
    if sorted(table.index) != labels:
        raise InputError(name, "expected one row for each truth from 1 to 5")
    values = table.loc[labels, labels].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    if not (np.isfinite(values).all() and (values >= 0).all() and (values % 1 == 0).all()):
        raise InputError(name, "expected whole counts of at least zero")
    return values.astype(int)


def losses_of(table: pd.DataFrame) -> list[str]:
    """Return the LOSSES that have a value in any row of a table of histories."""
    return [name for name in table if name in LOSSES and table[name].notna().any()]


def is_kept(histories: pd.DataFrame) -> pd.Series:
    """Return which rows are kept: in each fold, the first epoch with the highest validation UAR."""
    best = histories.groupby("fold")["validation_uar"].transform("idxmax")
    return histories.index == best


def mean_frame_errors(table: pd.DataFrame) -> pd.DataFrame:
    """Return the mean absolute error of predicted and of repeated frames.

    Args:
        table: The table of `training.forecast.forecast_table`.

    Returns:
        The columns `predicted` and `repeated`, indexed by `recording` and `frame`.
    """
    require(table, ("recording", "source", "steps_ahead", "frame", "row_1"), "predicted frames")
    sources = dict(iter(table.set_index(["recording", "frame"]).groupby("source", sort=False)))
    frames = {source: group.filter(regex=r"^row_\d+$") for source, group in sources.items()}
    real = frames.pop("real")
    return pd.DataFrame({name: (own - real).abs().mean(axis=1) for name, own in frames.items()})

"""Checks and lookups in the result tables that the report reads."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from emospeech.corpora.corpus_tables import DIMENSIONS
from emospeech.labels import CLASS_NAMES, EMOTION, Task
from emospeech.metrics import uar_name
from emospeech.models.catalogue import FAMILIES, MODELS
from emospeech.runtime.errors import InputError

CLASSES = ("Very Neg.", "Neg.", "Neu.", "Pos.", "Very Pos.")  # of valence, the labels 1 to 5
CLASS_COUNT = "class_"  # prefix of the columns with the recordings of a class
HUMAN = "rater"  # as in references.csv
LOSSES = {loss for family in FAMILIES.values() for loss in family.losses}
LOSSES |= {EMOTION, *DIMENSIONS}


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


def tasks_in(table: pd.DataFrame) -> list[str]:
    """Return the tasks in the column `task` of a result table, the target first."""
    return list(dict.fromkeys(table["task"]))


def uar_of(task: str) -> str:
    """Return the column of the UAR over all classes of a task: uar5 or uar."""
    return uar_name(Task(task))


def uars_of_target(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table with a row per metric that have the UAR of the target."""
    task = tasks_in(table)[0]
    return table[(table["task"] == task) & (table["metric"] == uar_of(task))]


def class_names(task: str, labels: Iterable) -> tuple[str, ...]:
    """Return the names of classes in tables and figures.

    `labels` are the classes as in result tables: 1 to 5 for a rated dimension, or the names of
    emotion classes.
    """
    if task == EMOTION:
        return tuple(map(str, labels))
    known = CLASSES if task == "valence" else [name.capitalize() for name in CLASS_NAMES[task]]
    return tuple(known[int(label) - 1] for label in labels)


def of_task(metrics: pd.DataFrame, task: str) -> pd.DataFrame:
    """Return the rows of metrics.csv for one task, indexed by model and scope.

    Raises:
        InputError: If a column or the task is missing, or a model has two rows for a scope.
    """
    required = ("uar5", "uar3", "rho", "p") if task != EMOTION else ("uar", "macro_f1")
    require(metrics, ("model", "task", "scope", *required), "metrics")
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
    """Return the counts of a confusion.csv as integers (classes, classes), truth in rows.

    Raises:
        InputError: If a class is missing or repeated, or a count is not a whole number of at
            least zero.
    """
    table = confusion.rename(columns=str)
    labels = classes_of(table)
    require(table, ["truth", *labels], name)
    table = table.set_index(table["truth"].astype(str))
    if sorted(table.index) != sorted(labels) or len(labels) < 2:
        raise InputError(name, f"expected a row and a column for each of {', '.join(labels)}")
    values = table.loc[labels, labels].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    if not (np.isfinite(values).all() and (values >= 0).all() and (values % 1 == 0).all()):
        raise InputError(name, "expected whole counts of at least zero")
    return values.astype(int)


def classes_of(confusion: pd.DataFrame) -> list[str]:
    """Return the classes of a confusion.csv, in the order of its columns."""
    return [str(name) for name in confusion if name != "truth"]


def losses_of(table: pd.DataFrame) -> list[str]:
    """Return the LOSSES that have a value in any row of a table of histories."""
    return [name for name in table if name in LOSSES and table[name].notna().any()]


def is_best_epoch(histories: pd.DataFrame) -> pd.Series:
    """Return which rows are, in their fold, the first epoch with the highest validation UAR."""
    best = histories.groupby("fold")["validation_uar"].transform("idxmax")
    return histories.index == best


def value_range(values: pd.Series) -> tuple[float, float] | None:
    """Return the smallest and the largest value, or None if all are missing."""
    known = values.dropna()
    return None if known.empty else (known.min(), known.max())


def mean_frame_errors(table: pd.DataFrame) -> pd.DataFrame:
    """Return the mean absolute error of predicted and of repeated frames.

    Args:
        table: The table of `training.predicted_frames.forecast_table`.

    Returns:
        The columns `predicted` and `repeated`, indexed by `recording` and `frame`.
    """
    require(table, ("recording", "source", "steps_ahead", "frame", "row_1"), "predicted frames")
    sources = dict(iter(table.set_index(["recording", "frame"]).groupby("source", sort=False)))
    frames = {source: group.filter(regex=r"^row_\d+$") for source, group in sources.items()}
    real = frames.pop("real")
    return pd.DataFrame({name: (own - real).abs().mean(axis=1) for name, own in frames.items()})

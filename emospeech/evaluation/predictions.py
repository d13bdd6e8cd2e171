"""Tables of predictions: a row per test recording, in the fixed columns of predictions.csv.

The columns of a table name its tasks and their classes, so that the evaluation needs no settings.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from emospeech.corpora.corpus_tables import DIMENSIONS
from emospeech.labels import EMOTION, Task, label_table
from emospeech.metrics import expected_value
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_table

if TYPE_CHECKING:
    from emospeech.training.predictor import FoldPredictor

# The model names of the classical baselines, on whole recordings and on the crops of evaluation.
BASELINE, BASELINE_CROP = "baseline", "baseline_crop"
BASELINES = (BASELINE, BASELINE_CROP)
CATEGORY = "p_"  # prefix of the probability columns of the emotion


def column_names(task: Task) -> list[str]:
    """Return the names of the probability columns of a task.

    They are p1 to p5 for a scale, and p_<class> for the emotion. Those of a task that is not the
    target have its name as a prefix.
    """
    start = ("" if task.is_target else f"{task.name}_") + ("p" if task.is_scale else CATEGORY)
    return [start + name for name in task.classes]


def expected_column(task: Task) -> str:
    """Return the name of the column with the expected value of a rated dimension."""
    return "expected" if task.is_target else f"{task.name}_expected"


def tasks_of(table: pd.DataFrame) -> tuple[Task, ...]:
    """Return the tasks of a table of predictions, the target first."""
    found = [name for name in table if name in (EMOTION, *DIMENSIONS)]
    tasks = [Task(name, is_target=name == found[0]) for name in found]
    classes = tuple(name.removeprefix(CATEGORY) for name in table if name.startswith(CATEGORY))
    return tuple(Task(EMOTION, classes) if not task.is_scale else task for task in tasks)


def tasks_of_models(predictions: Mapping[Any, pd.DataFrame]) -> tuple[Task, ...]:
    """Return the tasks that any of the models, {model: predictions}, predicts."""
    return max(map(tasks_of, predictions.values()), key=len, default=())


def predictions_table(
    rows: pd.DataFrame,
    labels: np.ndarray,
    probabilities: dict[str, np.ndarray],
    tasks: Sequence[Task],
) -> pd.DataFrame:
    """Return predictions.csv.

    Args:
        rows: Columns `recording, speaker, session, fold, trial`.
        labels: True labels (n, tasks).
        probabilities: Class probabilities {task: (n, classes)}.
        tasks: The tasks, in the order of the columns of `labels`.
    """
    table, truth = rows.reset_index(drop=True), label_table(labels, tasks)
    for task in tasks:
        table[task.name] = truth[task.name]
        table[column_names(task)] = values = probabilities[task.name]
        if task.is_scale:
            table[expected_column(task)] = expected_value(values)
    return table


def predictions_of(predictor: "FoldPredictor", seed: int, crops: int) -> pd.DataFrame:
    """Return predictions.csv of the test part of a fold, averaged over `crops` crops.

    `seed` determines the crops.
    """
    rows = predictor.rows("test", ["recording", "speaker", "session"])
    probabilities = predictor.predict("test", seed, crops)
    return predictions_table(rows, predictor.labels("test"), probabilities, predictor.tasks)


def read_predictions(path: str | Path) -> pd.DataFrame:
    """Return a table of predictions.

    Raises:
        InputError: The table is damaged, or its columns are not those of predictions.csv.
    """
    table = read_table(path)
    expected = ["recording", "speaker", "session", "fold", "trial"]
    for task in tasks_of(table):
        expected += [task.name, *column_names(task)]
        expected += [expected_column(task)] if task.is_scale else []
    if wrong := sorted({*expected} ^ {*table}):
        problem = f"the column {wrong[0]} is {'missing' if wrong[0] in expected else 'unknown'}"
        raise InputError(path, f"{problem}. Delete the file and run the study again.")
    return table


def load_predictions(
    paths: Iterable[str | Path], key: Callable[[Path], Any] = lambda path: path.parts[-3]
) -> dict[Any, pd.DataFrame]:
    """Return {key: predictions of all folds}, by default by model, from .../model/fold-n/*.csv."""
    tables = {}
    for path in map(Path, paths):
        tables.setdefault(key(path), []).append(read_predictions(path))
    return {group: pd.concat(folds, ignore_index=True) for group, folds in tables.items()}


def labels_and_probabilities(table: pd.DataFrame, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Return the true labels (n,) and the class probabilities (n, classes) of a task.

    The labels of the emotion are the numbers of their classes, from 1.
    """
    labels = table[task.name]
    if not task.is_scale:
        labels = labels.map({name: number for number, name in enumerate(task.classes, start=1)})
    return labels.to_numpy(float), table[column_names(task)].to_numpy()


def predictions_of_task(
    predictions: dict[str, pd.DataFrame], task: Task
) -> dict[str, pd.DataFrame]:
    """Return the tables of the models that predict `task`."""
    return {model: table for model, table in predictions.items() if task.name in table}

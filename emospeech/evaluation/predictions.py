"""Tables of predictions: a row per test recording, in the fixed columns of predictions.csv."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emospeech.labels import CLASSES
from emospeech.metrics import expected_value
from emospeech.runtime.files import read_table

if TYPE_CHECKING:
    from emospeech.training.predictor import FoldPredictor

TASKS = ("valence", "activation")
# The model names of the classical baselines, on whole recordings and on the crops of evaluation.
BASELINE, BASELINE_CROP = "baseline", "baseline_crop"
BASELINES = (BASELINE, BASELINE_CROP)
PROBABILITIES = [f"p{label}" for label in CLASSES]


def column_names(task: str) -> tuple[list[str], str]:
    """Return the names of the probability columns and of the expected value of a task.

    Those of activation have its name as a prefix; valence is the main task and has none.
    """
    prefix = "" if task == "valence" else f"{task}_"
    return [prefix + name for name in PROBABILITIES], prefix + "expected"


def predictions_table(
    rows: pd.DataFrame, labels: np.ndarray, probabilities: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Return predictions.csv.

    Args:
        rows: Columns `recording, speaker, session, fold, trial`.
        labels: True labels (n, tasks).
        probabilities: Class probabilities {task: (n, 5)}, in the order of the label columns.
    """
    table = rows.reset_index(drop=True)
    for (task, values), truth in zip(probabilities.items(), labels.T, strict=True):
        names, expected = column_names(task)
        table[task] = truth
        table[names] = values
        table[expected] = expected_value(values)
    return table


def predictions_of(predictor: "FoldPredictor", seed: int, crops: int) -> pd.DataFrame:
    """Return predictions.csv of the test part of a fold, averaged over `crops` crops.

    `seed` determines the crops.
    """
    rows = predictor.rows("test", ["recording", "speaker", "session"])
    probabilities = predictor.predict("test", seed, crops)
    return predictions_table(rows, predictor.labels("test"), probabilities)


def load_predictions(paths: Sequence[str | Path]) -> dict[str, pd.DataFrame]:
    """Return {model: predictions of all folds} from files named .../model/fold-n/*.csv."""
    tables = {}
    for path in map(Path, paths):
        tables.setdefault(path.parts[-3], []).append(read_table(path))
    return {model: pd.concat(folds, ignore_index=True) for model, folds in tables.items()}


def labels_and_probabilities(table: pd.DataFrame, task: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the true labels (n,) and the class probabilities (n, 5) of a task."""
    return table[task].to_numpy(), table[column_names(task)[0]].to_numpy()


def predictions_of_task(predictions: dict[str, pd.DataFrame], task: str) -> dict[str, pd.DataFrame]:
    """Return the tables of the models that predict `task`."""
    return {model: table for model, table in predictions.items() if task in table}

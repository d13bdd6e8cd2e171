"""The tables of predictions: one a model and fold, in the columns that other tools read."""

from pathlib import Path

import pandas as pd

from emospeech.labels import CLASSES
from emospeech.metrics import expected_value
from emospeech.runtime.files import read_table

TASKS = ("valence", "activation")
BASELINE = "baseline"  # the name of the classical baseline among the models
PROBABILITIES = [f"p{number}" for number in CLASSES]


def column_names(task):
    """Return the names of the probability columns and of the expected value of a task.

    Those of valence stand alone (`p1` to `p5`, `expected`), as it is the main task; those of
    activation start with its name.
    """
    prefix = "" if task == "valence" else f"{task}_"
    return [prefix + name for name in PROBABILITIES], prefix + "expected"


def predictions_table(rows, labels, probabilities):
    """Return the predictions of a fold as a table.

    `rows` holds the columns `recording, speaker, session, fold, trial`, `labels` the true values
    (n, tasks) and `probabilities` {task: (n, 5)}.
    """
    table = rows.reset_index(drop=True)
    for (task, values), truth in zip(probabilities.items(), labels.T, strict=True):
        names, expected = column_names(task)
        table[task] = truth
        table[names] = values
        table[expected] = expected_value(values)
    return table


def predictions_of(tested, seed, crops):
    """Return the predictions of the test part by a training.tested.Tested, as a table.

    `seed` fixes which crops are heard, and so many `crops` of a recording are averaged.
    """
    rows = tested.rows("test", ["recording", "speaker", "session"])
    probabilities = tested.predict("test", seed, crops)
    return predictions_table(rows, tested.labels("test"), probabilities)


def load_predictions(paths):
    """Return {model: predictions of all its folds} from files named .../model/fold-n/*.csv."""
    tables = {}
    for path in map(Path, paths):
        tables.setdefault(path.parts[-3], []).append(read_table(path))
    return {model: pd.concat(folds, ignore_index=True) for model, folds in tables.items()}

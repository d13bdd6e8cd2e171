"""Scores of single recordings: which weights give them, and the table that they make."""

import json
from pathlib import Path

import pandas as pd

from emospeech.evaluation.predictions import column_names
from emospeech.metrics import MERGED, MERGED_NAMES, expected_value, predicted_class
from emospeech.runtime.errors import InputError, access_error
from emospeech.training.trial import trial_of_fold


def chosen_weights(results, model):
    """Return the files of weights that a study chose for a model, one for each fold.

    `results` is the folder of the study. Raises InputError where one of them is not there.
    """
    search = Path(results, "search")
    try:
        best = json.loads((search / model / "best.json").read_text())
        folds = pd.read_csv(search / model / "histories.csv")["fold"].unique()
        trials = {fold: trial_of_fold(best, fold)[0] for fold in folds}
    except PermissionError as error:
        raise access_error(error.filename, error) from error
    except (OSError, KeyError, TypeError, ValueError) as error:
        found = ", ".join(sorted(file.parent.name for file in search.glob("*/best.json")))
        problem = f"has no chosen trial (finished models: {found or 'none'}); run the study first"
        raise InputError(search / model, problem) from error
    trained = Path(results, "training", model)
    return [
        trained / f"trial-{number}" / f"fold-{fold}" / "weights.safetensors"
        for fold, number in trials.items()
    ]


def score_columns(tasks):
    """Return the names of the columns of scores: those of predictions, and the pooled class.

    The pooled class is told of valence alone, whose scale has a negative and a positive end.
    """
    columns = ["file"]
    for task in tasks:
        names, expected = column_names(task)
        columns += [*names, expected, *(["class3"] if task == "valence" else [])]
    return columns


def score_row(file, probabilities):
    """Return the scores of a file as a dict with the keys of `score_columns`.

    `probabilities` are {task: (5,)}. The pooled class is that of the most probable of the five,
    as Table 2 of the paper counts it.
    """
    values = [file]
    for task, distribution in probabilities.items():
        values += [*distribution.tolist(), float(expected_value(distribution))]
        if task == "valence":
            values.append(MERGED_NAMES[MERGED[predicted_class(distribution[None])[0] - 1]])
    return dict(zip(score_columns(probabilities), values, strict=True))

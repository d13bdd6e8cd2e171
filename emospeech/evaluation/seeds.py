"""The spread between seeds: the figures of a model when its chosen trial is trained again."""

from itertools import groupby
from pathlib import Path

import pandas as pd

from emospeech.evaluation.predictions import TASKS, column_names, load_predictions
from emospeech.metrics import score


def load_seeds(paths, repeated, seed):
    """Return {(model, seed): predictions of all its folds}, by model and seed.

    `paths` are the predictions of the study, whose seed is `seed`, and `repeated` those of further
    seeds, from files named .../model/seed-n/fold-n/*.csv.
    """
    tables = {(model, seed): table for model, table in load_predictions(paths).items()}
    for (model, number), files in groupby(sorted(map(Path, repeated)), _place):
        folds = [pd.read_csv(file) for file in files]
        tables[model, number] = pd.concat(folds, ignore_index=True)
    return dict(sorted(tables.items()))


def seeds_table(predictions):
    """Return `seeds.csv`: a row for each model, task and seed, with its folds pooled.

    `predictions` is {(model, seed): table} with all folds together.
    """
    rows = []
    for task in TASKS:
        names, _ = column_names(task)
        for (model, seed), table in predictions.items():
            if task in table:
                figures = score(table[task].to_numpy(), table[names].to_numpy())
                rows.append({"model": model, "task": task, "seed": seed, **figures})
    return pd.DataFrame(rows).sort_values(["model", "task", "seed"], ascending=[True, False, True])


def _place(path):
    return path.parts[-4], int(path.parts[-3].removeprefix("seed-"))

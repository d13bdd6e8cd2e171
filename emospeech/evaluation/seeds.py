"""The figures of a model when it is trained with other seeds, or hears other crops."""

from itertools import groupby
from pathlib import Path

import pandas as pd

from emospeech.evaluation.predictions import (
    TASKS,
    column_names,
    load_predictions,
    read_keyed,
)
from emospeech.files import by_folder
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


def load_crops(paths):
    """Return {(model, crop seed): predictions of all its folds}, from files .../model/crops.csv."""
    tables = by_folder(paths, read_keyed)
    return {
        (model, seed): rows
        for model, table in tables.items()
        for seed, rows in table.groupby("crop_seed")
    }


def seeds_table(predictions, name="seed"):
    """Return `seeds.csv`, or `crops.csv`: a row for each model, task and seed, the folds pooled.

    `predictions` is {(model, seed): table} with all folds together, `name` the seed's column.
    """
    rows = []
    for task in TASKS:
        names, _ = column_names(task)
        for (model, seed), table in predictions.items():
            if task in table:
                figures = score(table[task].to_numpy(), table[names].to_numpy())
                rows.append({"model": model, "task": task, name: seed, **figures})
    return pd.DataFrame(rows).sort_values(["model", "task", name], ascending=[True, False, True])


def _place(path):
    return path.parts[-4], int(path.parts[-3].removeprefix("seed-"))

"""The figures of a model when it is trained with other seeds, or hears other crops."""

from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from emospeech.evaluation.predictions import (
    TASKS,
    column_names,
    load_predictions,
)
from emospeech.metrics import score
from emospeech.runtime.files import by_folder, read_json, read_table


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
    tables = by_folder(paths, read_table)
    return {
        (model, seed): rows
        for model, table in tables.items()
        for seed, rows in table.groupby("crop_seed")
    }


def count_diverged(validations: list[str]) -> dict[tuple[str, int], int]:
    """Return {(model, seed): trainings that diverged} from files .../model/seed-n/fold-n/*.json."""
    counts = Counter()
    for path in map(Path, validations):
        counts[_place(path)] += read_json(path)["diverged"]
    return dict(counts)


def seeds_table(
    predictions: dict[tuple[str, int], pd.DataFrame],
    name: str = "seed",
    diverged: dict[tuple[str, int], int] | None = None,
) -> pd.DataFrame:
    """Return `seeds.csv`, or `crops.csv`: a row for each model, task and seed, the folds pooled.

    `predictions` is {(model, seed): table} with all folds together, `name` the seed's column. With
    the counts of `count_diverged` the column `diverged` is added, and a seed with a diverged
    training has no scores.
    """
    rows = []
    for task in TASKS:
        names, _ = column_names(task)
        for (model, seed), table in predictions.items():
            if task in table:
                figures = score(table[task].to_numpy(), table[names].to_numpy())
                row = {"model": model, "task": task, name: seed}
                if diverged is not None:
                    row["diverged"] = diverged.get((model, seed), 0)
                    figures = dict.fromkeys(figures, np.nan) if row["diverged"] else figures
                rows.append(row | figures)
    return pd.DataFrame(rows).sort_values(["model", "task", name], ascending=[True, False, True])


def _place(path):
    return path.parts[-4], int(path.parts[-3].removeprefix("seed-"))

"""Variability of the metrics across training seeds, crop seeds and test speakers.

The three are reported separately. For training seeds, models are trained with other seeds and
evaluated on the same crops. For crop seeds, the same networks are evaluated on other crops. For
speakers, the bootstrap over test speakers is used; it includes some of the variability across
training runs, since each fold has its own network.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emospeech.evaluation.predictions import (
    labels_and_probabilities,
    load_predictions,
    tasks_of_models,
)
from emospeech.metrics import CATEGORY_METRICS, SCALE_METRICS, score
from emospeech.runtime.files import by_folder, read_json, read_table
from emospeech.training.trial import run_of

KEYS = ["model", "task", "metric"]
ERRORS = ["speakers", "error", "error_recordings"]
COLUMNS = [
    *(*KEYS, "value"),
    *("seeds", "deviation_seeds", "diverged_seeds", "crop_seeds", "deviation_crops"),
    *("speakers", "error_speakers", "error_recordings"),
]
SeedTables = dict[tuple[str, Any], pd.DataFrame]  # {(model, seed): predictions of all folds}


def model_and_seed(path: Path) -> tuple[str, int]:
    """Return the model and the training seed of a file .../model/seed-n/fold-n/name."""
    run = run_of(path)
    return run.model, run.number


def load_seeds(
    paths: Sequence[str | Path], repeated: Sequence[str | Path], seed: int
) -> SeedTables:
    """Return the predictions of each model and training seed.

    Args:
        paths: Files .../model/fold-n/*.csv of the study.
        repeated: Files .../model/seed-n/fold-n/*.csv of the additional seeds.
        seed: The seed of the study.
    """
    tables = {(model, seed): table for model, table in load_predictions(paths).items()}
    tables |= load_predictions(sorted(map(Path, repeated)), model_and_seed)
    return dict(sorted(tables.items()))


def load_crops(paths: Sequence[str]) -> SeedTables:
    """Return the predictions of each model and crop seed, from files .../model/crops.csv."""
    return {
        (model, seed): rows
        for model, table in by_folder(paths, read_table).items()
        for seed, rows in table.groupby("crop_seed")
    }


def count_diverged(validations: Sequence[str | Path]) -> dict[tuple[str, int], int]:
    """Return {(model, seed): diverged training runs} from files .../model/seed-n/fold-n/*.json."""
    counts = Counter()
    for path in map(Path, validations):
        counts[model_and_seed(path)] += read_json(path)["diverged"]
    return dict(counts)


def seeds_table(
    predictions: SeedTables,
    name: str = "seed",
    diverged: dict[tuple[str, int], int] | None = None,
) -> pd.DataFrame:
    """Return seeds.csv or crops.csv: the pooled metrics of each model, task and seed.

    Args:
        predictions: The predictions of each model and seed.
        name: The column of the seed.
        diverged: The counts of `count_diverged`. They are added as the column `diverged`, and seeds
            with a diverged training run have no metrics.
    """
    rows, tasks = [], tasks_of_models(predictions)
    for task in tasks:
        for (model, seed), table in predictions.items():
            if task.name in table:
                row = {"model": model, "task": task.name, name: seed}
                values = score(*labels_and_probabilities(table, task), task)
                if diverged is not None:
                    row["diverged"] = diverged.get((model, seed), 0)
                    values = dict.fromkeys(values, np.nan) if row["diverged"] else values
                rows.append(row | values)
    order = {task.name: place for place, task in enumerate(tasks)}
    return pd.DataFrame(rows).sort_values(
        ["model", "task", name],
        key=lambda column: column.map(order) if column.name == "task" else column,
    )


def variability_table(
    crops: pd.DataFrame, intervals: pd.DataFrame, seeds: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return variability.csv: a row per model, task and metric, all folds pooled.

    `deviation_seeds` and `deviation_crops` are standard deviations (n - 1) over `seeds` training
    seeds and `crop_seeds` crop seeds, NaN for a single one. Seeds with a diverged training run are
    excluded and counted in `diverged_seeds`. `error_speakers` and `error_recordings` are
    the standard errors over test speakers and over recordings of the same speakers.

    Args:
        crops: The table crops.csv.
        intervals: The table intervals.csv.
        seeds: The table seeds.csv, or None for a single training seed.
    """
    table = intervals.loc[intervals["scope"] == "pooled", [*KEYS, "value", *ERRORS]]
    table = table.rename(columns={"error": "error_speakers"})
    table = table.merge(deviations(crops, "crop_seed", "crops"), on=KEYS)
    if seeds is None:
        return table.assign(seeds=1, deviation_seeds=np.nan, diverged_seeds=0)[COLUMNS]
    table = table.merge(deviations(seeds, "seed", "seeds"), on=KEYS)
    diverged = seeds.assign(diverged_seeds=(seeds["diverged"] > 0).astype(int))
    diverged = diverged.groupby(["model", "task"])[["diverged_seeds"]].sum()
    return table.merge(diverged, on=["model", "task"])[COLUMNS]


def deviations(table: pd.DataFrame, seed: str, name: str) -> pd.DataFrame:
    """Return the number of seeds and the standard deviation of each metric over the seeds.

    Their columns are `{seed}s` and `deviation_{name}`. `table` is the result of `seeds_table`, and
    `seed` is its column with the seeds.
    """
    names = [name for name in dict.fromkeys((*SCALE_METRICS, *CATEGORY_METRICS)) if name in table]
    values = table.melt(["model", "task", seed], names, "metric", "value")
    grouped = values.groupby(KEYS)["value"]
    counted = {f"{seed}s": grouped.count(), f"deviation_{name}": grouped.std()}
    return pd.DataFrame(counted).reset_index()

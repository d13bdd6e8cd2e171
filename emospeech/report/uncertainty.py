"""How sure the figures are, as data frames: intervals, differences of models, kinds of luck."""

import numpy as np
import pandas as pd

from emospeech.evaluation.predictions import TASKS
from emospeech.report import paper
from emospeech.report.frames import in_order, require

# The figures of the paper's Table 2, and those that it does not have.
MAIN, FURTHER = ("uar5", "uar3", "rho"), ("strict_uar5", "accuracy", "ccc", "mae")


def table_intervals(intervals, figures=MAIN):
    """The pooled `figures` of each model with the bounds of their intervals, then the paper's.

    One row a task and model; the paper has MAIN of valence only.
    """
    keys = ["task", "model", "scope", "figure", "value", "low", "high"]
    require(intervals, keys, "intervals")
    rows = intervals[intervals["scope"] == "pooled"].set_index(["task", "model", "figure"])
    lines = []
    for task in TASKS:
        for model in in_order(_levels(rows, task)):
            line = {"model": model, "task": task}
            for name in figures:
                found = rows.loc[(task, model, name)]
                line[f"{name}_pooled"] = found["value"]
                line |= {f"{name}_{end}": found[end] for end in ("low", "high")}
                if figures == MAIN:
                    printed = paper.TABLE_2.get(model, {}) if task == "valence" else {}
                    line[f"{name}_paper"] = printed.get(name, np.nan)
            lines.append(line)
    return pd.DataFrame(lines)


def table_further(intervals):
    """The figures that the paper does not have, as `table_intervals` has those of its Table 2."""
    return table_intervals(intervals, FURTHER)


def _levels(rows, task):
    tasks, models = (rows.index.get_level_values(name) for name in ("task", "model"))
    return models[tasks == task].unique()


def table_comparisons(comparisons):
    """Pairs of models: difference of the means over speakers, interval, p, and p after Holm.

    One row a task and pair, those with the classical baseline last; for the UAR with five classes
    and the correlation. With a single model there is no pair, and no row.
    """
    if comparisons.empty:
        return pd.DataFrame()
    rows = comparisons[comparisons["scope"] == "mean"]
    keys = ["model", "other", "task", "speakers"]
    table = rows[keys].drop_duplicates().reset_index(drop=True)
    for name in ("uar5", "rho"):
        part = rows[rows["figure"] == name].rename(columns={"value": "difference"})
        columns = ["difference", "low", "high", "p", "p_holm"]
        part = part[[*keys, *columns]].rename(columns={key: f"{name}_{key}" for key in columns})
        table = table.merge(part, on=keys, how="left")
    return table.drop(columns="speakers")


def table_spread(spread):
    """How much of a figure is luck: of the seed of the training, of the crops, of the sample.

    One row a task and model; for the UAR with five classes and the correlation the standard
    deviations over seeds and crops, and the standard errors of drawing recordings and speakers.
    """
    parts = ["deviation_seeds", "deviation_crops", "error_recordings", "error_speakers"]
    keys = ["model", "task", "seeds", "crop_seeds", "speakers"]
    require(spread, [*keys, "figure", *parts], "spread")
    table = spread[keys].drop_duplicates()
    for name in ("uar5", "rho"):
        rows = spread.loc[spread["figure"] == name, ["model", "task", *parts]]
        names = {part: f"{name}_{part}" for part in parts}
        table = table.merge(rows.rename(columns=names), on=["model", "task"])
    places = {name: place for place, name in enumerate(in_order(table["model"].unique()))}
    table = table.sort_values("model", key=lambda models: models.map(places), kind="stable")
    return table.sort_values("task", key=lambda tasks: tasks.map(TASKS.index), kind="stable")

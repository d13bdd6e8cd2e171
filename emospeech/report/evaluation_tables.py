"""The tables of the report that are made from the tables of results/evaluation.

Values are shares of one; `headings` formats them.
"""

from itertools import product

import numpy as np
import pandas as pd

from emospeech.evaluation.predictions import TASKS
from emospeech.evaluation.slices import AGREEMENTS
from emospeech.report import paper
from emospeech.report.frames import MODELS, cell, fold_names, in_order, of_task, require
from emospeech.report.tables import table_chance

# The metrics of the paper's Table 2, and those that it does not report.
MAIN, FURTHER = ("uar5", "uar3", "rho"), ("strict_uar5", "accuracy", "ccc", "mae")
SLICES = ("style", "speaker", "agreement")
GUESSERS = ("uniform", "prior", "majority")
CEILING = "rater"
LABELS = {
    "uniform": "Uniform guess",
    "prior": "Prior-weighted guess",
    "majority": "Most frequent class",
    CEILING: "Human rater",
}
SPACES = {"crops": "near_crops", "shared layer": "near_layer"}
PROPERTIES = (*TASKS, "speaker")


def table_intervals(intervals, figures=MAIN):
    """Return the pooled `figures` with their confidence intervals and the paper's values.

    A row per task and model; the paper reports MAIN, for valence only.
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
    """Return the pooled metrics that the paper does not report, with confidence intervals."""
    return table_intervals(intervals, FURTHER)


def _levels(rows, task):
    tasks, models = (rows.index.get_level_values(name) for name in ("task", "model"))
    return models[tasks == task].unique()


def table_comparisons(comparisons):
    """Return the mean difference over speakers of each pair of models, its interval and p-values.

    A row per task and pair, pairs with the baseline last; UAR with five classes and correlation.
    A single model has no pairs, and the table no rows.
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
    """Return the variability of the UAR with five classes and of the correlation.

    A row per task and model: standard deviations across training seeds and crop seeds, standard
    errors of sampling recordings and speakers.
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


def table_references(references, intervals):
    """Return the metrics of the guessers, the baseline, the models and the raters, folds pooled.

    The columns are `reference`, `task` and the metrics. Guessers predict classes only, so they
    have no correlation, CCC or MAE.
    """
    figures = ["uar5", "uar3", "strict_uar5", "accuracy", "rho", "ccc", "mae"]
    pooled = references[references["scope"] == "pooled"].set_index(["task", "reference"])
    models = intervals[intervals["scope"] == "pooled"]
    models = models.pivot(index=["task", "model"], columns="figure", values="value")
    lines = []
    for task in TASKS:
        own = [name for found, name in models.index if found == task]
        own = sorted(in_order(own), key=lambda name: name in MODELS)  # the baseline first
        for name in [*GUESSERS, *own, CEILING]:
            source = models if name in own else pooled
            if (task, name) in source.index:
                found = source.loc[(task, name), figures]
                lines.append({"reference": LABELS.get(name, name), "task": task, **found})
    return pd.DataFrame(lines)


def table_slices(slices):
    """Return the UAR with five classes and the correlation in each slice, folds pooled.

    A row per task and slice, with columns `{model}_uar5` and `{model}_rho`; `recordings` is the
    number of predictions, the largest if models differ.
    """
    require(slices, ["model", "task", "slice", "value", "recordings", "uar5", "rho"], "slices")
    models = in_order(slices["model"].unique())
    lines = []
    for (task, kind, value), rows in slices.groupby(["task", "slice", "value"]):
        rows = rows.set_index("model").reindex(models)
        line = {"slice": kind, "value": value, "task": task, "recordings": rows["recordings"].max()}
        pairs = product(models, ("uar5", "rho"))
        lines.append(line | {f"{model}_{name}": rows.at[model, name] for model, name in pairs})
    return pd.DataFrame(sorted(lines, key=_place))


def _place(line):
    value = AGREEMENTS.index(line["value"]) if line["value"] in AGREEMENTS else line["value"]
    return TASKS.index(line["task"]), SLICES.index(line["slice"]), value


def table_folds(metrics):
    """Return the UAR with five classes, correlation and its p on the test speaker of each fold.

    A row per task and fold, with columns `{model}_uar5`, `{model}_rho` and `{model}_p`.
    """
    models = in_order(metrics["model"].unique())
    lines = []
    for task in (task for task in TASKS if task in set(metrics["task"])):
        rows = of_task(metrics, task)
        for fold in fold_names(rows["scope"]):
            line = {"fold": fold.removeprefix("fold-"), "task": task}
            for model, name in product(models, ("uar5", "rho", "p")):
                line[f"{model}_{name}"] = cell(rows, model, fold, name)
            lines.append(line)
    return pd.DataFrame(lines)


def table_leaks(leaks):
    """Return the leak checks with the number of cases and of violations."""
    require(leaks, ["check", "looked_at", "broken", "result"], "leaks")
    return leaks[["check", "looked_at", "broken", "result"]]


def table_control(metrics, shuffled):
    """Return the pooled UAR of valence with original and shuffled labels, with chance levels.

    Args:
        metrics: The metrics.csv of this study.
        shuffled: The metrics.csv of the study with shuffled labels.

    Returns:
        A row per model. `above`: the UAR with original labels exceeds the 97.5th percentile of
        chance. `inside`: the UAR with shuffled labels is between the 2.5th and the 97.5th.
    """
    own, other = of_task(metrics, "valence"), of_task(shuffled, "valence")
    lines = []
    for model in in_order(set(own["model"]) & set(other["model"])):
        line = {"model": model}
        for rows, prefix in ((own, "trained"), (other, "shuffled")):
            for name in ("uar5", "chance", "chance_low", "chance_high"):
                line[f"{prefix}_{name}"] = cell(rows, model, "pooled", name)
        line["above"] = line["trained_uar5"] > line["trained_chance_high"]
        low, high = line["shuffled_chance_low"], line["shuffled_chance_high"]
        line["inside"] = low <= line["shuffled_uar5"] <= high
        lines.append(line)
    return pd.DataFrame(lines)


def table_neighbours(neighbours):
    """Return the share of nearest neighbours that have the same class or speaker.

    A row per property and model: by chance, among the crops (`near_crops`) and in the shared layer
    (`near_layer`), mean of the folds, then the lowest and highest fold of the shared layer.
    """
    if neighbours.empty:
        return pd.DataFrame()
    columns = ["model", "fold", "property", "space", "share", "chance"]
    require(neighbours, columns, "neighbours")
    lines = []
    for name in PROPERTIES:
        part = neighbours[neighbours["property"] == name]
        for model in in_order(part["model"].unique()):
            spaces = dict(iter(part[part["model"] == model].groupby("space")))
            layer = spaces["shared layer"]
            line = {"property": name, "model": model, "near_chance": layer["chance"].mean()}
            line |= {column: spaces[space]["share"].mean() for space, column in SPACES.items()}
            line |= {"near_least": layer["share"].min(), "near_most": layer["share"].max()}
            lines.append(line)
    return pd.DataFrame(lines)


# By table, in the order of the page: the function that makes it and the tables that it takes.
TABLES = {
    "intervals": (table_intervals, ("intervals",)),
    "further": (table_further, ("intervals",)),
    "folds": (table_folds, ("metrics",)),
    "comparisons": (table_comparisons, ("comparisons",)),
    "spread": (table_spread, ("spread",)),
    "chance": (table_chance, ("metrics",)),
    "references": (table_references, ("references", "intervals")),
    "control": (table_control, ("metrics", "control")),
    "slices": (table_slices, ("slices",)),
    "leaks": (table_leaks, ("leaks",)),
    "neighbours": (table_neighbours, ("neighbours",)),
}
FRAMES = (
    *("metrics", "intervals", "comparisons", "spread", "references", "slices", "leaks"),
    *("control", "neighbours"),
)


def build_tables(frames: dict) -> dict:
    """Return {name: table} for those TABLES whose inputs are all in `frames`.

    Args:
        frames: Tables of results/evaluation by name (FRAMES); `control` is the metrics.csv of the
            study with shuffled labels.
    """
    return {
        name: build(*(frames[part] for part in parts))
        for name, (build, parts) in TABLES.items()
        if set(parts) <= set(frames)
    }

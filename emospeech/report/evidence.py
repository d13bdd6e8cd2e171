"""What the figures of the models are to be judged by, as data frames with one row a line.

They are made from the tables of results/evaluation, which hold all figures in long form; here stand
those that a reader wants beside each other. Numbers stay as they are, as in `tables`.
"""

from itertools import product

import pandas as pd

from emospeech.evaluation.predictions import TASKS
from emospeech.evaluation.slices import AGREEMENTS
from emospeech.report.frames import MODELS, cell, fold_names, in_order, of_task, require
from emospeech.report.learned import table_neighbours
from emospeech.report.tables import table_chance
from emospeech.report.uncertainty import (
    table_comparisons,
    table_further,
    table_intervals,
    table_spread,
)

SLICES = ("style", "speaker", "agreement")
GUESSERS = ("uniform", "prior", "majority")
CEILING = "rater"
LABELS = {
    "uniform": "Uniform guess",
    "prior": "Guess by the prior",
    "majority": "Most frequent class",
    CEILING: "A rater against the others",
}


def table_references(references, intervals):
    """Guessers, the classical baseline, the models and the raters, by task, the folds pooled.

    The columns are `reference`, `task` and the figures; a guesser has none that rest on numbers.
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
    """The UAR with five classes and the correlation of each model in each slice, the folds pooled.

    One row a task and slice, columns `{model}_uar5` and `{model}_rho` a model; `recordings` is the
    number that a model predicted there, the largest where it differs between models.
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
    """UAR with five classes, correlation and its p on the test speaker of each fold.

    One row a task and fold, columns `{model}_uar5`, `{model}_rho` and `{model}_p` a model.
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
    """The checks for leaks: what was checked, how many were looked at, how many break it."""
    require(leaks, ["check", "looked_at", "broken", "result"], "leaks")
    return leaks[["check", "looked_at", "broken", "result"]]


def table_control(metrics, shuffled):
    """The pooled UAR of valence with labels as they are, and shuffled, each beside its chance.

    `metrics` and `shuffled` are the metrics.csv of both studies. `above` says whether the first
    lies above the 97.5th percentile of chance, `inside` whether the second lies between it and the
    2.5th.
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


# What each table is made by, and of which tables of results/evaluation; in the order of the page.
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


def evidence_tables(frames):
    """Return {name: table} of those TABLES whose frames are all there, by name in `frames`.

    `control` is the metrics.csv of the study with shuffled labels.
    """
    return {
        name: build(*(frames[part] for part in parts))
        for name, (build, parts) in TABLES.items()
        if set(parts) <= set(frames)
    }

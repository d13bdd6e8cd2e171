"""The paper's tables with the values of this run, as data frames.

Values are shares of one; `headings` formats them.
"""

import numpy as np
import pandas as pd

from emospeech.metrics import class_metrics, normalise_rows
from emospeech.report import paper
from emospeech.report.forms import plain
from emospeech.report.frames import (
    CLASSES,
    cell,
    counts,
    in_order,
    of_task,
    require,
)
from emospeech.report.markup import to_markdown, to_tex
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import write_table, write_text
from emospeech.training.trial import PARAMETERS

PARAMETER_NAMES = {
    "crop_width": "Crop width",
    "learning_rate": "Learning rate",
    "batch_size": "Batch size",
    "filter_size": "Filter size",
    "filters": "No. of filters",
}
CLASS_COLUMNS = ("precision", "recall", "f1", "precision_normalised", "f1_normalised")


def table_1(best):
    """Return Table 1: the chosen parameters of each model, and those of the paper.

    Args:
        best: By model the chosen trial, a dict with at least the five parameters, or
            {"folds": {fold: trial}}.

    Returns:
        A row per parameter; columns `parameter` and, per model, `{model}` and `{model}_paper`. If
        folds differ, the cell lists their values.
    """
    columns = {"parameter": list(PARAMETER_NAMES.values())}
    for model in in_order(best):
        trials = list(best[model].get("folds", {"all": best[model]}).values())
        missing = [name for name in PARAMETERS if any(name not in trial for trial in trials)]
        if missing:
            raise InputError(f"best trial of {model}", f"no {', '.join(missing)}")
        printed = paper.TABLE_1.get(model, {})
        columns[model] = [_common([trial[name] for trial in trials]) for name in PARAMETERS]
        columns[f"{model}_paper"] = [printed.get(name, np.nan) for name in PARAMETERS]
    return pd.DataFrame(columns, dtype=object)  # whole numbers stay whole beside a learning rate


def _common(values):
    """Return the value shared by all folds, or a text with the values in the order of the folds."""
    if len(set(values)) > 1:
        return ", ".join(map(plain, values))
    # Integers in a data frame row with a learning rate are read as floats.
    return int(values[0]) if values[0] == int(values[0]) else values[0]


def table_2(metrics, task="valence"):
    """Return Table 2: UAR with five and three classes, correlation and chance level.

    A row per model; pooled over the folds, as the mean of the folds, and the paper's values (for
    valence only).
    """
    rows = of_task(metrics, task)
    lines = []
    for model in in_order(rows["model"].unique()):
        printed = paper.TABLE_2.get(model, {})
        line = {"model": model}
        for name in ("uar5", "uar3", "rho"):
            line[f"{name}_pooled"] = cell(rows, model, "pooled", name)
            if name == "rho":
                line["p_pooled"] = cell(rows, model, "pooled", "p")
            line[f"{name}_mean"] = cell(rows, model, "mean", name)
            if task == "valence":
                line[f"{name}_paper"] = printed.get(name, np.nan)
        for name in ("chance", "chance_low", "chance_high"):
            line[name] = cell(rows, model, "pooled", name)
        lines.append(line)
    return pd.DataFrame(lines)


def table_3(confusion, model):
    """Return Table 3: the row-normalised confusion matrix, with the paper's for its model.

    The columns are `truth` (a class name), `support` (a count), `1` to `5` and, for the model of
    the paper's Table 3, `paper_1` to `paper_5`. Rows without recordings have no shares.
    """
    matrix = counts(confusion, f"confusion of {model}")
    table = pd.DataFrame({"truth": list(CLASSES), "support": matrix.sum(axis=1)})
    for label, column in enumerate(normalise_rows(matrix).T, start=1):
        table[str(label)] = column
    if model == paper.TABLE_3_MODEL:
        for label, column in enumerate(paper.TABLE_3.T, start=1):
            table[f"paper_{label}"] = column
    return table


def table_classes(classes):
    """Return precision, recall and F1 of each class, from the counts and from the row shares.

    Args:
        classes: The classes.csv of each model. Values of the paper's Table 3 follow its model as
            `{model}, paper`.
    """
    parts = []
    for model in in_order(classes):
        part = classes[model]
        require(part, ("class", "support", *CLASS_COLUMNS), f"classes of {model}")
        parts.append(_named(part, model))
        if model == paper.TABLE_3_MODEL:
            parts.append(_named(class_metrics(paper.TABLE_3_COUNTS), f"{model}, paper"))
    if not parts:
        raise InputError("classes", "no model")
    return pd.concat(parts, ignore_index=True)


def _named(part, model):
    part = part[["class", "support", *CLASS_COLUMNS]].sort_values("class", kind="stable")
    names = [CLASSES[int(label) - 1] for label in part["class"]]
    part = part.assign(**{"class": names})
    part.insert(0, "model", model)
    return part


def table_chance(metrics, task="valence"):
    """Return the pooled 5-class UAR and the chance level of each model that has one.

    `margin` is the UAR minus the mean of chance; `above` whether it exceeds the 97.5th percentile.
    """
    table = table_2(metrics, task).dropna(subset=["chance", "chance_high"])
    table = table[["model", "uar5_pooled", "chance", "chance_low", "chance_high"]]
    return table.assign(
        margin=table["uar5_pooled"] - table["chance"],
        above=table["uar5_pooled"] > table["chance_high"],
    ).reset_index(drop=True)


def write_formats(frame, csv_path, markdown_path, tex_path):
    """Write a table in its three formats."""
    write_csv(frame, csv_path)
    write_markdown(frame, markdown_path)
    write_tex(frame, tex_path)


def write_csv(frame, path):
    """Write a table as CSV: short names, full numbers."""
    write_table(path, frame)


def write_markdown(frame, path):
    """Write a table as Markdown, printed as on the page."""
    write_text(path, to_markdown(frame))


def write_tex(frame, path):
    """Write a table as a TeX tabular (booktabs), printed as on the page."""
    write_text(path, to_tex(frame))

"""The tables of the paper beside our own values, as data frames with one row a line.

Numbers stay as they are (shares of one, not per cent); `layout` says how they are printed.
"""

import numpy as np
import pandas as pd

from emospeech.faults import InputError
from emospeech.files import write_table, write_text
from emospeech.metrics import class_figures, row_normalised
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
    """Table 1: the parameters that the search chose, ours and the paper's for each model.

    `best` maps a model to its chosen trial, a dict with at least the five parameters, or to
    {"folds": {fold: such a trial}}. Rows are the parameters; columns are `parameter` and, for each
    model, its name (ours) and `{model}_paper`. Where folds differ, their values stand in a row.
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
    """Return the value that all folds share, or else the text of all, in the order of the folds."""
    if len(set(values)) > 1:
        return ", ".join(map(plain, values))
    # A row of a data frame with a learning rate in it comes back as floats: 128.0 is 128.
    return int(values[0]) if values[0] == int(values[0]) else values[0]


def table_2(metrics, task="valence"):
    """Table 2: UAR with 5 and 3 classes and the correlation, each pooled over the folds' test
    speakers, as the mean of the folds, and as the paper has it; then the chance level (pooled).

    One row a model. The paper reports valence only, so another task has no columns of the paper.
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
    """Table 3: the row-normalised confusion matrix, beside the paper's if it has this model's.

    Columns: `truth` (a class name), `support` (a count), `1` to `5` and, for the model of the
    paper's Table 3, `paper_1` to `paper_5`. A row without recordings has no shares.
    """
    matrix = counts(confusion, f"confusion of {model}")
    table = pd.DataFrame({"truth": list(CLASSES), "support": matrix.sum(axis=1)})
    for label, column in enumerate(row_normalised(matrix).T, start=1):
        table[str(label)] = column
    if model == paper.TABLE_3_MODEL:
        for label, column in enumerate(paper.TABLE_3.T, start=1):
            table[f"paper_{label}"] = column
    return table


def table_classes(classes):
    """Precision, recall and F1 of each class, from the counts and from the row shares.

    `classes` maps a model to its classes.csv. Where the paper's Table 3 has the model, the same
    figures from the paper's matrix follow as `{model}, paper`.
    """
    parts = []
    for model in in_order(classes):
        part = classes[model]
        require(part, ("class", "support", *CLASS_COLUMNS), f"classes of {model}")
        parts.append(_named(part, model))
        if model == paper.TABLE_3_MODEL:
            parts.append(_named(class_figures(paper.TABLE_3_COUNTS), f"{model}, paper"))
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
    """Pooled 5-class UAR against chance: one row a model whose chance level is known.

    `margin` is the UAR less the mean of chance; `above` says whether the UAR lies above the
    97.5th percentile of chance.
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

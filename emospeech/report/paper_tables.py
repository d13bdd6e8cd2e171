"""Tables 1 to 3 of the paper with the values of this run, and the metrics that follow from Table 3.

Values are fractions of 1; `headings` formats them.
"""

import numpy as np
import pandas as pd

from emospeech.labels import EMOTION, Task
from emospeech.metrics import (
    class_metrics,
    merge_classes,
    normalise_rows,
    unweighted_average_recall,
)
from emospeech.models.catalogue import MODELS
from emospeech.report import paper
from emospeech.report.dataframes import (
    CLASSES,
    cell,
    class_names,
    classes_of,
    counts,
    in_order,
    of_task,
    require,
    tasks_in,
)
from emospeech.report.formats import plain
from emospeech.runtime.errors import InputError

PARAMETER_NAMES = {  # in the order of the tables and figures
    "crop_width": "Crop width",
    "learning_rate": "Learning rate",
    "batch_size": "Batch size",
    "filter_size": "Filter size",
    "filters": "No. of filters",
    "layers": "LSTM layers",
    "hidden_units": "Hidden units",
    "steps_ahead": "Steps ahead",
}
CLASS_COLUMNS = ("precision", "recall", "f1", "precision_normalised", "f1_normalised")
# The metrics that follow from Table 3: {(metric, class) as in cells.csv: (name, derivation)}.
DERIVED = {
    ("uar5",): ("UAR, 5 classes", "mean of the diagonal"),
    ("uar3",): ("UAR, 3 classes", "classes 1 and 2 merged, 4 and 5 merged"),
    ("recall", 2): ("Recall of Neg.", "cell on the diagonal"),
    ("precision_normalised", 2): (
        "Precision of Neg.",
        "from row shares (classes weighted equally)",
    ),
    ("precision", 2): ("Precision of Neg.", "from counts (usual definition)"),
    ("f1_normalised", 5): ("F1 of Very Pos.", "precision from row shares"),
    ("f1", 5): ("F1 of Very Pos.", "from counts (usual definition)"),
}


def varied_parameters(table: pd.DataFrame) -> list[str]:
    """Return the parameters with more than one value, or all of them if there are none."""
    counts = table.groupby("parameter")["value"].nunique()
    names = [name for name in PARAMETER_NAMES if name in counts]
    return [name for name in names if counts[name] > 1] or names


def group_models_by_parameters(table: pd.DataFrame) -> list[list[str]]:
    """Return the models in a table of trials, grouped by the hyperparameters that they have."""
    groups: dict[tuple, list[str]] = {}
    for model in in_order(table["model"].unique()):
        parameters = table.loc[table["model"] == model, "parameter"].unique()
        groups.setdefault(tuple(parameters), []).append(model)
    return list(groups.values())


def table_1(best: dict[str, dict]) -> pd.DataFrame:
    """Return Table 1: the selected hyperparameters of each model, and those of the paper.

    Args:
        best: The best.json of each model: a trial, or {"folds": {fold: trial}}.

    Returns:
        A row per parameter that any of the models has; columns `parameter` and, per model,
        `{model}` and, if it is in the paper, `{model}_paper`. If folds differ, the cell lists their
        values.
    """
    used = {name for model in best for name in MODELS[model].family.parameters}
    names = [name for name in PARAMETER_NAMES if name in used]
    columns: dict[str, list] = {"parameter": [PARAMETER_NAMES[name] for name in names]}
    for model in in_order(best):
        chosen = _chosen_values(model, best[model])
        columns[model] = [chosen.get(name, np.nan) for name in names]
        if model in paper.TABLE_1:
            columns[f"{model}_paper"] = [paper.TABLE_1[model].get(name, np.nan) for name in names]
    return pd.DataFrame(columns, dtype=object)  # integers are not converted to float


def _chosen_values(model, best):
    """Return {parameter: value or values} of a model, given its best.json."""
    trials, names = list(best.get("folds", {"all": best}).values()), MODELS[model].family.parameters
    missing = [name for name in names if any(name not in trial for trial in trials)]
    if missing:
        raise InputError(f"best trial of {model}", f"no {', '.join(missing)}")
    return {name: _common([trial[name] for trial in trials]) for name in names}


def _common(values):
    """Return the value shared by all folds, or a text with the values in the order of the folds."""
    if len(set(values)) > 1:
        return ", ".join(map(plain, values))
    return int(values[0]) if values[0] == int(values[0]) else values[0]


def table_2(metrics: pd.DataFrame, task: str | None = None) -> pd.DataFrame:
    """Return Table 2: UAR with five and three classes, correlation and chance level.

    For the emotion, it has UAR, macro F1 and accuracy instead. There is a row per model. Metrics
    are given pooled over the folds, as the mean of the folds, and as printed in the paper (for
    valence only). `task` is that of the table, by default the target.
    """
    task = task or tasks_in(metrics)[0]
    rows = of_task(metrics, task)
    names = ("uar", "macro_f1", "accuracy") if task == EMOTION else ("uar5", "uar3", "rho")
    lines = []
    for model in in_order(rows.index.unique("model")):
        line: dict = {"model": model}
        for name in names:
            line[f"{name}_pooled"] = cell(rows, model, "pooled", name)
            if name == "rho":
                line["p_pooled"] = cell(rows, model, "pooled", "p")
            line[f"{name}_mean"] = cell(rows, model, "mean", name)
            if task == "valence":
                line[f"{name}_paper"] = paper.TABLE_2.get(model, {}).get(name, np.nan)
        for name in ("chance", "chance_low", "chance_high"):
            line[name] = cell(rows, model, "pooled", name)
        lines.append(line)
    return pd.DataFrame(lines)


def table_3(confusion: pd.DataFrame, model: str, task: str) -> pd.DataFrame:
    """Return Table 3: the row-normalised confusion matrix, with the paper's for its model.

    The columns are `truth` (a class name), `support` (a count), the classes (`1` to `5` for
    valence) and, for the model of the paper's Table 3, `paper_1` to `paper_5`. Rows without
    recordings have no shares.
    """
    matrix, labels = counts(confusion, f"confusion of {model}"), classes_of(confusion)
    names = class_names(task, labels)
    table = pd.DataFrame({"truth": names, "support": matrix.sum(axis=1)})
    # The headings of a rated dimension's classes depend on the task, which columns 1 to 5 lack.
    shown = labels if task in ("valence", EMOTION) else names
    table[[*shown]] = normalise_rows(matrix)
    if model == paper.TABLE_3_MODEL and task == "valence":
        table[[f"paper_{label}" for label in labels]] = paper.TABLE_3
    return table


def table_classes(classes: dict[str, pd.DataFrame], task: str) -> pd.DataFrame:
    """Return precision, recall and F1 of each class, from the counts and from the row shares.

    Args:
        classes: The classes.csv of each model.
        task: The target.

    Returns:
        The rows of each model. For the model of the paper's Table 3, rows named `{model}, paper`
        follow with the values of that table. They are NaN if they differ between the sets of counts
        that round to it.
    """
    parts = {}
    for model in in_order(classes):
        require(classes[model], ("class", "support", *CLASS_COLUMNS), f"classes of {model}")
        parts[model] = classes[model]
        if task != EMOTION:
            parts[model] = classes[model].sort_values("class", kind="stable")
        if model == paper.TABLE_3_MODEL and task == "valence":
            parts[f"{model}, paper"] = _paper_classes()
    if not parts:
        raise InputError("classes", "no model was evaluated. Add one to models.names.")
    table = pd.concat(parts, names=["model"]).reset_index("model")
    table["class"] = class_names(task, table["class"])
    table = table.loc[:, ["model", "class", "support", *CLASS_COLUMNS]].astype({"support": "Int64"})
    return table.reset_index(drop=True)


def _paper_classes():
    """Return the class metrics of the paper's Table 3, without those that it does not determine."""
    tables = [_valence_metrics(matrix) for matrix in paper.table_3_sets()]
    differ = np.ptp(np.stack(tables), axis=0) > paper.UNIT
    return tables[0].mask(differ)


def _valence_metrics(matrix):
    return class_metrics(matrix, Task("valence")).astype({"class": int})


def recovered_ranges() -> dict[tuple, tuple[float, float]]:
    """Return {key of DERIVED: lowest and highest value} over the sets of counts of Table 3."""
    values = [_derived(matrix) for matrix in paper.table_3_sets()]
    return {key: (min(v[key] for v in values), max(v[key] for v in values)) for key in DERIVED}


def table_recovered(confusion: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Return each metric as printed, as recovered from Table 3, and as computed for this run.

    Several sets of counts round to Table 3, so a recovered metric is a range. `difference` is
    missing if the range is wider than the last printed digit.

    Args:
        confusion: The confusion.csv of the model of Table 3.
        cells: The table cells.csv, which has the intervals.
    """
    ours = _derived(counts(confusion, f"confusion of {paper.TABLE_3_MODEL}"))
    recovered, bounds = recovered_ranges(), _bounds(cells)
    rows = []
    for key, (quantity, derivation) in DERIVED.items():
        low, high = recovered[key]
        row: dict = {"quantity": quantity, "derivation": derivation}
        row["printed"] = paper.FROM_TABLE_3.get(key, np.nan)
        row |= {"recovered_low": low, "recovered_high": high, "this_run": ours[key], **bounds[key]}
        row["difference"] = ours[key] - low if high - low <= paper.UNIT else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def _derived(matrix):
    """Return the metrics of counts of shape (5, 5), with keys like those of DERIVED."""
    by_class = _valence_metrics(matrix).set_index("class").unstack().to_dict()
    uar5, uar3 = unweighted_average_recall(matrix), unweighted_average_recall(merge_classes(matrix))
    return by_class | {("uar5",): uar5, ("uar3",): uar3}


def table_cells(confusion: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Return a row per cell of Table 3: count and share in the paper and in this run.

    Several sets of counts round to the printed Table 3, all with the same row shares. The smallest
    set is shown as the paper's counts.
    Shares of this run have intervals over the test speakers. The arguments are those of
    `table_recovered`.
    """
    theirs = paper.TABLE_3_COUNTS
    ours = counts(confusion, f"confusion of {paper.TABLE_3_MODEL}")
    shares, own, bounds = normalise_rows(theirs), normalise_rows(ours), _bounds(cells)
    rows = [
        {
            "truth": CLASSES[cell[0]],
            "prediction": CLASSES[cell[1]],
            "printed": paper.TABLE_3[cell],
            "recovered_count": theirs[cell],
            "recovered": shares[cell],
            "own_count": ours[cell],
            "this_run": own[cell],
            **bounds["share", cell[0] + 1, cell[1] + 1],
            "difference": own[cell] - shares[cell],
        }
        for cell in np.ndindex(5, 5)
    ]
    return pd.DataFrame(rows)


def _bounds(cells):
    """Return the intervals of the model of Table 3: {(metric, its classes): {"low", "high"}}."""
    names = ["metric", "truth", "prediction", "low", "high"]
    require(cells, ["model", *names], "cells")
    rows = cells.loc[cells["model"] == paper.TABLE_3_MODEL, names]
    return {
        (metric, *(int(label) for label in classes if pd.notna(label))): {"low": low, "high": high}
        for metric, *classes, low, high in rows.itertuples(index=False)
    }

"""The numbers in the captions and alternative texts of the figures.

The sentences are in template/captions.jinja. The functions are named after the figures and take
the table that a figure is drawn from.
"""

import numpy as np
import pandas as pd

from emospeech.labels import EMOTION, nearest_class
from emospeech.metrics import normalise_rows, pearson, unweighted_average_recall
from emospeech.report.dataframes import (
    HUMAN,
    class_names,
    in_order,
    losses_of,
    mean_frame_errors,
    value_range,
)
from emospeech.report.figures.comparison import metrics_of
from emospeech.report.formats import plain
from emospeech.report.headings import model_name
from emospeech.report.paper_tables import (
    PARAMETER_NAMES,
    group_models_by_parameters,
    varied_parameters,
)
from emospeech.report.templates import captions


def figure_texts(
    kind: str, table: pd.DataFrame, target: str, model: str | None = None
) -> tuple[str, str]:
    """Return the caption and the alternative text of a figure.

    Args:
        kind: The first part of the file name, a key of `NUMBERS`.
        table: The table that the figure is drawn from.
        target: The target of the study.
        model: The model of the figure, if it shows a single one.
    """
    texts = captions(target)
    of_target = {"task": target} if kind in OF_TARGET else {}
    numbers = NUMBERS[kind](table, **of_target) | {"model": model}
    return getattr(texts, f"figure_{kind}")(numbers), getattr(texts, f"alt_{kind}")(numbers)


def outline(table: pd.DataFrame) -> dict:
    """Return the shapes and parameters of each part of a network, and which kinds it has."""
    parts = [
        {
            "name": part,
            "inputs": rows["inputs"].iloc[0],
            "outputs": rows["outputs"].iloc[-1],
            "parameters": rows["parameters"].sum(),
        }
        for part, rows in table.groupby("part", sort=False)
    ]
    found = {*table["part"], *table["operation"]}
    kinds = {name.lower(): name in found for name in ("generator", "predictor", "LSTM")}
    return {"parts": parts} | kinds


def balance(table: pd.DataFrame, task: str) -> dict:
    """Return the numbers of labels before and after sampling, and the mean share of each class."""
    sizes = table.pivot_table("count", "fold", "stage", "sum", sort=False)
    shares = table.pivot_table("share", "class", "stage", "mean", sort=False)
    before, after = table["stage"].unique()
    return {
        "recordings": value_range(sizes[before]),
        "crops": value_range(sizes[after]),
        "classes": list(
            zip(class_names(task, shares.index), shares[before], shares[after], strict=True)
        ),
        "oversampled": after == "oversampled epoch",
    }


def example(table: pd.DataFrame) -> dict:
    """Return the name of the recording, its number of words, and the times of the crop."""
    crop = table[table["element"] == "crop"].iloc[0]
    return {
        "recording": table["recording"].iloc[0],
        "words": (table["element"] == "word").sum(),
        "start": crop["start"],
        "end": crop["end"],
        "centre": table.loc[table["element"] == "centre", "start"].iloc[0],
    }


def trials(table: pd.DataFrame) -> dict:
    """Return the numbers of trials, the UAR ranges, and the parameters with a single value.

    `halving` is true if trials of a lower rung were trained for fewer epochs. The parameters are
    [(models, parameters)] of the models that have the same parameters.
    """
    scores = table.groupby("model")["validation_uar"].agg(["min", "max"])
    ranges = [(model, *scores.loc[model]) for model in in_order(scores.index)]
    groups = group_models_by_parameters(table)
    fixed = [(models, _fixed_parameters(table[table["model"].isin(models)])) for models in groups]
    sizes = value_range(table.groupby("model")["trial"].nunique())
    numbers = {"trials": sizes, "ranges": ranges, "halving": "rung" in table}
    return numbers | {"fixed": [group for group in fixed if group[1]]}


def _fixed_parameters(trials):
    """Return the parameters with a single value as texts, such as "filter size 4"."""
    values, varied = trials.groupby("parameter")["value"].first(), varied_parameters(trials)
    return [
        f"{_in_sentence(PARAMETER_NAMES[name])} {plain(float(values[name]))}"
        for name in PARAMETER_NAMES
        if name in values and name not in varied
    ]


def _in_sentence(name):
    """Return a name with a small first letter, unless it starts with an abbreviation."""
    return name if name[:2].isupper() else name[0].lower() + name[1:]


def comparison(table: pd.DataFrame) -> dict:
    """Return the pooled metrics of each model and of human raters, and the size of the test set."""
    series = dict(iter(table.groupby("series")))
    keys, task = ["model", "metric"], table["task"].iloc[0]
    uar, second = metrics_of(task)
    values = {name: rows.set_index(keys)["value"].to_dict() for name, rows in series.items()}
    models = [
        {
            "name": model_name(model),
            "pooled": values["pooled"].get((model, uar)),
            "second": values["pooled"].get((model, second)),
            "paper": values.get("paper", {}).get((model, uar)),
        }
        for model in in_order(series["pooled"]["model"].unique())
    ]
    human = values.get("human", {})
    sizes = {name: value_range(series["pooled"][name]) for name in ("recordings", "speakers")}
    return {
        "task": task,
        "models": models,
        "human": [human.get((HUMAN, name)) for name in (uar, second)] if human else None,
        **sizes,
    }


def variants(table: pd.DataFrame) -> dict:
    """Return the number and range of the differences, and the numbers of training seeds."""
    known = table["value"].dropna()
    sizes = {"count": len(known), "lowest": known.min(), "highest": known.max()}
    return sizes | {"seeds": value_range(table["seeds"])}


def hours(table: pd.DataFrame) -> dict:
    """Return the UAR of each model by hours, and whether there are values at 0 hours."""
    models = [
        (model, list(zip(rows["hours"], rows["value"], strict=True)))
        for model, rows in table.groupby("model", sort=False)
    ]
    return {"models": models, "zero": (table["hours"] == 0).any()}


def confusion(table: pd.DataFrame, task: str) -> dict:
    """Return the recall of each class, the UAR, and whether the paper's matrix is shown."""
    own = table.loc[table["source"] == "this run"]
    names = class_names(task, own["truth"].unique())
    matrix = own["count"].to_numpy().reshape(len(names), len(names))
    return {
        "recordings": int(matrix.sum()),
        "recalls": list(zip(names, np.diag(normalise_rows(matrix)), strict=True)),
        "uar": unweighted_average_recall(matrix),
        "paper": len(own) < len(table),
    }


def scatter(table: pd.DataFrame, task: str) -> dict:
    """Return the size of the test set, the range of the predictions, and the correlation."""
    rho = pearson(table[task], table["expected"])
    return {
        "recordings": len(table),
        "speakers": table["speaker"].nunique(),
        "low": table["expected"].min(),
        "high": table["expected"].max(),
        "rho": None if np.isnan(rho) else rho,
    }


def learning(table: pd.DataFrame) -> dict:
    """Return the losses, the best epoch and score of each fold, and whether there are errors."""
    epochs, best = table.groupby("fold").size(), table[table["best"]]
    columns = (best["fold"], best["validation_uar"], best["epoch"])
    folds = [
        {"fold": fold, "uar": uar, "epoch": epoch, "epochs": epochs[fold]}
        for fold, uar, epoch in zip(*columns, strict=True)
    ]
    return {"losses": losses_of(table), "folds": folds, "errors": "validation_apc" in table}


def generated(table: pd.DataFrame) -> dict:
    """Return, by epoch, the mean level of the spectrograms and how much they differ."""
    cells = table.filter(regex=r"^row_\d+$") / 255
    real = table["source"] == "real"
    keys = [table.loc[~real, name] for name in ("epoch", "frame")]
    # The standard deviation of each cell over the spectrograms of an epoch, averaged over cells.
    spread = cells.loc[~real].groupby(keys).std().groupby("epoch").mean().mean(axis=1)
    levels = cells.loc[~real].mean(axis=1).groupby(table["epoch"]).mean()
    return {
        "latents": table.loc[~real, "sample"].nunique(),
        "epochs": [(epoch, levels.loc[epoch], spread.loc[epoch]) for epoch in spread.index],
        "real_level": cells[real].mean(axis=1).mean(),
    }


def forecast(table: pd.DataFrame) -> dict:
    """Return the number of steps ahead, and the mean absolute errors of each recording."""
    errors = mean_frame_errors(table).groupby("recording", sort=False).mean()
    recordings = [
        {"name": name, "predicted": predicted, "repeated": repeated}
        for name, predicted, repeated in errors.itertuples()
    ]
    return {"steps": int(table["steps_ahead"].iloc[0]), "recordings": recordings}


def shared_layer(table: pd.DataFrame, task: str) -> dict:
    """Return, by fold, the explained variance and the mean position of each class on axis 1."""
    folds = []
    for fold, rows in table.groupby("fold"):
        classes = rows[task] if task == EMOTION else nearest_class(rows[task])
        positions = rows.loc[:, "x"].groupby(classes).mean()
        # Adding 0 turns -0.0 into 0.0.
        positions = (positions / rows["x"].std()).round(1) + 0
        names = class_names(task, positions.index)
        variance = rows[["share_x", "share_y"]].iloc[0].sum()
        positions = list(zip(names, positions, strict=True))
        folds.append({"fold": fold, "variance": variance, "positions": positions})
    return {"recordings": len(table), "folds": folds}


# The figures whose numbers depend on the classes of the target.
OF_TARGET = {"balance", "confusion", "scatter", "map"}
# The keys are the first part of a figure's name; the second part is the model.
NUMBERS = {
    "outline": outline,
    "balance": balance,
    "example": example,
    "comparison": comparison,
    "variants": variants,
    "hours": hours,
    "confusion": confusion,
    "scatter": scatter,
    "trials": trials,
    "learning": learning,
    "generated": generated,
    "forecast": forecast,
    "map": shared_layer,
}

"""The words to a figure: a caption for all, and for who cannot see it what it shows, in numbers."""

import numpy as np

from emospeech.metrics import row_normalised, unweighted_recall
from emospeech.report.frames import CLASSES, in_order
from emospeech.report.learning import losses_of


def comparison(table):
    """Caption and alternative text of `draw_comparison`."""
    task, scores = table["task"].iloc[0], table.set_index(["model", "series"])["value"]
    parts = []
    for model in in_order(table["model"].unique()):
        part = f"{model} {_percent(scores.get((model, 'pooled'), np.nan).item())}"
        if (model, "paper") in scores.index:
            part += f" (paper {_percent(scores[model, 'paper'].item())})"
        parts.append(part)
    pooled = table[table["series"] == "pooled"]
    recordings = _range(pooled["recordings"], "recording")
    speakers = _range(pooled["speakers"], "test speaker")
    caption = (
        f"Unweighted average recall of {task} with five classes, on {recordings} of {speakers}. "
        "The number on the right is the pooled value, and its bar the 95 % interval over the "
        "speakers. The band holds the middle 95 % of what the same predictions score when they are "
        "permuted within each fold."
    )
    return caption, f"Dot plot of {task} UAR by model. Pooled over the folds: {'; '.join(parts)}."


def confusion(table, model):
    """Caption and alternative text of `draw_confusion`."""
    own = table[table["source"] == "this run"]
    matrix = own["count"].to_numpy().reshape(5, 5)
    recalls = [
        f"{name} {_percent(value)}"
        for name, value in zip(CLASSES, np.diag(row_normalised(matrix)), strict=True)
    ]
    caption = (
        f"Valence by {model}, {_count(matrix.sum(), 'test recording')}: share of each row in per "
        "cent, and counts below. On the outlined diagonal the share is the recall of the class."
    )
    if len(own) < len(table):
        caption += " On the right the paper's Table 3, with the counts recovered from it."
    return caption, (
        f"Confusion matrix of {model}. Recall by class: {', '.join(recalls)}. "
        f"Their mean is {_percent(unweighted_recall(matrix))}."
    )


def scatter(table, model):
    """Caption and alternative text of `draw_scatter`."""
    rho = table["valence"].corr(table["expected"])
    caption = (
        f"Valence by {model}: the expected value of the prediction against the mean of the "
        f"raters, {len(table)} test recordings of all folds. Squares are means over half a point."
    )
    known = "unknown" if np.isnan(rho) else f"{rho:.4f}"
    low, high = table["expected"].min(), table["expected"].max()
    return caption, (
        f"Scatter plot of {model}: {len(table)} recordings, predictions from {low:.2f} to "
        f"{high:.2f}, correlation {known}."
    )


def learning(table, model):
    """Caption and alternative text of `draw_learning`."""
    epochs, parts = table.groupby("fold").size(), []
    for best in table[table["kept"]].itertuples():
        score, last = _percent(best.validation_uar), epochs[best.fold]
        parts.append(f"fold {best.fold} {score} at epoch {best.epoch:.0f} of {last}")
    losses = ", ".join(losses_of(table)) or "none recorded"
    caption = (
        f"Training of {model} with its chosen parameters, fold by fold: the mean of each loss over "
        "the steps of an epoch, and the recall of the validation speaker. The dotted line and the "
        "dot mark the epoch whose weights are kept: the first with the highest validation UAR."
    )
    alt = f"Learning curves of {model} (losses: {losses}). Best validation UAR: {'; '.join(parts)}."
    return caption, alt


def _range(numbers, thing):
    """Say how many of a thing there are, of the models that may differ in it."""
    known = numbers.dropna()
    if known.empty:
        return f"the {thing}s"
    low, high = int(known.min()), int(known.max())
    return _count(low, thing) if low == high else f"{low} to {high} {thing}s"


def _count(number, thing):
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _percent(value):
    return "unknown" if np.isnan(value) else f"{100 * value:.2f} %"


# By the first word of the name of the figure; a second word is the model.
WORDS = {
    "comparison": comparison,
    "confusion": confusion,
    "scatter": scatter,
    "learning": learning,
}

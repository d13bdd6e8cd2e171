"""The words to a figure: a caption for all, and for who cannot see it what it shows, in numbers."""

import numpy as np

from emospeech.metrics import row_normalised, unweighted_recall
from emospeech.report import paper
from emospeech.report.frames import (
    CLASSES,
    cell,
    counts,
    in_order,
    of_task,
)
from emospeech.report.learning import best_row, losses_of


def comparison(metrics, task="valence"):
    """Caption and alternative text of `draw_comparison`."""
    rows = of_task(metrics, task)
    parts = []
    for model in in_order(rows["model"].unique()):
        part = f"{model} {_percent(cell(rows, model, 'pooled', 'uar5'))}"
        if task == "valence" and model in paper.TABLE_2:
            part += f" (paper {_percent(paper.TABLE_2[model]['uar5'])})"
        parts.append(part)
    caption = (
        f"Unweighted average recall of {task} with five classes, on the test speakers. The number "
        "on the right is the pooled value. The band holds the middle 95 % of what the same "
        "predictions score when they are permuted within each fold."
    )
    return caption, f"Dot plot of {task} UAR by model. Pooled over the folds: {'; '.join(parts)}."


def confusion(frame, model):
    """Caption and alternative text of `draw_confusion`."""
    matrix = counts(frame, f"confusion of {model}")
    recalls = [
        f"{name} {_percent(value)}"
        for name, value in zip(CLASSES, np.diag(row_normalised(matrix)), strict=True)
    ]
    caption = (
        f"Valence by {model}: share of each row in per cent, and counts below. On the outlined "
        "diagonal the share is the recall of the class."
    )
    if model == paper.TABLE_3_MODEL:
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


def learning(histories, model):
    """Caption and alternative text of `draw_learning`."""
    parts = []
    for fold in sorted(histories, key=lambda fold: (len(str(fold)), str(fold))):
        best = best_row(histories[fold])
        name = str(fold).removeprefix("fold-")
        score = _percent(best["validation_uar"])
        parts.append(f"fold {name} {score} at epoch {best['epoch']:.0f} of {len(histories[fold])}")
    losses = ", ".join(losses_of(histories)) or "none recorded"
    caption = (
        f"Training of {model} with its chosen parameters, fold by fold. The dotted line and the "
        "dot mark the epoch whose weights are kept: the first with the highest validation UAR."
    )
    alt = f"Learning curves of {model} (losses: {losses}). Best validation UAR: {'; '.join(parts)}."
    return caption, alt


def _percent(value):
    return "unknown" if np.isnan(value) else f"{100 * value:.2f} %"

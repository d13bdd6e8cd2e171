"""Figure of a confusion matrix: the shares of each row as a heat map, with the counts."""

import numpy as np
from matplotlib.patches import Rectangle

from emospeech.report import paper
from emospeech.report.frames import CLASSES, counts, recalls_mean, row_shares
from emospeech.report.style import COLUMN_WIDTH, INK, PAGE_WIDTH, blank, style

DARK = 0.55  # from this share on the cell is dark and its text white


def draw_confusion(confusion, model):
    """A Figure of one model's confusion matrix, truth in rows and prediction in columns.

    A cell shows its share of the row in per cent (on the outlined diagonal: the recall) and its
    count. For the model of the paper's Table 3 the paper's matrix stands beside it, with the
    counts recovered from it.
    """
    matrix = counts(confusion, f"confusion of {model}")
    panels = [(f"{model}, this run", matrix, row_shares(matrix))]
    if model == paper.TABLE_3_MODEL:
        panels.append((f"{model}, paper", paper.TABLE_3_COUNTS, paper.TABLE_3))
    with style():
        figure = blank(PAGE_WIDTH if len(panels) == 2 else COLUMN_WIDTH, 3.15)
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for place, (panel, content) in enumerate(zip(axes, panels, strict=True)):
            _draw_panel(panel, *content, first=place == 0)
    return figure


def _draw_panel(panel, title, matrix, shares, first):
    panel.imshow(np.nan_to_num(shares), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for truth in range(5):
        for prediction in range(5):
            _write_cell(panel, truth, prediction, shares, matrix)
        corner = (truth - 0.5, truth - 0.5)
        outline = {"fill": False, "edgecolor": INK, "linewidth": 0.9, "clip_on": False}
        panel.add_patch(Rectangle(corner, 1, 1, **outline))
    panel.set_title(f"{title}\nUAR {100 * recalls_mean(matrix):.2f} %", linespacing=1.4)
    panel.set_xticks(range(5), CLASSES)
    support = matrix.sum(axis=1)
    rows = [f"{name}\n{total}" for name, total in zip(CLASSES, support, strict=True)]
    panel.set_yticks(range(5), rows)
    panel.set_xlabel("Predicted valence")
    if first:
        panel.set_ylabel("Actual valence, recordings")
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    # White lines between the cells.
    panel.set_xticks(np.arange(0.5, 4), minor=True)
    panel.set_yticks(np.arange(0.5, 4), minor=True)
    panel.grid(which="minor", color="white", linewidth=1)
    panel.tick_params(which="minor", length=0)


def _write_cell(panel, truth, prediction, shares, matrix):
    value = shares[truth, prediction]
    colour = "white" if value >= DARK else INK
    weight = "bold" if truth == prediction else "normal"
    text = "–" if np.isnan(value) else f"{100 * value:.1f}"
    middle = {"ha": "center", "va": "center", "color": colour}
    panel.text(prediction, truth - 0.13, text, fontsize=7.5, weight=weight, **middle)
    panel.text(prediction, truth + 0.23, f"{matrix[truth, prediction]}", fontsize=5.5, **middle)

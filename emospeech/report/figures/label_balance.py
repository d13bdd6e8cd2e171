"""Labels of the target in the training part of each fold, and in one epoch of training."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from emospeech.labels import EMOTION
from emospeech.report.dataframes import require
from emospeech.report.figures.style import (
    BLUE,
    FAINT,
    INK,
    PAGE_WIDTH,
    SOFT,
    blank,
    panel_grid,
    report_style,
)

ACROSS = 5  # folds in a row
WIDTH = 0.4  # of a bar, on the class axis
LOOKS = ({"color": FAINT, "edgecolor": SOFT}, {"color": BLUE, "edgecolor": BLUE})


@report_style()
def draw_balance(table: pd.DataFrame, task: str) -> Figure:
    """Return the figure: a panel per fold, a pair of bars per class.

    Bars are shares of the labels in per cent; the dashed line is a uniform distribution.

    Args:
        table: The columns `fold, stage, class, count, share`.
        task: The target.
    """
    require(table, ("fold", "stage", "class", "count", "share"), "label balance")
    folds = list(table.groupby("fold"))
    figure = blank(PAGE_WIDTH, 0.5 + 1.65 * -(-len(folds) // ACROSS))
    grid = panel_grid(figure, len(folds), ACROSS, sharex=True, sharey=True)
    for (fold, rows), panel in zip(folds, grid.flat, strict=False):
        _draw_fold(panel, rows, task)
        panel.set_title(f"Fold {fold}", loc="left")
    for panel in grid[:, 0]:
        panel.set_ylabel("Share of labels (%)")
    figure.supxlabel(task.capitalize(), fontsize=7, color=INK)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure


def _draw_fold(panel, rows, task):
    classes = rows["class"].unique()
    line = {"color": INK, "linewidth": 0.7, "linestyle": (0, (4, 2)), "label": "uniform"}
    panel.axhline(100 / len(classes), **line)
    for index, (stage, bars) in enumerate(rows.groupby("stage", sort=False)):
        left = np.arange(1, len(classes) + 1) + (index - 1) * WIDTH
        panel.bar(left, 100 * bars["share"], WIDTH, align="edge", label=stage, **LOOKS[index])
    rotation = {"rotation": 90} if task == EMOTION else {}
    panel.set_xticks(range(1, len(classes) + 1), classes, **rotation)
    panel.tick_params(axis="x", length=0)
    panel.grid(axis="y")

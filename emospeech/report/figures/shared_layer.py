"""Shared-layer activations of the held-out speakers of each fold, in two dimensions."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from emospeech.labels import EMOTION, Task, nearest_class
from emospeech.report.dataframes import class_names, require
from emospeech.report.figures.style import (
    CLASS_COLOURS,
    INK,
    PAGE_WIDTH,
    add_title,
    blank,
    panel_grid,
    report_style,
)

MOST_ENTRIES = 7  # of a line of the legend
ACROSS = 3  # folds in a row; panels are wide, as the first component has the larger range
MARKS = {"test": "o", "validation": "^"}


def columns_of(task: Task) -> list[str]:
    """Return the columns of the figure's table; one of them has the labels of the target."""
    return ["fold", "recording", "speaker", "part", task.name, "x", "y", "share_x", "share_y"]


@report_style()
def draw_map(table: pd.DataFrame, model: str, task: Task) -> Figure:
    """Return the figure, with a panel per fold and a mark per recording.

    Colours are classes of the target; circles are the test speaker, triangles the validation
    speaker. Both axes have the same scale; their labels give the share of the variance that each
    principal component (PC) explains.

    Args:
        table: The projected recordings, with the columns of `columns_of`.
        model: The model, for the title.
        task: The target.
    """
    require(table, columns_of(task), "map")
    folds = list(table.groupby("fold"))
    figure = blank(PAGE_WIDTH, 0.65 + 1.65 * -(-len(folds) // ACROSS))
    add_title(figure, model)
    grid = panel_grid(figure, len(folds), ACROSS)
    for (fold, rows), panel in zip(folds, grid.flat, strict=False):
        _draw_fold(panel, rows, task)
        panel.set_title(f"Fold {fold}", loc="left")
    _add_legend(figure, grid[0, 0], task)
    return figure


def colours_of(task: Task) -> list:
    """Return a colour for each class: ordered for a scale, distinct for emotions."""
    if task.name != EMOTION:
        return list(CLASS_COLOURS)
    colours = colormaps["tab10" if len(task.classes) <= 10 else "tab20"]
    return [colours(index % colours.N) for index in range(len(task.classes))]


def _draw_fold(panel, rows, task):
    labels, size = rows[task.name], len(task.classes)
    if task.is_scale:
        classes = nearest_class(labels)
    else:
        classes = labels.map(task.classes.index).to_numpy() + 1
    norm = BoundaryNorm(np.arange(0.5, size + 1), size)
    look = {"cmap": ListedColormap(colours_of(task)), "norm": norm}
    look |= {"linewidths": 0.25, "edgecolors": INK}
    look["rasterized"] = len(rows) > 5000  # large vector graphics are slow to open
    for part, mark in MARKS.items():
        own = (rows["part"] == part).to_numpy()
        panel.scatter(rows["x"][own], rows["y"][own], c=classes[own], marker=mark, s=9, **look)
    share_x, share_y = 100 * rows[["share_x", "share_y"]].iloc[0]
    panel.set(xlabel=f"PC1 ({share_x:.0f} %)", ylabel=f"PC2 ({share_y:.0f} %)")
    panel.set(xticks=[], yticks=[])
    panel.margins(0.08)
    panel.set_aspect("equal", adjustable="datalim")


def _add_legend(figure, panel, task):
    """Add a legend of the colours and marks, with empty lines as handles."""
    look = {"linestyle": "none", "markeredgecolor": INK, "markeredgewidth": 0.4, "markersize": 4.5}
    names = class_names(task.name, task.classes)
    for colour, name in zip(colours_of(task), names, strict=True):
        panel.plot([], marker="o", color=colour, label=name, **look)
    for part, mark in MARKS.items():
        panel.plot([], marker=mark, markerfacecolor="none", label=f"{part} speaker", **look)
    figure.legend(
        loc="outside lower center",
        ncols=min(len(names) + len(MARKS), MOST_ENTRIES),
        handletextpad=0.1,
    )

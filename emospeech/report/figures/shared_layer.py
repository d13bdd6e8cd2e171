"""Shared-layer activations of the held-out speakers of each fold, in two dimensions."""

import numpy as np
import pandas as pd
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from emospeech.labels import nearest_class
from emospeech.report.dataframes import CLASSES, require
from emospeech.report.figures.style import (
    CLASS_COLOURS,
    INK,
    PAGE_WIDTH,
    add_title,
    blank,
    panel_grid,
    report_style,
)

COLUMNS = ["fold", "recording", "speaker", "part", "valence", "x", "y", "share_x", "share_y"]
ACROSS = 3  # folds in a row; panels are wide, as the first component has the larger range
MARKS = {"test": "o", "validation": "^"}


@report_style()
def draw_map(table: pd.DataFrame, model: str) -> Figure:
    """Return the figure, with a panel per fold and a mark per recording.

    Colours are valence classes; circles are the test speaker, triangles the validation speaker.
    Both axes have the same scale; their labels give the share of the variance that each principal
    component (PC) explains.

    Args:
        table: The projected recordings, with COLUMNS.
        model: The model, for the title.
    """
    require(table, COLUMNS, "map")
    folds = list(table.groupby("fold"))
    figure = blank(PAGE_WIDTH, 0.65 + 1.65 * -(-len(folds) // ACROSS))
    add_title(figure, model)
    grid = panel_grid(figure, len(folds), ACROSS)
    for (fold, rows), panel in zip(folds, grid.flat, strict=False):
        _draw_fold(panel, rows)
        panel.set_title(f"Fold {fold}", loc="left")
    _add_legend(figure, grid[0, 0])
    return figure


def _draw_fold(panel, rows):
    classes = nearest_class(rows["valence"])
    norm = BoundaryNorm(np.arange(0.5, len(CLASSES) + 1), len(CLASSES))
    look = {"cmap": ListedColormap(CLASS_COLOURS), "norm": norm}
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


def _add_legend(figure, panel):
    """Add a legend of the colours and marks, with empty lines as handles."""
    look = {"linestyle": "none", "markeredgecolor": INK, "markeredgewidth": 0.4, "markersize": 4.5}
    for colour, name in zip(CLASS_COLOURS, CLASSES, strict=True):
        panel.plot([], marker="o", color=colour, label=name, **look)
    for part, mark in MARKS.items():
        panel.plot([], marker=mark, markerfacecolor="none", label=f"{part} speaker", **look)
    figure.legend(loc="outside lower center", ncols=len(CLASSES) + len(MARKS), handletextpad=0.1)

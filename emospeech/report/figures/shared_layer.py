"""Shared-layer activations of the held-out speakers of each fold, in two dimensions."""

import numpy as np
import pandas as pd
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from emospeech.labels import nearest_class
from emospeech.report.dataframes import CLASSES, require
from emospeech.report.figures.style import INK, PAGE_WIDTH, blank, fold_panels, report_style

COLUMNS = ["fold", "recording", "speaker", "part", "valence", "x", "y", "share_x", "share_y"]
ACROSS = 3  # folds in a row; panels are wide, as the first component has the larger range
MARKS = {"test": "o", "validation": "^"}
# From negative to positive, with increasing lightness: distinguishable in grey and by colour-blind
# readers.
COLOURS = ("#2e1a78", "#0068b0", "#4cb08c", "#eebb44", "#fcf2bc")


@report_style()
def draw_map(table: pd.DataFrame) -> Figure:
    """Return the figure, with a panel per fold and a mark per recording.

    Colours are valence classes; circles are the test speaker, triangles the validation speaker.
    Both axes have the same scale; their labels give the explained variance.

    Args:
        table: The projected recordings, with COLUMNS.
    """
    require(table, COLUMNS, "map")
    folds = list(table.groupby("fold"))
    figure = blank(PAGE_WIDTH, 0.45 + 1.65 * -(-len(folds) // ACROSS))
    grid = fold_panels(figure, len(folds), ACROSS)
    for (fold, rows), panel in zip(folds, grid.flat, strict=False):
        _draw_fold(panel, rows)
        panel.set_title(f"Fold {fold}", loc="left")
    _add_legend(figure, grid[0, 0])
    return figure


def _draw_fold(panel, rows):
    classes = nearest_class(rows["valence"])
    norm = BoundaryNorm(np.arange(0.5, len(CLASSES) + 1), len(CLASSES))
    look = {"cmap": ListedColormap(COLOURS), "norm": norm, "linewidths": 0.25, "edgecolors": INK}
    look["rasterized"] = len(rows) > 5000  # large vector graphics are slow to open
    for part, mark in MARKS.items():
        own = (rows["part"] == part).to_numpy()
        panel.scatter(rows["x"][own], rows["y"][own], c=classes[own], marker=mark, s=9, **look)
    for axis in "xy":
        share = rows[f"share_{axis}"].iloc[0]
        getattr(panel, f"set_{axis}label")(f"{100 * share:.0f} % of the variance")
    panel.set(xticks=[], yticks=[])
    panel.margins(0.08)
    panel.set_aspect("equal", adjustable="datalim")


def _add_legend(figure, panel):
    """Add a legend of the colours and marks, with empty lines as handles."""
    look = {"linestyle": "none", "markeredgecolor": INK, "markeredgewidth": 0.4, "markersize": 4.5}
    for colour, name in zip(COLOURS, CLASSES, strict=True):
        panel.plot([], marker="o", color=colour, label=name, **look)
    for part, mark in MARKS.items():
        panel.plot([], marker=mark, markerfacecolor="none", label=f"{part} speaker", **look)
    figure.legend(loc="outside lower center", ncols=len(COLOURS) + len(MARKS), handletextpad=0.1)

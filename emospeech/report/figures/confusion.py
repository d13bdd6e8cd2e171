"""Confusion matrix: shares of each row as a heat map, with the counts."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from emospeech.metrics import normalise_rows, unweighted_average_recall
from emospeech.report import paper
from emospeech.report.dataframes import class_names, classes_of, counts
from emospeech.report.figures.style import COLUMN_WIDTH, INK, PAGE_WIDTH, blank, report_style
from emospeech.report.formats import MISSING

FEW_CLASSES = 5  # that fit into a column
DARK = 0.22  # luminance below which white text has more contrast than black (WCAG 2)


def plot_data(confusion: pd.DataFrame, model: str, task: str) -> pd.DataFrame:
    """Return the table of the figure: a row per cell, of this run and, if available, of the paper.

    The columns are `source, truth, prediction, count, share`; `share` is the share of the row, NaN
    if the row is empty. The paper's counts are recovered from its shares.
    """
    matrix, labels = counts(confusion, f"confusion of {model}"), np.array(classes_of(confusion))
    sources = {"this run": (matrix, normalise_rows(matrix))}
    if model == paper.TABLE_3_MODEL and task == "valence":
        sources["paper"] = (paper.TABLE_3_COUNTS, paper.TABLE_3)
    truth, prediction = (labels[index.ravel()] for index in np.indices(matrix.shape))
    parts = [
        {"source": source, "truth": truth, "prediction": prediction}
        | {"count": numbers.ravel(), "share": shares.ravel()}
        for source, (numbers, shares) in sources.items()
    ]
    return pd.concat(map(pd.DataFrame, parts), ignore_index=True)


@report_style()
def draw_confusion(table: pd.DataFrame, model: str, task: str) -> Figure:
    """Return the figure of `plot_data`, with truth in rows and prediction in columns.

    Cells show the share of the row in per cent (on the outlined diagonal: the recall) and the
    count. The paper's matrix, if any, is on the right.
    """
    sources = table["source"].unique()
    labels = table["truth"].unique()
    names, size = class_names(task, labels), len(labels)
    width = COLUMN_WIDTH if size <= FEW_CLASSES and len(sources) == 1 else PAGE_WIDTH
    figure = blank(width, 3.15 if size <= FEW_CLASSES else 0.6 + 0.5 * size)
    panels = figure.subplots(1, len(sources), squeeze=False)[0]
    for panel, source in zip(panels, sources, strict=True):
        cells = table.loc[table["source"] == source]
        matrix, shares = (cells[name].to_numpy().reshape(size, size) for name in ("count", "share"))
        _draw_panel(panel, f"{model}, {source}", matrix, shares, names)
        panel.set_xlabel(f"Predicted {task}")
    panels[0].set_ylabel(f"Actual {task}, recordings")
    return figure


def _draw_panel(panel, title, matrix, shares, names):
    image = panel.imshow(np.nan_to_num(shares), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    dark = _luminance(image.cmap(np.nan_to_num(shares))[..., :3]) < DARK  # (classes, classes)
    for cell in np.ndindex(matrix.shape):
        _write_cell(panel, cell, shares[cell], matrix[cell], "white" if dark[cell] else "black")
    for corner in np.arange(len(names)) - 0.5:
        outline = {"fill": False, "edgecolor": INK, "linewidth": 0.9, "clip_on": False}
        panel.add_patch(Rectangle((corner, corner), 1, 1, **outline))
    panel.set_title(
        f"{title}\nUAR {100 * unweighted_average_recall(matrix):.2f} %", linespacing=1.4
    )
    panel.set_xticks(range(len(names)), names)
    rows = [f"{name}\n{n}" for name, n in zip(names, matrix.sum(axis=1), strict=True)]
    panel.set_yticks(range(len(names)), rows)
    # White lines between the cells, and no others.
    panel.set_xticks(np.arange(0.5, len(names) - 1), minor=True)
    panel.set_yticks(np.arange(0.5, len(names) - 1), minor=True)
    panel.grid(which="minor", color="white", linewidth=1)
    panel.tick_params(which="both", length=0)
    panel.spines[:].set_visible(False)


def _write_cell(panel, cell, value, count, colour):
    truth, prediction = cell
    weight = "bold" if truth == prediction else "normal"
    text = MISSING if np.isnan(value) else f"{100 * value:.1f}"
    middle = {"ha": "center", "va": "center", "color": colour}
    panel.text(prediction, truth - 0.13, text, fontsize=7.5, weight=weight, **middle)
    panel.text(prediction, truth + 0.23, f"{count}", fontsize=5.5, **middle)


def _luminance(colours):
    """Return the relative luminance of sRGB colours, shape (..., 3), as defined by WCAG 2."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])

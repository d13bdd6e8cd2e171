"""Predicted against actual valence of the test recordings."""

import numpy as np
import pandas as pd

from emospeech.report.figures.style import BLUE, COLUMN_WIDTH, SOFT, VERMILLION, blank, report_style
from emospeech.report.frames import require

BINS = np.arange(0.75, 5.5, 0.5)  # half a point wide, around 1, 1.5, ... 5
ENDS = (0.8, 5.2)


def points(predictions):
    """Return the table of the figure: `recording, speaker, fold, valence, expected`."""
    columns = ["recording", "speaker", "fold", "valence", "expected"]
    require(predictions, columns, "predictions")
    return predictions[columns].sort_values(["fold", "recording"], ignore_index=True)


def means(table):
    """Return the mean prediction in bins of half a point of actual valence."""
    bins = pd.cut(table["valence"], BINS, right=False)
    return table.groupby(bins, observed=True)[["valence", "expected"]].mean()


def draw_scatter(table, model):
    """Return the figure of the table of `points`: actual valence and expected value.

    The grey diagonal is perfect agreement; the line with squares connects the means.
    """
    with report_style():
        figure = blank(COLUMN_WIDTH, 3.1)
        panel = figure.subplots()
        panel.plot(ENDS, ENDS, color=SOFT, linewidth=0.8, linestyle=(0, (4, 2)), label="agreement")
        dots = {"marker": "o", "markersize": 2.4, "markeredgewidth": 0, "alpha": 0.35}
        panel.plot(
            table["valence"],
            table["expected"],
            linestyle="none",
            color=BLUE,
            rasterized=len(table) > 20_000,  # large vector graphics are slow to open
            label="recording",
            **dots,
        )
        line = means(table)
        panel.plot(*line.to_numpy().T, color=VERMILLION, marker="s", markersize=3.5, label="mean")
        panel.set(xlim=ENDS, ylim=ENDS, xticks=range(1, 6), yticks=range(1, 6), aspect="equal")
        panel.set(xlabel="Actual valence", ylabel="Predicted valence", title=model)
        panel.grid()
        figure.legend(loc="outside lower center", ncols=3)
    return figure

"""Figure of predicted against actual valence: every test recording a dot, the means a line."""

import numpy as np
import pandas as pd

from emospeech.report.figures.style import BLUE, COLUMN_WIDTH, SOFT, VERMILLION, blank, report_style
from emospeech.report.frames import require

BINS = np.arange(0.75, 5.5, 0.5)  # half a point wide, around 1, 1.5, ... 5
ENDS = (0.8, 5.2)


def points(predictions):
    """The columns that the figure is drawn from: `recording, speaker, fold, valence, expected`."""
    columns = ["recording", "speaker", "fold", "valence", "expected"]
    require(predictions, columns, "predictions")
    return predictions[columns].sort_values(["fold", "recording"], ignore_index=True)


def means(table):
    """Mean prediction by actual valence, in steps of half a point: `valence`, `expected`."""
    bins = pd.cut(table["valence"], BINS, right=False)
    return table.groupby(bins, observed=True)[["valence", "expected"]].mean()


def draw_scatter(table, model):
    """A Figure of `points`: actual valence across, the expected value of the prediction up.

    A grey diagonal is where both agree, the line with squares joins the means.
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
            rasterized=len(table) > 20_000,  # so many vectors are slow to open
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

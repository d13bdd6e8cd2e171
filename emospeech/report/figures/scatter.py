"""Predicted against actual labels of the test recordings, for a target with a scale."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from emospeech.report.dataframes import require
from emospeech.report.figures.style import BLUE, COLUMN_WIDTH, SOFT, VERMILLION, blank, report_style

BINS = np.arange(0.75, 5.5, 0.5)  # half a point wide, around 1, 1.5, ... 5
ENDS = (0.8, 5.2)
CROWDED = 1000  # number of recordings above which dots are more transparent


def plot_data(predictions: pd.DataFrame, task: str) -> pd.DataFrame:
    """Return the table of the figure: `recording, speaker, fold`, the labels and `expected`."""
    columns = ["recording", "speaker", "fold", task, "expected"]
    require(predictions, columns, "predictions")
    return predictions.loc[:, columns].sort_values(["fold", "recording"], ignore_index=True)


def means(table: pd.DataFrame, task: str) -> pd.DataFrame:
    """Return the mean prediction in bins of half a point of the actual label."""
    bins = pd.cut(table[task], BINS, right=False)
    return table.loc[:, [task, "expected"]].groupby(bins, observed=True).mean()


@report_style()
def draw_scatter(table: pd.DataFrame, model: str, task: str) -> Figure:
    """Return the figure of `plot_data`: label and expected value of the prediction.

    On the grey diagonal both are equal; the line with squares connects the means.
    """
    figure = blank(COLUMN_WIDTH, 3.1)
    panel = figure.subplots()
    line = {"color": SOFT, "linewidth": 0.8, "linestyle": (0, (4, 2)), "label": "identity"}
    panel.plot(ENDS, ENDS, **line)
    dots = {"marker": "o", "markersize": 2.2, "markeredgewidth": 0, "color": BLUE}
    dots["alpha"] = 0.35 if len(table) > CROWDED else 0.85
    dots["rasterized"] = len(table) > 20_000  # large vector graphics are slow to open
    panel.plot(table[task], table["expected"], linestyle="none", label="recording", **dots)
    squares = {"color": VERMILLION, "marker": "s", "markersize": 3.5, "label": "mean"}
    panel.plot(*means(table, task).to_numpy().T, **squares)
    panel.set(xlim=ENDS, ylim=ENDS, xticks=range(1, 6), yticks=range(1, 6), aspect="equal")
    panel.set(xlabel=f"Actual {task}", ylabel=f"Predicted {task}", title=model)
    panel.grid()
    figure.legend(loc="outside lower center", ncols=3)
    return figure

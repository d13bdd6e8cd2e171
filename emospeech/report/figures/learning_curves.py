"""Learning curves: losses and validation UAR by epoch, for each fold."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from emospeech.report.dataframes import LOSSES, losses_of, require
from emospeech.report.figures.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PAGE_WIDTH,
    SOFT,
    VERMILLION,
    add_title,
    blank,
    report_style,
)
from emospeech.runtime.errors import InputError

LINES = {
    "generator": (ORANGE, (0, (1, 1))),
    "discriminator": (VERMILLION, (0, (5, 1.5))),
    "valence": (BLUE, "-"),
    "activation": (GREEN, (0, (4, 1.2, 1, 1.2))),
}
ACROSS = 5  # folds side by side; more folds continue on the next line
FEW = 3  # up to this many epochs are also drawn as points, since a single one has no line
WIDE_RANGE = 20  # ratio of losses above which the axis is logarithmic
WIDER_RANGE = 200  # ratio above which there is no room for ticks at 2 and 5


def plot_data(histories: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return the table of the figure: a row per fold and epoch.

    Args:
        histories: The table histories.csv.
        model: The model, for error messages.

    Returns:
        The columns `fold`, `epoch`, the losses, `validation_uar`, and `kept`, which marks the first
        epoch with the highest validation UAR.
    """
    name = f"history of {model}"
    require(histories, ("fold", "epoch", "validation_uar"), name)
    table = histories.reindex(columns=["fold", "epoch", *LOSSES, "validation_uar"])
    table = table.sort_values(["fold", "epoch"], ignore_index=True)
    scores = table.pivot(index="epoch", columns="fold", values="validation_uar")
    unknown = scores.columns[scores.isna().all()]
    if len(unknown):
        raise InputError(f"{name}, fold {unknown[0]}", "validation_uar is missing in all epochs")
    best = table.groupby("fold")["validation_uar"].transform("idxmax")
    return table.assign(kept=table.index == best)


@report_style()
def draw_learning(table: pd.DataFrame, model: str) -> Figure:
    """Return the figure of `plot_data`: losses above, validation UAR below.

    The epoch whose weights are kept is marked. All folds have the same axes; the loss axis is
    logarithmic if losses span a wide range.
    """
    folds = list(table.groupby("fold"))
    figure = blank(PAGE_WIDTH, 0.55 + 2.35 * -(-len(folds) // ACROSS))
    add_title(figure, model)
    panels = _grid(figure, len(folds))
    losses = losses_of(table)
    for (fold, history), (upper, lower) in zip(folds, panels, strict=True):
        _draw_fold(upper, lower, history, losses)
        upper.set_title(f"Fold {fold}", loc="left")
    _scale([upper for upper, _ in panels], table[losses].to_numpy())
    _label(figure, panels)
    return figure


def _grid(figure, n_folds):
    """Return a pair of panels per fold, losses above validation, with shared axes."""
    grid = figure.subplots(2 * -(-n_folds // ACROSS), min(n_folds, ACROSS), squeeze=False)
    pairs = grid.reshape(-1, 2, grid.shape[1]).swapaxes(1, 2).reshape(-1, 2)
    for panel in pairs[n_folds:].flat:
        panel.set_visible(False)
    for upper, lower in pairs[:n_folds]:
        upper.sharex(grid[0, 0])
        lower.sharex(grid[0, 0])
        upper.sharey(grid[0, 0])
        lower.sharey(grid[1, 0])
    return pairs[:n_folds]


def _draw_fold(upper, lower, history, losses):
    best = history[history["kept"]].iloc[0]
    marks = {"marker": "o" if len(history) <= FEW else "", "markersize": 2}
    for loss in losses:
        colour, dashes = LINES[loss]
        line = {"color": colour, "linestyle": dashes, "label": loss}
        upper.plot(history["epoch"], history[loss], **line, **marks)
    lower.plot(history["epoch"], 100 * history["validation_uar"], color=BLUE, **marks)
    for panel in (upper, lower):
        panel.axvline(best["epoch"], color=SOFT, linewidth=0.7, linestyle=(0, (2, 2)), zorder=0)
        panel.grid(axis="y")
    epoch, uar = best["epoch"], 100 * best["validation_uar"]
    lower.plot(epoch, uar, "o", color=INK, markersize=3.5)
    above = {"xytext": (0, 5), "textcoords": "offset points", "ha": "center", "fontsize": 6.5}
    above["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    lower.annotate(f"{uar:.1f}", (epoch, uar), **above)


def _scale(uppers, losses):
    """Use a logarithmic loss axis if needed, with ticks at 1, 2, 5, 10 or at 1, 10, 100."""
    known = losses[~np.isnan(losses)]
    if not known.size or known.min() <= 0 or known.max() / known.min() <= WIDE_RANGE:
        return
    marks = (1, 2, 5) if known.max() / known.min() <= WIDER_RANGE else (1,)
    for panel in uppers:
        panel.set_yscale("log")
        panel.yaxis.set_major_locator(LogLocator(subs=marks))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.yaxis.set_minor_locator(NullLocator())


def _label(figure, panels):
    """Add axis labels (y labels only in the first column), ticks at epochs and the legend."""
    for index, (upper, lower) in enumerate(panels):
        first = index % ACROSS == 0
        upper.set_ylabel("Loss" if first else "")
        lower.set_ylabel("Validation UAR (%)" if first else "")
        lower.set_xlabel("Epoch")
        upper.tick_params(labelbottom=False, labelleft=first)
        lower.tick_params(labelleft=first)
        lower.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=(1, 2, 5, 10)))
    last = panels[-1][1]
    last.margins(y=0.2)  # room for the value at the best epoch
    last.autoscale_view()
    figure.align_ylabels()
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=4, handlelength=2.8)

"""Learning curves: losses, prediction errors and validation UAR by epoch, for each fold."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from emospeech.report.dataframes import LOSSES, is_best_epoch, losses_of, require
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
    legend_entries,
    report_style,
)
from emospeech.runtime.errors import InputError

LINES = {
    "generator": (ORANGE, (0, (1, 1))),
    "discriminator": (VERMILLION, (0, (5, 1.5))),
    "valence": (BLUE, "-"),
    "emotion": (INK, "-"),
    "dominance": (BLUE, (0, (5, 1))),
    "activation": (GREEN, (0, (4, 1.2, 1, 1.2))),
    "apc": (ORANGE, "-"),
    "repetition": (ORANGE, (0, (1, 1))),
    "validation_apc": (INK, "-"),
    "validation_repetition": (INK, (0, (1, 1))),
}
# The errors of predicted frames and of repeating the last known one. They are much smaller than the
# other losses, and have panels of their own.
ERRORS = ("apc", "repetition", "validation_apc", "validation_repetition")
ACROSS = 5  # folds side by side; more folds continue on the next line
FEW = 3  # up to this many epochs are also drawn as points, since a single one has no line
WIDE_RANGE = 20  # ratio of losses above which the axis is logarithmic
WIDER_RANGE = 200  # ratio above which there is no room for ticks at 2 and 5


def plot_data(histories: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return the table of the figure: a row per fold and epoch.

    Args:
        histories: The table histories.csv.
        model: The model.

    Returns:
        The columns `fold`, `epoch`, the losses of the model's family, the errors on the validation
        speakers if the model predicts frames, `validation_uar`, and `best`, which marks the first
        epoch with the highest validation UAR.
    """
    name = f"history of {model}"
    require(histories, ("fold", "epoch", "validation_uar"), name)
    losses = [name for name in histories if name in LOSSES]
    held_out = [error for error in ERRORS if error in histories and error not in losses]
    columns = ["fold", "epoch", *losses, *held_out, "validation_uar"]
    table = histories.reindex(columns=columns)
    table = table.sort_values(["fold", "epoch"], ignore_index=True)
    scores = table.pivot(index="epoch", columns="fold", values="validation_uar")
    unknown = scores.columns[scores.isna().all()]
    if len(unknown):
        raise InputError(f"{name}, fold {unknown[0]}", "validation_uar is missing in all epochs")
    return table.assign(best=is_best_epoch(table))


@report_style()
def draw_learning(table: pd.DataFrame, model: str) -> Figure:
    """Return the figure of `plot_data`: losses above, validation UAR below.

    For a model that predicts frames, the errors are in between. The epoch whose weights are kept is
    marked. All folds have the same axes; the loss axis is logarithmic if losses span a wide range.
    """
    folds = list(table.groupby("fold"))
    losses = [name for name in losses_of(table) if name not in ERRORS]
    errors = [name for name in ERRORS if name in table and table[name].notna().any()]
    lines = [losses, errors] if errors else [losses]
    figure = blank(PAGE_WIDTH, 0.55 + 1.175 * (len(lines) + 1) * -(-len(folds) // ACROSS))
    add_title(figure, model)
    panels = _grid(figure, len(folds), len(lines) + 1)
    for (fold, history), column in zip(folds, panels, strict=True):
        _draw_fold(column, history, lines)
        column[0].set_title(f"Fold {fold}", loc="left")
    _scale([upper for upper, *_ in panels], table[losses].to_numpy())
    _label(figure, panels)
    return figure


def _grid(figure, n_folds, high):
    """Return `high` panels per fold, one below the other, with shared axes: (folds, high)."""
    grid = figure.subplots(high * -(-n_folds // ACROSS), min(n_folds, ACROSS), squeeze=False)
    columns = grid.reshape(-1, high, grid.shape[1]).swapaxes(1, 2).reshape(-1, high)
    for panel in columns[n_folds:].flat:
        panel.set_visible(False)
    for column in columns[:n_folds]:
        for panel, first in zip(column, grid[:, 0], strict=False):
            panel.sharex(grid[0, 0])
            panel.sharey(first)
    return columns[:n_folds]


def _draw_fold(panels, history, lines):
    """Draw the columns `lines` of each of the upper panels, and the validation UAR in the last."""
    *uppers, lower = panels
    best = history[history["best"]].iloc[0]
    marks = {"marker": "o" if len(history) <= FEW else "", "markersize": 2}
    for upper, names in zip(uppers, lines, strict=True):
        for name in names:
            colour, dashes = LINES[name]
            label = name.replace("validation_", "validation ")
            line = {"color": colour, "linestyle": dashes, "label": label}
            upper.plot(history["epoch"], history[name], **line, **marks)
    lower.plot(history["epoch"], 100 * history["validation_uar"], color=BLUE, **marks)
    for panel in panels:
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
    names = ["Loss", "Mean abs. error"][: panels.shape[1] - 1]
    for index, (*uppers, lower) in enumerate(panels):
        first = index % ACROSS == 0
        for upper, name in zip(uppers, names, strict=True):
            upper.set_ylabel(name if first else "")
            upper.tick_params(labelbottom=False, labelleft=first)
        lower.set_ylabel("Validation UAR (%)" if first else "")
        lower.set_xlabel("Epoch")
        lower.tick_params(labelleft=first)
        lower.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=(1, 2, 5, 10)))
    last = panels[-1][-1]
    last.margins(y=0.2)  # room for the value at the best epoch
    last.autoscale_view()
    figure.align_ylabels()
    entries = legend_entries(panels[0])
    options = {"loc": "outside upper right", "ncols": 4, "handlelength": 2.8}
    figure.legend(entries.values(), entries.keys(), **options)

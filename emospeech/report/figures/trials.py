"""Validation UAR of all search trials, by hyperparameter."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from emospeech.models.catalogue import MODELS
from emospeech.report.dataframes import in_order, require
from emospeech.report.figures.style import (
    BLUE,
    INK,
    PAGE_WIDTH,
    VERMILLION,
    blank,
    legend_entries,
    report_style,
)
from emospeech.report.formats import plain
from emospeech.report.paper_tables import (
    PARAMETER_NAMES,
    group_models_by_parameters,
    varied_parameters,
)
from emospeech.runtime.errors import InputError

UNITS = {"crop_width": " (frames)", "filter_size": " (cells)", "batch_size": " (crops)"}
MOST_TICKS = 4  # on a parameter axis
MARGIN = 0.1  # below and above the trials, relative to their range
CROWDED = 30  # number of trials above which dots are more transparent
GROUP_GAP = 0.4  # inches between groups of models with different hyperparameters
MEAN = 0.28  # half the width of a mean line, in value steps


def plot_data(trials: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the table of the figure: a row per parameter of each trial.

    Args:
        trials: The trials.csv of each model.

    Returns:
        The columns `model, trial, parameter, value, validation_uar, chosen`, and `rung` after
        successive halving; the validation UAR is the mean over the folds.
    """
    if not trials:
        raise InputError("trials", "no model was trained. Add one to models.names.")
    parts = []
    for model in in_order(trials):
        names = ["trial", "validation_uar", "chosen"]
        names += ["rung"] if "rung" in trials[model] else []
        parameters = list(MODELS[model].family.parameters)
        require(trials[model], (*names, *parameters), f"trials of {model}")
        part = trials[model].melt(names, parameters, "parameter", "value")
        parts.append(part.assign(model=model))
    columns = ["model", "trial", "parameter", "value", "validation_uar", "chosen"]
    table = pd.concat(parts, ignore_index=True)
    return table.loc[:, [*columns, *(["rung"] if "rung" in table else [])]]


@report_style()
def draw_trials(table: pd.DataFrame) -> Figure:
    """Return the figure of `plot_data`: a row per model, a panel per varied parameter.

    Models with the same parameters share the axes of each. If only one of their parameters is
    varied, their panels are in one row. Parameter values are sorted and equally spaced. Dots are
    trials, diamonds are chosen trials, and short lines are means of two or more trials with the
    same value. After successive halving, the trials of lower rungs are circles, and there are no
    means, because the numbers of epochs differ.
    """
    groups = [table[table["model"].isin(models)] for models in group_models_by_parameters(table)]
    heights = [_grid_shape(group)[0] + GROUP_GAP for group in groups]  # one inch per row of panels
    figure = blank(PAGE_WIDTH, 0.65 - GROUP_GAP + sum(heights))
    subfigures = [figure]
    if len(groups) > 1:
        subfigures = figure.subfigures(len(groups), squeeze=False, height_ratios=heights)[:, 0]
    grids = [_draw_group(*pair) for pair in zip(subfigures, groups, strict=True)]
    limits = np.array([grid[0, 0].get_ylim() for grid in grids])
    low, high = limits.min(), limits.max()
    if len(groups) > 1:  # the margins of a group can be too small for the common axis
        low, high = low - MARGIN * (high - low), high + MARGIN * (high - low)
    for panel in (panel for grid in grids for panel in grid[:, 0]):
        panel.set_ylim(low, high)
        panel.set_ylabel("Validation\nUAR (%)")
        panel.yaxis.set_major_locator(MaxNLocator(4, steps=(1, 2, 5, 10)))
    entries = legend_entries(panel for grid in grids for panel in grid.flat)
    figure.legend(entries.values(), entries.keys(), loc="outside upper center", ncols=3)
    return figure


def _grid_shape(group):
    """Return the numbers of rows and columns of the panels of models with the same parameters."""
    models, parameters = group["model"].nunique(), len(varied_parameters(group))
    return (1, models) if parameters == 1 else (models, parameters)


def _draw_group(figure, table):
    """Draw models with the same parameters, and return their grid of panels."""
    models, parameters = in_order(table["model"].unique()), varied_parameters(table)
    side_by_side = len(parameters) == 1
    shared = "all" if side_by_side else "col"
    grid = figure.subplots(*_grid_shape(table), squeeze=False, sharex=shared, sharey=True)
    panels = grid.T if side_by_side else grid  # (models, parameters)
    for parameter, column in zip(parameters, panels.T, strict=True):
        rows = table.loc[table["parameter"] == parameter]
        values = np.sort(rows["value"].unique())
        for model, panel in zip(models, column, strict=True):
            _draw_panel(panel, rows[rows["model"] == model], values)
        _label_values(column[-1], values)
        for panel in column if side_by_side else column[-1:]:
            panel.set_xlabel(PARAMETER_NAMES[parameter] + UNITS.get(parameter, ""))
    for model, panel in zip(models, panels[:, 0], strict=True):
        panel.set_title(model, loc="left")
    return grid


def _draw_panel(panel, trials, values):
    positions = pd.Series(np.searchsorted(values, trials["value"]), trials.index)
    scores = 100 * trials["validation_uar"]
    groups = scores.groupby(positions)
    means = groups.mean()[groups.size() > 1]
    stopped = pd.Series(False, trials.index)
    if "rung" in trials:
        means, stopped = means[:0], trials["rung"] < trials["rung"].max()
    dots = {"marker": "o", "markersize": 3.2, "markeredgewidth": 0, "linestyle": "none"}
    alpha = 0.4 if len(trials) > CROWDED else 0.85
    panel.plot(
        positions[~stopped], scores[~stopped], color=BLUE, alpha=alpha, label="trial", **dots
    )
    if stopped.any():
        dots |= {"markerfacecolor": "none", "markeredgewidth": 0.7, "label": "stopped trial"}
        panel.plot(positions[stopped], scores[stopped], color=BLUE, **dots)
    line = {"color": INK, "linewidth": 1.2, "label": "mean of a value"}
    if len(means):
        panel.hlines(means, means.index - MEAN, means.index + MEAN, **line)
    best = {"marker": "D", "markersize": 4.5, "markerfacecolor": "none", "linestyle": "none"}
    best |= {"markeredgecolor": VERMILLION, "label": "chosen"}
    chosen = trials["chosen"].astype(bool)
    panel.plot(positions[chosen], scores[chosen], **best)
    panel.grid(axis="y")
    panel.margins(y=MARGIN)


def _label_values(panel, values):
    """Label the values on the axis, at most MOST_TICKS of them, and add margins."""
    step = -(-len(values) // MOST_TICKS)
    panel.set_xticks(range(0, len(values), step), [plain(float(v)) for v in values[::step]])
    panel.set_xlim(-0.6, len(values) - 0.4)

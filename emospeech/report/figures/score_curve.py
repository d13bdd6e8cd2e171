"""Scores of the windows of a long recording over time."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from emospeech.evaluation.predictions import column_names, expected_column
from emospeech.evaluation.scoring import DEVIATION
from emospeech.labels import Task
from emospeech.report.figures.style import (
    BLUE,
    FAINT,
    PAGE_WIDTH,
    add_title,
    blank,
    report_style,
)

MOSTLY_SPEECH = 0.5  # share of a window; windows with less are grey
MINUTES = 180  # seconds from which on the axis is in minutes


@report_style()
def draw_curve(table: pd.DataFrame, title: str, tasks: Sequence[Task]) -> Figure:
    """Return the figure: a panel for each task with its scores over time.

    A scale has the expected value; the band is one standard deviation over the networks to either
    side. The emotion has a line for the probability of each class. Windows with little speech are
    grey.

    Args:
        table: The columns of `Ensemble.columns`, for windows.
        title: The title, such as the name of the file.
        tasks: The tasks of the networks.
    """
    figure = blank(PAGE_WIDTH, 0.5 + 1.5 * len(tasks))
    add_title(figure, title)
    panels = figure.subplots(len(tasks), squeeze=False, sharex=True)[:, 0]
    unit, unit_name = (60, "min") if table["end"].iloc[-1] >= MINUTES else (1, "s")
    edges = np.append(table["start"], table["end"].iloc[-1]) / unit
    pauses = table["speech"] < MOSTLY_SPEECH
    for panel, task in zip(panels, tasks, strict=True):
        if task.is_scale:
            expected = expected_column(task)
            _draw_expected(panel, edges, table[expected], table.get(expected + DEVIATION))
        else:
            for column, name in zip(column_names(task), task.classes, strict=True):
                panel.step(edges, _to_end(table[column]), where="post", label=name)
            panel.legend()
        panel.set_ylim(panel.get_ylim())  # so that the shading does not change it
        across = panel.get_xaxis_transform()  # from bottom to top
        panel.stairs(pauses, edges, fill=True, color=FAINT, alpha=0.5, zorder=0, transform=across)
        panel.set(xlim=(edges[0], edges[-1]), ylabel=task.name.capitalize())
        panel.grid(axis="y")
    panels[-1].set_xlabel(f"Time ({unit_name})")
    return figure


def _draw_expected(panel, edges, values, deviation):
    panel.step(edges, _to_end(values), where="post", color=BLUE)
    if deviation is not None:
        band = [_to_end(values + sign * deviation) for sign in (-1, 1)]
        panel.fill_between(edges, *band, step="post", color=BLUE, alpha=0.25, linewidth=0)


def _to_end(values):
    """Repeat the last value, which makes it last until the end of its window."""
    return np.append(values, values.iloc[-1])

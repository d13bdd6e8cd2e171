"""Frames that an APC model predicts, next to the real ones and to repeating the last known one."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from emospeech.report.dataframes import mean_frame_errors
from emospeech.report.figures.style import (
    BLUE,
    LEVELS,
    PAGE_WIDTH,
    VERMILLION,
    add_title,
    blank,
    report_style,
)

NAMES = {"real": "Real", "predicted": "Predicted", "repeated": "Repeated"}
LINES = {"predicted": (BLUE, "-"), "repeated": (VERMILLION, (0, (4, 1.5)))}
FLOOR, TOP = -1, 1  # values of the input of a network


@report_style()
def draw_forecast(table: pd.DataFrame, model: str) -> Figure:
    """Return the figure of `training.predicted_frames.forecast_table`: a column per recording.

    Time runs to the right, frequency upwards; darker is louder. The panels below show the mean
    absolute error of each frame.
    """
    errors = mean_frame_errors(table)
    recordings = list(table["recording"].unique())
    figure = blank(PAGE_WIDTH, 4)
    add_title(figure, model)
    heights = [*[1] * len(NAMES), 1.1]
    grid = figure.subplots(len(heights), len(recordings), squeeze=False, height_ratios=heights)
    for recording, panels in zip(recordings, grid.T, strict=True):
        rows = table[table["recording"] == recording]
        for panel, (source, name) in zip(panels, NAMES.items(), strict=False):
            _draw_spectrogram(panel, rows[rows["source"] == source])
            panel.set_ylabel(name if panel in grid[:, 0] else "")
        panels[0].set_title(recording, loc="left")
        _draw_errors(panels[-1], errors.loc[recording])
        panels[-1].sharey(grid[-1, 0])
        panels[-1].tick_params(labelleft=panels[-1] is grid[-1, 0])
    grid[-1, 0].set_ylabel("Mean absolute error")
    grid[-1, 0].set_ylim(0, 1.05 * errors.to_numpy().max())
    figure.align_ylabels()
    handles, labels = grid[-1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2)
    return figure


def _draw_spectrogram(panel, rows):
    values = rows.sort_values("frame").filter(regex=r"^row_\d+$").to_numpy().T  # (rows, frames)
    first, last = rows["frame"].min(), rows["frame"].max()
    extent = (first - 0.5, last + 0.5, 0, len(values))
    look = {"origin": "lower", "aspect": "auto", "interpolation": "nearest", "cmap": LEVELS}
    panel.imshow(values, extent=extent, vmin=FLOOR, vmax=TOP, **look)
    panel.set(xticks=[], yticks=[])


def _draw_errors(panel, errors):
    for name, (colour, dashes) in LINES.items():
        line = {"color": colour, "linestyle": dashes, "label": name}
        panel.plot(errors.index, errors[name], **line)
    panel.set_xlim(errors.index.min() - 0.5, errors.index.max() + 0.5)
    panel.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    panel.set_xlabel("Frame")
    means = errors.mean()
    reduction = 100 * (1 - means["predicted"] / means["repeated"])
    text = f"{means['predicted']:.4f} and {means['repeated']:.4f}, {-reduction:+.1f} %"
    panel.set_title(text.replace("-", "\N{MINUS SIGN}"), loc="left", weight="normal")
    panel.grid(axis="y")

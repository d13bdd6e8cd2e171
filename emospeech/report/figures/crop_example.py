"""A recording with its words, and one crop of it."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from emospeech.report.dataframes import require
from emospeech.report.figures.style import INK, LEVELS, PAGE_WIDTH, VERMILLION, blank, report_style

COLUMNS = ("recording", "element", "start", "end", "low", "high", "level", "word")
MARKED = (250, 500, 1000, 2000, 4000, 8000)  # Hz, labelled if they are on the axis
PLOT_WIDTH = 5.6  # inches, both spectrograms together, approximately
LETTER = 0.065  # inches per letter
LINE = {"color": VERMILLION, "linewidth": 1.2}


@report_style()
def draw_example(table: pd.DataFrame) -> Figure:
    """Return the figure: the recording with its words on the left, the crop on the right.

    Both spectrograms have the same time scale. Rows are equally high, as in the network input;
    the axis gives their frequencies.

    Args:
        table: A row per rectangle (cell, crop, word), with COLUMNS.
    """
    require(table, COLUMNS, "the example")
    parts = dict(iter(table.groupby("element")))
    crop, centre = parts["crop"].iloc[0], parts["centre"]["start"].iloc[0]
    seconds = [np.ptp(parts[name][["start", "end"]].to_numpy()) for name in ("cell", "crop cell")]
    figure = blank(PAGE_WIDTH, 2.5)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=seconds)
    _draw_cells(left, parts["cell"])
    image = _draw_cells(right, parts["crop cell"])
    rows = _mark_frequencies(left, parts["cell"])
    left.plot(crop[["start", "end", "end", "start", "start"]], [0, 0, rows, rows, 0], **LINE)
    for panel in (left, right):
        panel.axvline(centre, linestyle=(0, (3, 2)), **LINE)
        panel.set_xlabel("Time (s)")
    if "word" in parts:
        _draw_words(left, parts["word"], PLOT_WIDTH / sum(seconds))
    right.set_title("Crop")
    right.xaxis.set_major_locator(MaxNLocator(3, steps=(1, 2, 5, 10)))
    figure.colorbar(image, ax=right, label="Level (dB)", pad=0.04, aspect=30)
    return figure


def _draw_cells(panel, cells):
    """Draw a spectrogram with rows of equal height, starting at 0."""
    levels = cells.pivot(index="low", columns="start", values="level").to_numpy()  # (rows, frames)
    extent = (cells["start"].min(), cells["end"].max(), 0, len(levels))
    look = {"origin": "lower", "aspect": "auto", "interpolation": "nearest", "cmap": LEVELS}
    panel.tick_params(labelleft=False)
    return panel.imshow(levels, extent=extent, vmin=levels.min(), vmax=0, **look)


def _mark_frequencies(panel, cells):
    """Label round frequencies on the axis, and return the number of rows."""
    edges = np.append(np.sort(cells["low"].unique()), cells["high"].max())
    marked = [frequency for frequency in MARKED if edges[0] <= frequency <= edges[-1]]
    positions = np.interp(marked, edges, np.arange(len(edges)))
    panel.set_yticks(positions, [f"{frequency / 1000:g}" for frequency in marked])
    panel.set_ylabel("Frequency (kHz)")
    panel.tick_params(labelleft=True)
    return len(edges) - 1


def _draw_words(panel, words, inches):
    """Draw the words above their times, slanted if one of them is too wide.

    A second is `inches` wide. Words without text are drawn as bars.
    """
    above = panel.get_xaxis_transform()  # x in seconds, y as a share of the height of the panel
    texts = words["word"].fillna("").astype(str)
    room = (words["end"] - words["start"]) * inches
    slanted = (texts.str.len() * LETTER > room).any()
    look = {"rotation": 40, "ha": "left"} if slanted else {"ha": "center"}
    for start, end, text in zip(words["start"], words["end"], texts, strict=True):
        bar = {"color": INK, "linewidth": 0.8, "marker": "|", "markersize": 4}
        panel.plot([start, end], [1.035] * 2, transform=above, clip_on=False, **bar)
        middle = (start + end) / 2
        panel.text(middle, 1.07, text, transform=above, va="bottom", fontsize=6, **look)

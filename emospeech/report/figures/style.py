"""The style of all figures: widths of the paper's columns, accessible colours, text as text."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLUMN_WIDTH = 3.39  # inches, one column of the paper
PAGE_WIDTH = 7.0  # inches, both columns

INK = "#1f2430"
SOFT = "#6b7280"
FAINT = "#d5d9e0"
# The hues of Okabe and Ito, darkened to a contrast of at least 3:1 on white; the text colours INK
# and SOFT have at least 4.5:1. Any two colours of a set have a contrast of at least 1.3:1 when
# printed in grey, and differ by at least 20 in CIELAB for colour-blind readers. Line styles and
# markers differ as well.
GREEN, BLUE, VERMILLION, ORANGE = "#00553d", "#0081b3", "#b53b00", "#d87700"
# From very negative to very positive, with increasing lightness and neutral in the middle.
CLASS_COLOURS = ("#2a0a68", "#0a44a9", "#5e5c71", "#a95e2c", "#b78e00")
# Points with their intervals, for errorbar().
INTERVAL = {"color": BLUE, "markersize": 3.5, "elinewidth": 1.1, "capsize": 2}
LEVELS = "Greys"  # of spectrograms: darker is louder, and coloured lines are visible on it

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # included in matplotlib, so the same everywhere
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 6,
    "axes.labelsize": 7,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 6.5,
    "lines.linewidth": 1.1,
    "figure.dpi": 100,
    "figure.titlesize": 8,
    "figure.titleweight": "bold",
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,  # TrueType: text stays text, as journals require
    "pdf.use14corefonts": False,
    "axes.unicode_minus": True,
}


@contextmanager
def report_style() -> Iterator[None]:
    """Use matplotlib's defaults with SETTINGS, independent of the user's configuration."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        yield


def blank(width: float, height: float) -> Figure:
    """Return an empty figure of `width` by `height` inches, without a window."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def add_title(figure: Figure, text: str) -> None:
    """Write a title at the top left of a figure, in line with a legend at its upper right."""
    figure.suptitle(text, x=0.005, horizontalalignment="left")


def legend_entries(panels: Iterable[Axes]) -> dict[str, Artist]:
    """Return {label: handle} of all series in `panels`."""
    handles: dict[str, Artist] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    return handles


def panel_grid(figure: Figure, n_panels: int, across: int, **options: Any) -> np.ndarray:
    """Return a grid of panels with at most `across` in a row; superfluous ones are hidden."""
    grid = figure.subplots(-(-n_panels // across), min(n_panels, across), squeeze=False, **options)
    for panel in grid.flat[n_panels:]:
        panel.set_visible(False)
    return grid

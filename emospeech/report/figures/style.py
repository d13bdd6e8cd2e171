"""One look for all figures: the paper's widths, colours safe for colour-blind readers and in grey,
fonts that stay text in the PDF."""

from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLUMN_WIDTH = 3.39  # inches, one column of the paper
PAGE_WIDTH = 7.0  # inches, both columns

INK = "#1f2430"
SOFT = "#6b7280"
FAINT = "#d5d9e0"
# From the palette of Okabe and Ito, the green darker and the orange a little lighter: in grey each
# differs from the others by a third in luminance, for the colour-blind by 20 in CIELAB. Lines and
# marks differ by dashes and shape as well.
GREEN, BLUE, VERMILLION, ORANGE = "#00553d", "#0072b2", "#d55e00", "#eba500"
LEVELS = "Greys"  # of spectrograms: loud is dark, and coloured lines stand out

SETTINGS = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so it is the same everywhere
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
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,  # TrueType: text stays text, and journals accept it
    "pdf.use14corefonts": False,
    "axes.unicode_minus": True,
}


@contextmanager
def report_style():
    """matplotlib's defaults with the settings above, whatever the user's own file says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        yield


def blank(width, height):
    """A figure of `width` by `height` inches that belongs to no window and needs no screen."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure

"""Spectrograms from a generator during training, next to crops of real audio."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from emospeech.report.dataframes import require
from emospeech.report.figures.style import (
    LEVELS,
    PAGE_WIDTH,
    SOFT,
    add_title,
    blank,
    report_style,
)

HIGHEST = 255  # level; 0 is the floor
TALLEST = 8.5  # inches, all rows together
GAP = 0.35  # between generated and real spectrograms, relative to their width
MARGIN = 0.55  # inches, for the epoch labels


def spectrograms(table: pd.DataFrame, source: str) -> np.ndarray:
    """Return the spectrograms of a source, of shape (epochs, spectrograms, rows, frames).

    Args:
        table: The columns `epoch, source, sample, frame` and `row_1`, `row_2`, ...
        source: "generated" or "real".
    """
    part = table.loc[table["source"] == source].sort_values(["epoch", "sample", "frame"])
    levels = part.filter(regex=r"^row_\d+$").to_numpy()
    shape = (part["epoch"].nunique(), part["sample"].nunique(), -1, levels.shape[1])
    return np.swapaxes(levels.reshape(shape), 2, 3)


@report_style()
def draw_generated(table: pd.DataFrame, model: str) -> Figure:
    """Return the figure, with a row per epoch.

    Left: spectrograms of fixed latent vectors, one per column. Right: crops of real audio. Time
    runs to the right, frequency upwards; darker is louder.
    """
    require(table, ("epoch", "source", "sample", "frame", "row_1"), "generated spectrograms")
    generated, real = (spectrograms(table, source) for source in ("generated", "real"))
    epochs = sorted(table["epoch"].unique())
    sizes = [generated.shape[1], real.shape[1]]
    tall = generated.shape[2] / generated.shape[3]
    height = tall * len(epochs) * (PAGE_WIDTH - MARGIN) / (sum(sizes) + GAP)
    figure = blank(PAGE_WIDTH, 0.5 + min(height, TALLEST))
    add_title(figure, model)
    widths = [1] * sizes[0] + [GAP] + [1] * sizes[1]
    grid = figure.subplots(len(epochs), len(widths), squeeze=False, width_ratios=widths)
    # The rectangle keeps titles away from the edge.
    spacing = {"w_pad": 0.01, "h_pad": 0.025, "wspace": 0, "hspace": 0}
    figure.set_layout_engine("constrained", rect=(0.01, 0.01, 0.98, 0.98), **spacing)
    for epoch, panels, *row in zip(epochs, grid, generated, real, strict=True):
        panels[sizes[0]].set_visible(False)
        panels[0].set_ylabel(f"Epoch {epoch}")
        shown = np.delete(panels, sizes[0])
        for panel, spectrogram in zip(shown, np.concatenate(row), strict=True):
            _draw_spectrogram(panel, spectrogram)
    grid[0, 0].set_title("Generated", loc="left")
    grid[0, sizes[0] + 1].set_title("Real", loc="left")
    return figure


def _draw_spectrogram(panel, spectrogram):
    look = {"origin": "lower", "interpolation": "nearest", "aspect": "equal", "cmap": LEVELS}
    panel.imshow(spectrogram, vmin=0, vmax=HIGHEST, **look)
    panel.set(xticks=[], yticks=[])
    for spine in panel.spines.values():
        spine.set(visible=True, color=SOFT, linewidth=0.4)

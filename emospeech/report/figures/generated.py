"""Spectrograms by a generator during training, next to crops of real audio."""

import numpy as np

from emospeech.report.figures.style import LEVELS, PAGE_WIDTH, SOFT, blank, report_style
from emospeech.report.frames import require

HIGHEST = 255  # level; 0 is the floor
TALLEST = 8.5  # inches, all rows together
GAP = 0.35  # between generated and real spectrograms, relative to their width
MARGIN = 0.55  # inches, for the epoch labels


def spectrograms(table, source):
    """Return the spectrograms of a source and their epochs.

    Args:
        table: The columns `epoch, source, picture, frame` and `row_1`, `row_2`, ...
        source: "generated" or "real".

    Returns:
        An array of shape (epochs, spectrograms, rows, frames), and the epochs.
    """
    part = table[table["source"] == source].sort_values(["epoch", "picture", "frame"])
    epochs = part["epoch"].unique()
    levels = part.filter(regex=r"^row_\d+$").to_numpy()
    shape = (len(epochs), part["picture"].nunique(), -1, levels.shape[1])
    return np.swapaxes(levels.reshape(shape), 2, 3), epochs


def draw_generated(table):
    """Return the figure, with a row per epoch.

    Left: spectrograms of fixed latent vectors, one per column. Right: crops of real audio. Time
    runs to the right, frequency upwards; darker is louder.
    """
    require(table, ("epoch", "source", "picture", "frame", "row_1"), "generated pictures")
    (drawn, epochs), (real, _) = (spectrograms(table, kind) for kind in ("generated", "real"))
    sizes = [drawn.shape[1], real.shape[1]]
    tall = drawn.shape[2] / drawn.shape[3]
    height = tall * len(epochs) * (PAGE_WIDTH - MARGIN) / (sum(sizes) + GAP)
    with report_style():
        figure = blank(PAGE_WIDTH, 0.3 + min(height, TALLEST))
        widths = [1] * sizes[0] + [GAP] + [1] * sizes[1]
        grid = figure.subplots(len(epochs), len(widths), squeeze=False, width_ratios=widths)
        inside = {"rect": (0.01, 0.01, 0.98, 0.98)}  # keeps titles away from the edge
        figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0, **inside)
        for epoch, panels, own, beside in zip(epochs, grid, drawn, real, strict=True):
            panels[sizes[0]].set_visible(False)
            shown = [*panels[: sizes[0]], *panels[sizes[0] + 1 :]]
            for panel, picture in zip(shown, [*own, *beside], strict=True):
                _draw_picture(panel, picture)
            panels[0].set_ylabel(f"Epoch {epoch}")
        grid[0, 0].set_title("Generated", loc="left")
        grid[0, sizes[0] + 1].set_title("Real", loc="left")
    return figure


def _draw_picture(panel, picture):
    look = {"origin": "lower", "interpolation": "nearest", "aspect": "equal", "cmap": LEVELS}
    panel.imshow(picture, vmin=0, vmax=HIGHEST, **look)
    panel.set(xticks=[], yticks=[])
    for spine in panel.spines.values():
        spine.set(visible=True, color=SOFT, linewidth=0.4)

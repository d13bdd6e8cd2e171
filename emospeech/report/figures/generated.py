"""Figure of what a generator draws as it learns, beside crops of real audio."""

import numpy as np

from emospeech.report.figures.style import LEVELS, PAGE_WIDTH, SOFT, blank, report_style
from emospeech.report.frames import require

HIGHEST = 255  # level of a picture; 0 is the floor
TALLEST = 8.5  # inches of all pictures together
GAP = 0.35  # between generated and real pictures, in their width
MARGIN = 0.55  # inches, for the numbers of the epochs


def pictures(table, source):
    """The pictures of a source by epoch, an array (epochs, pictures, rows, frames), and the epochs.

    `table` has the columns `epoch, source, picture, frame` and `row_1` upward.
    """
    part = table[table["source"] == source].sort_values(["epoch", "picture", "frame"])
    epochs = part["epoch"].unique()
    levels = part.filter(regex=r"^row_\d+$").to_numpy()
    shape = (len(epochs), part["picture"].nunique(), -1, levels.shape[1])
    return np.swapaxes(levels.reshape(shape), 2, 3), epochs


def draw_generated(table):
    """A Figure with a line an epoch: on the left the pictures of the same latent vectors, which
    stand below each other, on the right crops of real audio. Time runs to the right, frequency up;
    loud is dark."""
    require(table, ("epoch", "source", "picture", "frame", "row_1"), "generated pictures")
    (drawn, epochs), (real, _) = pictures(table, "generated"), pictures(table, "real")
    sizes = [drawn.shape[1], real.shape[1]]
    tall = drawn.shape[2] / drawn.shape[3]
    height = tall * len(epochs) * (PAGE_WIDTH - MARGIN) / (sum(sizes) + GAP)
    with report_style():
        figure = blank(PAGE_WIDTH, 0.3 + min(height, TALLEST))
        widths = [1] * sizes[0] + [GAP] + [1] * sizes[1]
        grid = figure.subplots(len(epochs), len(widths), squeeze=False, width_ratios=widths)
        inside = {"rect": (0.01, 0.01, 0.98, 0.98)}  # so that titles keep clear of the edge
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

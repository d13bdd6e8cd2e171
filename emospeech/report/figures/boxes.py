"""Boxes, arrows and texts of the figures of architectures, with positions and sizes in inches."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from emospeech.report.figures.style import BLUE, FAINT, INK, ORANGE, PAGE_WIDTH, SOFT, blank

# The size of a box grows with the logarithm of the number it represents.
FIRST, STEP = 0.42, 0.875  # centre of the first box, distance between boxes
TALL, WIDE, THIN = 0.62, 0.42, 0.1  # feature map of full height and width; a vector
SHEET = 0.025  # offset between the sheets of a feature map
ABOVE, BELOW = 0.1, 0.06  # distance of texts from a row of boxes
TIMES = "\N{MULTIPLICATION SIGN}"
COLOURS = {"trunk": ("#d3e5f2", BLUE), "generator": ("#fbe6c2", ORANGE), "vector": (FAINT, SOFT)}


@dataclass(frozen=True)
class Box:
    """A feature map or vector between two layers: its centre and shape."""

    x: float
    y: float
    shape: tuple[int, ...]

    @property
    def size(self) -> tuple[float, float]:
        """Return width and height."""
        if len(self.shape) == 1:
            return THIN, _size(self.shape[0], 2**15, TALL)
        return _size(self.shape[1], 128, WIDE), _size(self.shape[2], 128, TALL)


def canvas(height: float) -> tuple[Figure, Axes]:
    """Return a figure of the width of a page, and its panel, whose coordinates are inches."""
    figure = blank(PAGE_WIDTH, height)
    figure.set_layout_engine("none")
    panel = figure.add_axes((0, 0, 1, 1), xlim=(0, PAGE_WIDTH), ylim=(0, height))
    panel.set_axis_off()
    return figure, panel


def shape_of(text: str) -> tuple[int, ...]:
    """Return a shape of the table of the figure, such as "8x32x64"."""
    return tuple(map(int, text.split("x")))


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape as it is written in the figure."""
    return TIMES.join(map(str, shape))


def draw_row(panel: Axes, boxes: Sequence[Box], names: Sequence[str], part: str) -> None:
    """Draw the boxes of a row with their shapes, and named arrows between them."""
    for box in boxes:
        draw_box(panel, box, part if len(box.shape) > 1 else "vector")
        bottom = box.y - TALL / 2 - BELOW
        panel.text(box.x, bottom, shape_text(box.shape), ha="center", va="top", fontsize=6)
    for (before, after), name in zip(pairwise(boxes), names, strict=True):
        start, end = before.x + before.size[0] / 2, after.x - after.size[0] / 2
        draw_arrow(panel, (start, before.y), (end, after.y))
        middle, top = (before.x + after.x) / 2, before.y + TALL / 2 + ABOVE
        panel.text(middle, top, name, ha="center", va="bottom", fontsize=5.5, color=SOFT)


def draw_box(panel: Axes, box: Box, part: str) -> None:
    """Draw a feature map as several sheets, and a crop or a vector as one sheet."""
    for sheet in range(1 if len(box.shape) == 1 or box.shape[0] == 1 else 3)[::-1]:
        shift = SHEET * sheet
        draw_rectangle(panel, (box.x + shift, box.y + shift), box.size, part)


def draw_rectangle(
    panel: Axes, centre: tuple[float, float], size: tuple[float, float], part: str
) -> None:
    """Draw a rectangle in the colours of a part, a key of COLOURS."""
    (x, y), (width, height), (fill, edge) = centre, size, COLOURS[part]
    look = {"facecolor": fill, "edgecolor": edge, "linewidth": 0.8}
    panel.add_patch(Rectangle((x - width / 2, y - height / 2), width, height, **look))


def draw_heads(panel: Axes, shared: Box, heads: pd.DataFrame) -> None:
    """Draw the heads of the tasks to the right of the shared layer."""
    for index, (layer, outputs) in enumerate(zip(heads["layer"], heads["outputs"], strict=True)):
        y = shared.y + 0.62 * ((len(heads) - 1) / 2 - index)
        draw_head(panel, shared, Box(shared.x + STEP, y, shape_of(outputs)), layer.split(".")[-1])


def draw_head(panel: Axes, before: Box, box: Box, name: str) -> None:
    """Draw a head with its name, and the arrow to it."""
    draw_box(panel, box, "vector")
    width, height = box.size
    draw_arrow(panel, (before.x + THIN / 2, before.y), (box.x - width / 2, box.y))
    text = f"{name}\n{box.shape[0]}"
    panel.text(box.x, box.y - height / 2 - 0.04, text, ha="center", va="top", fontsize=6)


def draw_arrow(
    panel: Axes, start: tuple[float, float], end: tuple[float, float], gap: float = 4
) -> None:
    """Draw an arrow that begins `gap` points after `start`."""
    look = {"arrowstyle": "-|>", "mutation_scale": 6, "color": SOFT, "linewidth": 0.8}
    panel.add_patch(FancyArrowPatch(start, end, shrinkA=gap, shrinkB=2, **look))


def name_row(panel: Axes, y: float, name: str, layers: pd.DataFrame) -> None:
    """Write the name and the number of parameters of a row."""
    text = f"{name}: {layers['parameters'].sum():,} parameters"
    panel.text(FIRST - WIDE / 2, y, text, weight="bold", fontsize=7, color=INK)


def _size(number, most, largest):
    """Return a size that grows with log(number).

    It is largest / 4 for 1, and `largest` for `most` or more.
    """
    return largest * min(1, (1 + 3 * log2(number) / log2(most)) / 4)

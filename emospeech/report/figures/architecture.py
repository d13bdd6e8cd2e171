"""Architecture of a model, as in Fig. 1 of the paper, with the shapes that were trained."""

from dataclasses import dataclass
from itertools import pairwise
from math import log2

import pandas as pd
from matplotlib.patches import FancyArrowPatch, Rectangle

from emospeech.report.figures.style import (
    BLUE,
    FAINT,
    INK,
    ORANGE,
    PAGE_WIDTH,
    SOFT,
    blank,
    report_style,
)
from emospeech.report.frames import require

COLUMNS = ["part", "layer", "operation", "filter_size", "inputs", "outputs", "parameters"]
# In inches. The size of a box grows with the logarithm of the number it represents.
FIRST, STEP = 0.42, 0.875  # centre of the first box, distance between boxes
TRUNK, GENERATOR, HEIGHT = 1.1, 2.75, 3.8  # centres of the rows, total height
LOW = 1.85  # total height without a generator
TALL, WIDE, THIN = 0.62, 0.42, 0.1  # feature map of full height and width; a vector
SHEET = 0.025  # offset between the sheets of a feature map
ABOVE, BELOW = 0.1, 0.06  # distance of texts from a row of boxes
TIMES = "\N{MULTIPLICATION SIGN}"
COLOURS = {"trunk": ("#d3e5f2", BLUE), "generator": ("#fbe6c2", ORANGE), "vector": (FAINT, SOFT)}


def points(layers):
    """Return the table of the figure: a row per layer in the order of the forward pass.

    Args:
        layers: The layers of `models.outline.outline`.

    Returns:
        A table with COLUMNS; shapes are text such as "8x32x64" (filters, frames, rows).
    """
    table = pd.DataFrame(layers)
    require(table, COLUMNS, "the outline")
    for name in ("inputs", "outputs"):
        table[name] = table[name].map(lambda shape: "x".join(map(str, shape)))
    return table.astype({"filter_size": "Int64"})[COLUMNS]


@dataclass(frozen=True)
class Box:
    """A feature map or vector between two layers: its centre and shape."""

    x: float
    y: float
    shape: tuple

    @property
    def size(self):
        """Return width and height."""
        if len(self.shape) == 1:
            return THIN, _size(self.shape[0], 2**15, TALL)
        return _size(self.shape[1], 128, WIDE), _size(self.shape[2], 128, TALL)


def draw_outline(table):
    """Return the figure of the table of `points`.

    The trunk and its heads are at the bottom, the generator (if any) at the top. Boxes are feature
    maps and vectors with their shapes; arrows are layers.
    """
    parts = dict(iter(table.groupby("part", sort=False)))
    height = HEIGHT if "generator" in parts else LOW
    with report_style():
        figure = blank(PAGE_WIDTH, height)
        figure.set_layout_engine("none")  # all positions are in inches
        panel = figure.add_axes((0, 0, 1, 1), xlim=(0, PAGE_WIDTH), ylim=(0, height))
        panel.set_axis_off()
        crop = _draw_network(panel, parts)
        if "generator" in parts:
            _draw_generator(panel, parts["generator"], crop)
    return figure


def _draw_network(panel, parts):
    """Draw trunk, shared layer and heads, and return the box of the crop."""
    trunk = _boxes_of(parts["trunk"], TRUNK)
    x = trunk[-1].x + STEP
    flat, shared = (
        Box(x + place * STEP, TRUNK, _shape(parts["shared"][name].iloc[0]))
        for place, name in enumerate(("inputs", "outputs"))
    )
    _draw_row(
        panel, [*trunk, flat, shared], [*_names(parts["trunk"]), "flatten", "linear"], "trunk"
    )
    heads = parts["head"]
    for place, (layer, outputs) in enumerate(zip(heads["layer"], heads["outputs"], strict=True)):
        y = TRUNK + 0.62 * ((len(heads) - 1) / 2 - place)
        _draw_head(panel, shared, Box(shared.x + STEP, y, _shape(outputs)), layer.split(".")[-1])
    if "real/fake" in parts:
        outputs = _shape(parts["real/fake"]["outputs"].iloc[0])
        _draw_head(panel, flat, Box(flat.x + STEP, TRUNK - 0.72, outputs), "real or fake")
    panel.text(trunk[0].x, TRUNK - TALL / 2 - 0.24, "real crop", ha="center", fontsize=6)
    network = pd.concat([rows for part, rows in parts.items() if part != "generator"])
    _name_row(panel, 0.22, "Trunk and heads", network)
    return trunk[0]


def _draw_generator(panel, layers, crop):
    """Draw the generator, and the arrow from its output to the crop of the trunk."""
    pictures = _boxes_of(layers, GENERATOR, FIRST + STEP)
    latent = Box(FIRST, GENERATOR, _shape(layers["inputs"].iloc[0]))
    _draw_row(panel, [latent, *pictures], _names(layers), "generator")
    panel.text(latent.x, GENERATOR - TALL / 2 - 0.24, "latent", ha="center", fontsize=6)
    _name_row(panel, HEIGHT - 0.2, "Generator", layers)
    made, middle = pictures[-1], (TRUNK + GENERATOR) / 2 + 0.13
    right = made.x + WIDE
    way = [(made.x + made.size[0] / 2 + 0.06, made.y), (right, made.y), (right, middle)]
    panel.plot(*zip(*way, (crop.x, middle), strict=True), color=SOFT, linewidth=0.8)
    _draw_arrow(panel, (crop.x, middle), (crop.x, crop.y + crop.size[1] / 2), gap=0)
    panel.text(right - 0.08, middle + 0.05, "generated crop", ha="right", fontsize=6)


def _boxes_of(layers, y, x=FIRST):
    """Return the boxes before, between and after the convolutions of `layers`."""
    passed = layers[layers["operation"].str.endswith("convolution")]
    shapes = [passed["inputs"].iloc[0], *passed["outputs"]]
    return [Box(x + place * STEP, y, _shape(shape)) for place, shape in enumerate(shapes)]


def _names(layers):
    """Return the text of each arrow: the layer, and the batch norm that follows it."""
    names = []
    for layer in layers.itertuples():
        if layer.operation == "batch norm" and names:
            names[-1] += "\nbatch norm"
        elif layer.operation != "batch norm":
            name = layer.operation.replace("transposed ", "transposed\n")
            if not pd.isna(layer.filter_size):
                name += f" {layer.filter_size:.0f}{TIMES}{layer.filter_size:.0f}"
            names.append(name)
    return names


def _draw_row(panel, boxes, names, part):
    for box in boxes:
        _draw_box(panel, box, part if len(box.shape) > 1 else "vector")
    for (before, behind), name in zip(pairwise(boxes), names, strict=True):
        start, end = before.x + before.size[0] / 2, behind.x - behind.size[0] / 2
        _draw_arrow(panel, (start, before.y), (end, behind.y))
        middle, top = (before.x + behind.x) / 2, before.y + TALL / 2 + ABOVE
        panel.text(middle, top, name, ha="center", va="bottom", fontsize=5.5, color=SOFT)


def _draw_box(panel, box, part):
    """Draw several sheets for a feature map with several filters, one for a crop or vector."""
    (width, height), (fill, edge) = box.size, COLOURS[part]
    sheets = 1 if len(box.shape) == 1 or box.shape[0] == 1 else 3
    for sheet in range(sheets)[::-1]:
        corner = box.x - width / 2 + SHEET * sheet, box.y - height / 2 + SHEET * sheet
        panel.add_patch(
            Rectangle(corner, width, height, facecolor=fill, edgecolor=edge, linewidth=0.8)
        )
    text = TIMES.join(map(str, box.shape))
    panel.text(box.x, box.y - TALL / 2 - BELOW, text, ha="center", va="top", fontsize=6)


def _draw_head(panel, before, box, name):
    """Draw a head with its name, and the arrow to it."""
    fill, edge = COLOURS["vector"]
    (width, height), left = box.size, box.x - box.size[0] / 2
    corner = left, box.y - height / 2
    panel.add_patch(Rectangle(corner, width, height, facecolor=fill, edgecolor=edge, linewidth=0.8))
    _draw_arrow(panel, (before.x + THIN / 2, before.y), (left, box.y))
    text = f"{name}\n{box.shape[0]}"
    panel.text(box.x, box.y - height / 2 - 0.04, text, ha="center", va="top", fontsize=6)


def _draw_arrow(panel, start, end, gap=4):
    look = {"arrowstyle": "-|>", "mutation_scale": 6, "color": SOFT, "linewidth": 0.8}
    panel.add_patch(FancyArrowPatch(start, end, shrinkA=gap, shrinkB=2, **look))


def _name_row(panel, y, name, layers):
    text = f"{name}: {layers['parameters'].sum():,} parameters"
    panel.text(FIRST - WIDE / 2, y, text, weight="bold", fontsize=7, color=INK)


def _shape(text):
    return tuple(map(int, text.split("x")))


def _size(number, most, largest):
    """Return a size in inches: a quarter of `largest` for 1, `largest` for `most` and above."""
    return largest * min(1, (1 + 3 * log2(number) / log2(most)) / 4)

"""Architecture of a model, as in Fig. 1 of the paper, with the shapes of the trained networks."""

from dataclasses import dataclass
from itertools import pairwise
from math import log2

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from emospeech.report.dataframes import require
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


def plot_data(layers: list[dict]) -> pd.DataFrame:
    """Return the table of the figure: a row per layer in the order of the forward pass.

    Args:
        layers: The layers of `models.outline.outline`.

    Returns:
        A table with COLUMNS; shapes are text such as "8x32x64" (filters, frames, rows).
    """
    table = pd.DataFrame(layers)
    require(table, COLUMNS, "outline")
    for name in ("inputs", "outputs"):
        table[name] = table[name].map(lambda shape: "x".join(map(str, shape)))
    return table.astype({"filter_size": "Int64"}).loc[:, COLUMNS]


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


@report_style()
def draw_outline(table: pd.DataFrame, model: str) -> Figure:
    """Return the figure of `plot_data`.

    The trunk and its heads are at the bottom, the generator (if any) at the top. Boxes are feature
    maps and vectors with their shapes; arrows are layers.
    """
    parts = {str(part): rows for part, rows in table.groupby("part", sort=False)}
    height = HEIGHT if "generator" in parts else LOW
    figure = blank(PAGE_WIDTH, height)
    figure.set_layout_engine("none")  # all positions are in inches
    panel = figure.add_axes((0, 0, 1, 1), xlim=(0, PAGE_WIDTH), ylim=(0, height))
    panel.set_axis_off()
    crop = _draw_network(panel, parts, model)
    if "generator" in parts:
        _draw_generator(panel, parts["generator"], crop, model)
    return figure


def _draw_network(panel, parts, model):
    """Draw trunk, shared layer and heads, and return the box of the crop."""
    trunk = _boxes_of(parts["trunk"], TRUNK)
    linear = parts["shared"].iloc[0]
    flat = Box(trunk[-1].x + STEP, TRUNK, _shape(linear["inputs"]))
    shared = Box(flat.x + STEP, TRUNK, _shape(linear["outputs"]))
    names = [*_names(parts["trunk"]), "flatten", "linear"]
    _draw_row(panel, [*trunk, flat, shared], names, "trunk")
    heads = parts["head"]
    for index, (layer, outputs) in enumerate(zip(heads["layer"], heads["outputs"], strict=True)):
        y = TRUNK + 0.62 * ((len(heads) - 1) / 2 - index)
        _draw_head(panel, shared, Box(shared.x + STEP, y, _shape(outputs)), layer.split(".")[-1])
    if "real/fake" in parts:
        outputs = _shape(parts["real/fake"]["outputs"].iloc[0])
        _draw_head(panel, flat, Box(flat.x + STEP, TRUNK - 0.72, outputs), "real or fake")
    panel.text(trunk[0].x, TRUNK - TALL / 2 - 0.24, "real crop", ha="center", fontsize=6)
    network = pd.concat([rows for part, rows in parts.items() if part != "generator"])
    _name_row(panel, 0.22, f"{model}, trunk and heads", network)
    return trunk[0]


def _draw_generator(panel, layers, crop, model):
    """Draw the generator, and the arrow from its output to the crop of the trunk."""
    maps = _boxes_of(layers, GENERATOR, FIRST + STEP)
    latent = Box(FIRST, GENERATOR, _shape(layers["inputs"].iloc[0]))
    _draw_row(panel, [latent, *maps], _names(layers), "generator")
    panel.text(latent.x, GENERATOR - TALL / 2 - 0.24, "latent", ha="center", fontsize=6)
    _name_row(panel, HEIGHT - 0.2, f"{model}, generator", layers)
    output, middle = maps[-1], (TRUNK + GENERATOR) / 2 + 0.13
    right = output.x + WIDE
    start = output.x + output.size[0] / 2 + 0.06
    panel.plot(
        [start, right, right, crop.x],
        [output.y, output.y, middle, middle],
        color=SOFT,
        linewidth=0.8,
    )
    _draw_arrow(panel, (crop.x, middle), (crop.x, crop.y + crop.size[1] / 2), gap=0)
    panel.text(right - 0.08, middle + 0.05, "generated crop", ha="right", fontsize=6)


def _boxes_of(layers, y, x=FIRST):
    """Return the boxes before, between and after the convolutions of `layers`."""
    convolutions = layers[layers["operation"].str.endswith("convolution")]
    shapes = [convolutions["inputs"].iloc[0], *convolutions["outputs"]]
    return [Box(x + index * STEP, y, _shape(shape)) for index, shape in enumerate(shapes)]


def _names(layers):
    """Return the text of each arrow: the layer, and the batch norm that follows it."""
    names = []
    for operation, size in zip(layers["operation"], layers["filter_size"], strict=True):
        if operation == "batch norm" and names:
            names[-1] += "\nbatch norm"
        elif operation != "batch norm":
            name = operation.replace("transposed ", "transposed\n")
            names.append(name if pd.isna(size) else f"{name} {size:.0f}{TIMES}{size:.0f}")
    return names


def _draw_row(panel, boxes, names, part):
    """Draw the boxes of a row with their shapes, and named arrows between them."""
    for box in boxes:
        _draw_box(panel, box, part if len(box.shape) > 1 else "vector")
        text, bottom = TIMES.join(map(str, box.shape)), box.y - TALL / 2 - BELOW
        panel.text(box.x, bottom, text, ha="center", va="top", fontsize=6)
    for (before, after), name in zip(pairwise(boxes), names, strict=True):
        start, end = before.x + before.size[0] / 2, after.x - after.size[0] / 2
        _draw_arrow(panel, (start, before.y), (end, after.y))
        middle, top = (before.x + after.x) / 2, before.y + TALL / 2 + ABOVE
        panel.text(middle, top, name, ha="center", va="bottom", fontsize=5.5, color=SOFT)


def _draw_box(panel, box, part):
    """Draw a feature map as several sheets, and a crop or a vector as one sheet."""
    (width, height), (fill, edge) = box.size, COLOURS[part]
    look = {"facecolor": fill, "edgecolor": edge, "linewidth": 0.8}
    for sheet in range(1 if len(box.shape) == 1 or box.shape[0] == 1 else 3)[::-1]:
        corner = box.x - width / 2 + SHEET * sheet, box.y - height / 2 + SHEET * sheet
        panel.add_patch(Rectangle(corner, width, height, **look))


def _draw_head(panel, before, box, name):
    """Draw a head with its name, and the arrow to it."""
    _draw_box(panel, box, "vector")
    width, height = box.size
    _draw_arrow(panel, (before.x + THIN / 2, before.y), (box.x - width / 2, box.y))
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
    """Return a size in inches that grows with log(number).

    It is largest / 4 for 1, and `largest` for `most` or more.
    """
    return largest * min(1, (1 + 3 * log2(number) / log2(most)) / 4)

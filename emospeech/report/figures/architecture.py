"""Architecture of a model, as in Fig. 1 of the paper, with the shapes of the trained networks."""

import pandas as pd
from matplotlib.figure import Figure

from emospeech.report.dataframes import require
from emospeech.report.figures.boxes import (
    FIRST,
    STEP,
    TALL,
    TIMES,
    WIDE,
    Box,
    canvas,
    draw_arrow,
    draw_head,
    draw_heads,
    draw_row,
    name_row,
    shape_of,
)
from emospeech.report.figures.recurrent_architecture import draw_recurrent
from emospeech.report.figures.style import SOFT, report_style

COLUMNS = ["part", "layer", "operation", "filter_size", "inputs", "outputs", "parameters"]
TRUNK, GENERATOR, HEIGHT = 1.1, 2.75, 3.8  # centres of the rows, total height, in inches
LOW = 1.85  # total height without a generator


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


@report_style()
def draw_outline(table: pd.DataFrame, model: str) -> Figure:
    """Return the figure of `plot_data`.

    The trunk and its heads are at the bottom, the generator (if any) at the top. Boxes are feature
    maps and vectors with their shapes; arrows are layers. Recurrent networks are drawn as in
    `draw_recurrent`.
    """
    parts = {str(part): rows for part, rows in table.groupby("part", sort=False)}
    if "LSTM" in set(table["operation"]):
        return draw_recurrent(parts, model)
    figure, panel = canvas(HEIGHT if "generator" in parts else LOW)
    crop = _draw_network(panel, parts, model)
    if "generator" in parts:
        _draw_generator(panel, parts["generator"], crop, model)
    return figure


def _draw_network(panel, parts, model):
    """Draw trunk, shared layer and heads, and return the box of the crop."""
    trunk = _boxes_of(parts["trunk"], TRUNK)
    linear = parts["shared"].iloc[0]
    flat = Box(trunk[-1].x + STEP, TRUNK, shape_of(linear["inputs"]))
    shared = Box(flat.x + STEP, TRUNK, shape_of(linear["outputs"]))
    names = [*_names(parts["trunk"]), "flatten", "linear"]
    draw_row(panel, [*trunk, flat, shared], names, "trunk")
    draw_heads(panel, shared, parts["head"])
    if "real/fake" in parts:
        outputs = shape_of(parts["real/fake"]["outputs"].iloc[0])
        draw_head(panel, flat, Box(flat.x + STEP, TRUNK - 0.72, outputs), "real or fake")
    panel.text(trunk[0].x, TRUNK - TALL / 2 - 0.24, "real crop", ha="center", fontsize=6)
    network = pd.concat([rows for part, rows in parts.items() if part != "generator"])
    name_row(panel, 0.22, f"{model}, trunk and heads", network)
    return trunk[0]


def _draw_generator(panel, layers, crop, model):
    """Draw the generator, and the arrow from its output to the crop of the trunk."""
    maps = _boxes_of(layers, GENERATOR, FIRST + STEP)
    latent = Box(FIRST, GENERATOR, shape_of(layers["inputs"].iloc[0]))
    draw_row(panel, [latent, *maps], _names(layers), "generator")
    panel.text(latent.x, GENERATOR - TALL / 2 - 0.24, "latent", ha="center", fontsize=6)
    name_row(panel, HEIGHT - 0.2, f"{model}, generator", layers)
    output, middle = maps[-1], (TRUNK + GENERATOR) / 2 + 0.13
    right = output.x + WIDE
    start = output.x + output.size[0] / 2 + 0.06
    panel.plot(
        [start, right, right, crop.x],
        [output.y, output.y, middle, middle],
        color=SOFT,
        linewidth=0.8,
    )
    draw_arrow(panel, (crop.x, middle), (crop.x, crop.y + crop.size[1] / 2), gap=0)
    panel.text(right - 0.08, middle + 0.05, "generated crop", ha="right", fontsize=6)


def _boxes_of(layers, y, x=FIRST):
    """Return the boxes before, between and after the convolutions of `layers`."""
    convolutions = layers[layers["operation"].str.endswith("convolution")]
    shapes = [convolutions["inputs"].iloc[0], *convolutions["outputs"]]
    return [Box(x + index * STEP, y, shape_of(shape)) for index, shape in enumerate(shapes)]


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

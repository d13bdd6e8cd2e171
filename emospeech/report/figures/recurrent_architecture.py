"""Architecture of an LSTM or APC model, with a column for each frame of a crop.

predicted   frame 1+k  frame 2+k  ...
                |          |
outputs     ----+----------+----------------> mean over time > shared > heads
                |          |           |
LSTM          layer  >   layer  > ... layer
                |          |           |
crop         frame 1    frame 2   ... frame T
"""

from collections.abc import Mapping
from itertools import pairwise

import pandas as pd
from matplotlib.figure import Figure

from emospeech.report.figures.boxes import (
    FIRST,
    STEP,
    TALL,
    THIN,
    WIDE,
    Box,
    canvas,
    draw_arrow,
    draw_heads,
    draw_rectangle,
    draw_row,
    name_row,
    shape_of,
    shape_text,
)
from emospeech.report.figures.style import SOFT

# In inches.
COLUMNS = (1.25, 1.9, 2.55, 3.85)  # centres of the frames 1, 2, 3 and of the last one
DOTS = 3.2  # centre of the other frames
FRAMES, LAYER = 0.98, 1.68  # centres of the frames and of the first layer
LAYER_STEP = 0.5  # between the centres of layers
CELL = (0.34, 0.26)  # a layer at one frame
OUTPUTS_OFFSET = 0.4  # from the last layer up to its outputs
PREDICTIONS_OFFSET = 0.75  # from the outputs up to the predictions
MEAN = 4.75  # centre of the mean over time
MARGIN = 0.6  # above the outputs or predictions


def draw_recurrent(parts: Mapping[str, pd.DataFrame], model: str) -> Figure:
    """Return the figure of a recurrent network: frames from left to right, layers upwards.

    Args:
        parts: The rows of each part in the table of `architecture.plot_data`.
        model: The model, for the title.
    """
    trunk = parts["trunk"]
    layers = trunk[trunk["operation"] == "LSTM"]
    outputs = LAYER + LAYER_STEP * (len(layers) - 1) + OUTPUTS_OFFSET
    top = outputs + PREDICTIONS_OFFSET * ("predictor" in parts)
    figure, panel = canvas(top + MARGIN)
    _draw_crop(panel, shape_of(layers["inputs"].iloc[0]))
    for index, shape in enumerate(layers["outputs"]):
        _draw_layer(panel, LAYER + LAYER_STEP * index, shape_of(shape))
    last = outputs - OUTPUTS_OFFSET + CELL[1] / 2
    for x in COLUMNS:
        panel.plot([x, x], [last, outputs], color=SOFT, linewidth=0.8)
    if "predictor" in parts:
        _draw_predictions(panel, outputs, parts["predictor"].iloc[0], layers["inputs"].iloc[0])
    _draw_classifier(panel, outputs, parts)
    name_row(panel, 0.22, model, pd.concat(parts.values()))
    return figure


def _draw_crop(panel, shape):
    """Draw the frames of the crop, given its shape (frames, rows), and the arrows from them."""
    width, rows = shape
    size = Box(0, 0, (1, 1, rows)).size[1]
    for x, frame in zip(COLUMNS, (1, 2, 3, width), strict=True):
        draw_rectangle(panel, (x, FRAMES), (THIN, size), "trunk")
        _name_frame(panel, x, FRAMES - TALL / 2 - 0.15, frame)
        draw_arrow(panel, (x, FRAMES + size / 2), (x, LAYER - CELL[1] / 2), gap=2)
    _describe(panel, FRAMES, "crop", shape)


def _draw_layer(panel, y, shape):
    """Draw a layer at each frame, the arrows between frames, and the arrows from the layer below.

    `shape` is that of its outputs, (frames, units).
    """
    edges = [*COLUMNS[:3], DOTS, COLUMNS[3]]
    for before, after in pairwise(edges):
        draw_arrow(panel, (before + CELL[0] / 2, y), (after - CELL[0] / 2, y), gap=2)
    for x in COLUMNS:
        draw_rectangle(panel, (x, y), CELL, "trunk")
        if y > LAYER:
            draw_arrow(panel, (x, y - LAYER_STEP + CELL[1] / 2), (x, y - CELL[1] / 2), gap=0)
    _describe(panel, y, "LSTM", shape)


def _draw_predictions(panel, y, predictor, crop):
    """Draw the frames that are predicted from the outputs at the first frames."""
    (width, rows), shape = shape_of(crop), shape_of(predictor["outputs"])
    ahead, size, centre = width - shape[0], Box(0, 0, (1, 1, rows)).size[1], y + PREDICTIONS_OFFSET
    for frame, x in enumerate(COLUMNS[:3], start=1):
        draw_arrow(panel, (x, y), (x, centre - size / 2), gap=0)
        draw_rectangle(panel, (x, centre), (THIN, size), "generator")
        _name_frame(panel, x, centre + TALL / 2 + 0.06, frame + ahead)
    _describe(panel, centre, "predicted", shape)
    change = f"linear {shape_text(shape_of(predictor['inputs']))} to {shape_text(shape)}"
    text = f"frame t + {ahead} is predicted as frame t\nplus a change: {change}"
    panel.text(DOTS + 0.3, centre, text, va="center", fontsize=6, color=SOFT)


def _draw_classifier(panel, y, parts):
    """Draw the mean of the outputs over time, the shared layer and the heads."""
    linear = parts["shared"].iloc[0]
    mean = Box(MEAN, y, shape_of(linear["inputs"]))
    shared = Box(MEAN + STEP, y, shape_of(linear["outputs"]))
    panel.plot([COLUMNS[0], COLUMNS[-1]], [y, y], color=SOFT, linewidth=0.8)
    draw_arrow(panel, (COLUMNS[-1], y), (MEAN - THIN / 2, y), gap=0)
    middle = (COLUMNS[-1] + MEAN) / 2
    panel.text(middle, y + 0.05, "mean over time", ha="center", fontsize=5.5, color=SOFT)
    draw_row(panel, [mean, shared], ["linear"], "vector")
    draw_heads(panel, shared, parts["head"])


def _name_frame(panel, x, y, frame):
    panel.text(x, y, f"frame {frame}", ha="center", fontsize=6)


def _describe(panel, y, name, shape):
    """Write the name and the shape of a row at its left, and dots in place of further frames."""
    panel.text(DOTS, y, "...", ha="center", va="center", fontsize=6)
    text = f"{name}\n{shape_text(shape)}"
    panel.text(FIRST - WIDE / 2, y, text, va="center", fontsize=6)

"""The outline of a model agrees with its networks, and the figure shows all layers."""

import math

import pytest
import torch
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from emospeech.models.catalogue import MODELS, build
from emospeech.models.outline import outline
from emospeech.models.settings import ModelSettings
from emospeech.report import captions
from emospeech.report.figures.architecture import SHEET, draw_outline, plot_data

TRIAL = {"crop_width": 32, "filters": 6, "filter_size": 5}
SETTINGS = ModelSettings(filter_multiples=(1, 2, 3, 4), shared_units=20, latent_size=7)
ROWS = 48


@pytest.mark.parametrize("name", MODELS)
def test_outline_has_the_shapes_and_parameters_of_the_networks(name):
    layers = outline(name, ROWS, TRIAL, SETTINGS)
    network, generator = build(name, ROWS, TRIAL, SETTINGS, seed=3)
    parts = [part for part in (network, generator) if part is not None]
    total = sum(parameter.numel() for part in parts for parameter in part.parameters())
    assert sum(layer["parameters"] for layer in layers) == total
    with torch.no_grad():
        x = torch.rand(2, 1, 32, ROWS)
        convolutions = [layer for layer in layers if layer["operation"] == "convolution"]
        for convolution, layer in zip(network.trunk.convolutions, convolutions, strict=True):
            assert layer["inputs"] == tuple(x.shape[1:])
            x = convolution(x)
            assert layer["outputs"] == tuple(x.shape[1:])
        heads = {layer["layer"]: layer["outputs"] for layer in layers if layer["part"] == "head"}
        made = network.classify(torch.rand(2, 1, 32, ROWS))
        assert heads == {f"heads.{task}": tuple(y.shape[1:]) for task, y in made.items()}
        if generator is not None:
            crop = generator(torch.rand(2, 7))
            assert layers[-1]["outputs"] == tuple(crop.shape[1:]) == (1, 32, ROWS)
            assert [layer["part"] for layer in layers].count("real/fake") == 1


def test_shapes_by_hand():
    """Each convolution halves frames and rows; the filters are 6 times 1, 2, 3, 4."""
    layers = {layer["layer"]: layer for layer in outline("MultitaskDCGAN", ROWS, TRIAL, SETTINGS)}
    assert layers["trunk.convolutions.3"]["outputs"] == (24, 2, 3)
    assert layers["shared"]["inputs"] == (24 * 2 * 3,)
    assert layers["real_fake"]["inputs"] == (24 * 2 * 3,)
    assert layers["convolutions.0"]["outputs"] == (18, 4, 6)  # of the generator
    assert layers["linear"]["parameters"] == 7 * 144 + 144


def test_spectral_norm_does_not_change_shapes():
    normed = ModelSettings(spectral_norm=True)
    plain = ModelSettings()
    assert outline("BasicDCGAN", 32, TRIAL, normed) == outline("BasicDCGAN", 32, TRIAL, plain)


@pytest.mark.parametrize("name", ["BasicCNN", "MultitaskDCGAN"])
def test_figure_shows_all_shapes_without_overlapping_texts(name):
    table = plot_data(outline(name, ROWS, TRIAL, SETTINGS))
    figure = draw_outline(table, name)
    texts = figure.axes[0].texts
    words = " ".join(text.get_text() for text in texts)
    for shape in {*table["inputs"], *table["outputs"]}:
        assert shape.replace("x", "\N{MULTIPLICATION SIGN}") in words
    assert ("generator: " in words) == ("DCGAN" in name)
    assert all(task in words for task in MODELS[name].tasks)
    boxes = [text.get_window_extent() for text in texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    inside = figure.bbox
    assert all(inside.contains(*corner) for box in boxes for corner in (box.min, box.max))


# The smallest and largest networks of the search space, and the filter multiples of DCGAN.
@pytest.mark.parametrize(
    ("trial", "settings"),
    [
        ({"crop_width": 64, "filters": 32, "filter_size": 2}, ModelSettings()),
        ({"crop_width": 128, "filters": 88, "filter_size": 16}, ModelSettings()),
        (
            {"crop_width": 128, "filters": 88, "filter_size": 2},
            ModelSettings(filter_multiples=(1, 2, 4, 8), shared_units=64, batch_norm=False),
        ),
    ],
)
@pytest.mark.parametrize("name", MODELS)
def test_boxes_and_texts_of_the_figure_never_overlap(name, trial, settings):
    figure = draw_outline(plot_data(outline(name, 128, trial, settings)), name)
    panel = figure.axes[0]
    found = [text.get_window_extent() for text in panel.texts] + list(feature_maps(panel))
    assert not any(a.overlaps(b) for i, a in enumerate(found) for b in found[:i])
    inside = figure.bbox
    assert all(inside.contains(*corner) for box in found for corner in (box.min, box.max))


def feature_maps(panel):
    """Yield the bounding box of each feature map or vector; the sheets of a map are one box."""
    offset, sheets = SHEET * panel.figure.dpi, []
    for patch in panel.patches:
        if isinstance(patch, Rectangle):
            box = patch.get_window_extent()
            if sheets and box.min + offset == pytest.approx(sheets[-1].min):
                sheets.append(box)
            else:
                yield from [Bbox.union(sheets)] if sheets else []
                sheets = [box]
    yield Bbox.union(sheets)


def test_caption_has_the_number_of_parameters():
    table = plot_data(outline("BasicCNN", ROWS, TRIAL, SETTINGS))
    numbers = captions.outline(table)
    flat = math.prod((24, 2, 3))
    parameters = flat * 20 + 20
    shared = {"name": "shared", "inputs": f"{flat}", "outputs": "20", "parameters": parameters}
    assert shared in numbers["parts"]
    assert not numbers["generator"]

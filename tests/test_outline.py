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
from emospeech.report.figures.architecture import draw_outline, plot_data
from emospeech.report.figures.boxes import SHEET
from tests.settings import tasks_of_model

TRIAL = {"crop_width": 32, "filters": 6, "filter_size": 5}
TRIAL |= {"layers": 2, "hidden_units": 6, "steps_ahead": 3}
SETTINGS = ModelSettings(filter_multiples=(1, 2, 3, 4), shared_units=20, latent_size=7)
ROWS = 48


@pytest.mark.parametrize("name", MODELS)
def test_outline_has_the_shapes_and_parameters_of_the_networks(name):
    layers = outline(name, ROWS, TRIAL, SETTINGS)
    learner = build(name, ROWS, TRIAL, SETTINGS, seed=3)
    network, generator = learner.network, learner.generator
    parts = learner.modules.values()
    total = sum(parameter.numel() for part in parts for parameter in part.parameters())
    assert sum(layer["parameters"] for layer in layers) == total
    with torch.no_grad():
        x = torch.rand(2, 1, 32, ROWS)
        trunk = getattr(network.trunk, "convolutions", getattr(network.trunk, "layers", None))
        recorded = [layer for layer in layers if layer["operation"] in ("convolution", "LSTM")]
        for module, layer in zip(trunk, recorded, strict=True):
            x = x.squeeze(1) if layer["operation"] == "LSTM" else x
            assert layer["inputs"] == tuple(x.shape[1:])
            x = module(x)[0] if layer["operation"] == "LSTM" else module(x)
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


def test_shapes_of_recurrent_networks_by_hand():
    """An LSTM layer has four gates, each with weights for inputs and outputs and two biases."""
    layers = {layer["layer"]: layer for layer in outline("BasicAPC", ROWS, TRIAL, SETTINGS)}
    assert layers["trunk.layers.0"]["parameters"] == 4 * 6 * (ROWS + 6 + 2)
    assert layers["trunk.layers.1"]["inputs"] == layers["trunk.mean"]["inputs"] == (32, 6)
    assert layers["trunk.mean"]["outputs"] == layers["shared"]["inputs"] == (6,)
    predictor = layers["predictor"]
    assert (predictor["part"], predictor["inputs"]) == ("predictor", (29, 6))
    assert (predictor["outputs"], predictor["parameters"]) == ((29, ROWS), 7 * ROWS)


def test_spectral_norm_does_not_change_shapes():
    normed = ModelSettings(spectral_norm=True)
    plain = ModelSettings()
    assert outline("BasicDCGAN", 32, TRIAL, normed) == outline("BasicDCGAN", 32, TRIAL, plain)


@pytest.mark.parametrize("name", ["BasicCNN", "MultitaskDCGAN", "BasicLSTM", "MultitaskAPC"])
def test_figure_shows_all_shapes_without_overlapping_texts(name):
    table = plot_data(outline(name, ROWS, TRIAL, SETTINGS))
    figure = draw_outline(table, name)
    texts = figure.axes[0].texts
    words = " ".join(text.get_text() for text in texts)
    for shape in {*table["inputs"], *table["outputs"]}:
        assert shape.replace("x", "\N{MULTIPLICATION SIGN}") in words
    assert ("generator: " in words) == ("DCGAN" in name)
    assert ("t + 3 " in words) == ("APC" in name)
    assert all(task.name in words for task in tasks_of_model(name))
    boxes = [text.get_window_extent() for text in texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    inside = figure.bbox
    assert all(inside.contains(*corner) for box in boxes for corner in (box.min, box.max))


SMALL = {"crop_width": 64, "filters": 32, "filter_size": 2}
SMALL |= {"layers": 1, "hidden_units": 64, "steps_ahead": 3}
LARGE = {"crop_width": 128, "filters": 88, "filter_size": 16}
LARGE |= {"layers": 2, "hidden_units": 256, "steps_ahead": 5}


# The smallest and largest networks of the search spaces, and the filter multiples of DCGAN.
@pytest.mark.parametrize(
    ("trial", "settings"),
    [
        (SMALL, ModelSettings()),
        (LARGE, ModelSettings()),
        (
            LARGE | {"filter_size": 2},
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
    assert not any(numbers[kind] for kind in ("generator", "predictor", "lstm"))
    numbers = captions.outline(plot_data(outline("BasicAPC", ROWS, TRIAL, SETTINGS)))
    assert numbers["predictor"]
    assert numbers["lstm"]

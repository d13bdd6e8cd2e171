"""The outline of a model agrees with its networks, and the figure shows all layers."""

import math

import pytest
import torch

from emospeech.models.catalogue import MODELS, build
from emospeech.models.outline import outline
from emospeech.models.settings import ModelSettings
from emospeech.report import captions
from emospeech.report.figures.architecture import draw_outline, plot_data

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
    figure = draw_outline(table)
    texts = figure.axes[0].texts
    words = " ".join(text.get_text() for text in texts)
    for shape in {*table["inputs"], *table["outputs"]}:
        assert shape.replace("x", "\N{MULTIPLICATION SIGN}") in words
    assert ("Generator: " in words) == ("DCGAN" in name)
    assert all(task in words for task in MODELS[name].tasks)
    boxes = [text.get_window_extent() for text in texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    inside = figure.bbox
    assert all(inside.contains(*corner) for box in boxes for corner in (box.min, box.max))


def test_caption_has_the_number_of_parameters():
    table = plot_data(outline("BasicCNN", ROWS, TRIAL, SETTINGS))
    numbers = captions.outline(table)
    flat = math.prod((24, 2, 3))
    parameters = flat * 20 + 20
    shared = {"name": "shared", "inputs": f"{flat}", "outputs": "20", "parameters": parameters}
    assert shared in numbers["parts"]
    assert not numbers["generator"]

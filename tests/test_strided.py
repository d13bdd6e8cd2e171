"""Layers of stride 2 by all ways, against torch's convolutions in double precision."""

import weakref
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from emospeech.models import strided, winograd
from emospeech.models.layers import same_padding
from emospeech.models.strided import TILED_CHANNELS, TILED_FILTER_SIZES, doubled, halved
from emospeech.models.toom_cook import MOST_TAPS, OUTPUTS, matrices

TILED = TILED_CHANNELS + 4  # channels, not a multiple of what a processor takes at once
ROUNDING = 3e-5  # of the largest value; single precision by tiles loses a digit
CHANNELS = [(1, 8), (1, TILED), (3, 5), (TILED, TILED_CHANNELS)]  # of large and small pictures
SIZES = [*range(2, 12), 15, 16]


@pytest.mark.parametrize("taps", range(2, MOST_TAPS + 1))
def test_the_matrices_make_a_short_convolution(taps):
    rng = np.random.default_rng(taps)
    inputs, outputs, weights = matrices(taps)
    cells, filters = rng.normal(size=OUTPUTS + taps - 1), rng.normal(size=taps)
    made = outputs.T @ ((weights @ filters) * (inputs @ cells))
    np.testing.assert_allclose(made, np.correlate(cells, filters, "valid"), atol=1e-12)


def drawn(channels, filter_size, large):
    """Return a picture (2, c, 16, 24) or (2, c, 8, 12), weights, and a bias of what is made."""
    rng = torch.Generator().manual_seed(filter_size)
    shape = (2, channels[0], 16, 24) if large else (2, channels[1], 8, 12)
    weights = (channels[1], channels[0], filter_size, filter_size)
    sizes = shape, weights, (channels[1] if large else channels[0],)
    return [torch.randn(size, generator=rng).requires_grad_() for size in sizes]


def expected(x, weights, bias, large):
    """Return the layer in double precision, padded by hand or cut."""
    before, behind = same_padding(weights.shape[-1])
    x, weights, bias = x.double(), weights.double(), bias.double()
    if large:
        return F.conv2d(F.pad(x, (before, behind, before, behind)), weights, bias, stride=2)
    made = F.conv_transpose2d(x, weights, bias, stride=2)
    return made[..., before : before + 2 * x.shape[2], before : before + 2 * x.shape[3]]


@pytest.mark.parametrize(("channels", "filter_size"), list(product(CHANNELS, SIZES)))
@pytest.mark.parametrize("large", [True, False], ids=["halved", "doubled"])
def test_values_and_gradients_are_those_of_the_plain_layer(channels, filter_size, large):
    given = drawn(channels, filter_size, large)
    made = (halved if large else doubled)(*given, same_padding(filter_size))
    plain = expected(*given, large)
    gradient = torch.randn(made.shape, generator=torch.Generator().manual_seed(0))
    found = [made, *torch.autograd.grad(made, given, gradient)]
    plain = [plain, *torch.autograd.grad(plain, given, gradient.double())]
    for value, other in zip(found, plain, strict=True):
        assert (value - other).abs().max() < ROUNDING * other.abs().max()


@pytest.fixture
def calls(monkeypatch):
    """The maps of Winograd that are called, by name."""
    names = []
    for name in ("forward", "transposed", "weight_points"):
        plain = getattr(winograd.Winograd, name)

        def counted(*arguments, name=name, plain=plain):
            names.append(name)
            return plain(*arguments)

        monkeypatch.setattr(winograd.Winograd, name, counted)
    return names


def test_no_gradient_is_made_that_nobody_asks_for(calls):
    """The generator's update asks for no gradient of the discriminator's weights, half the work."""
    x, weights, bias = drawn((TILED, TILED), 6, True)
    made = halved(x, weights, bias, same_padding(6))
    torch.autograd.grad(made.sum(), x, retain_graph=True)
    assert calls == ["forward", "transposed"]
    torch.autograd.grad(made.sum(), weights)
    assert calls == ["forward", "transposed", "weight_points"]


@pytest.mark.parametrize(
    ("channels", "filter_size", "tiled"),
    [
        ((TILED, TILED), 6, True),
        ((TILED, TILED_CHANNELS - 1), 6, False),
        ((TILED, TILED), TILED_FILTER_SIZES[-1] + 1, False),
    ],
)
def test_tiles_are_taken_where_they_pay_and_in_training_only(calls, channels, filter_size, tiled):
    given = drawn(channels, filter_size, True)
    halved(*given, same_padding(filter_size))
    assert (calls == ["forward"]) == tiled
    calls.clear()
    with torch.no_grad():
        halved(*given, same_padding(filter_size))
    assert not calls


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_share_a_batch(threads):
    """More pictures than threads and an incomplete last chunk; the same bytes in each run."""
    rng = np.random.default_rng(0)
    large = rng.normal(size=(11, 32, 64, 4)).astype(np.float32)
    small = rng.normal(size=(11, 16, 32, 8)).astype(np.float32)
    way = winograd.Winograd(5, same_padding(5)[0])
    points = rng.normal(size=(36, 16, 8)).astype(np.float32)
    before = torch.get_num_threads()
    made = {}
    for number in (1, threads):
        torch.set_num_threads(number)
        try:
            made[number] = [
                (
                    way.forward(large, points),
                    way.transposed(small, points),
                    way.weight_points(large, small),
                )
                for _ in range(2)
            ]
        finally:
            torch.set_num_threads(before)
    for first, second, alone in zip(*made[threads], made[1][0], strict=True):
        np.testing.assert_array_equal(first, second)
        np.testing.assert_allclose(first, alone, atol=ROUNDING * np.abs(alone).max())


def test_pictures_are_let_go():
    """What the compiled loops were handed must not stay in memory."""
    arrays = [np.ones(shape, np.float32) for shape in ((2, 16, 24, 36), (2, 8, 12, 32))]
    way = winograd.winograd(6, same_padding(6)[0])
    points = np.ones((36, 4 * 36, 32), np.float32)
    made = way.forward(arrays[0], points), way.transposed(arrays[1], points)
    way.weight_points(*arrays)
    kept = [weakref.ref(array) for array in (*arrays, *made)]
    del arrays, made
    assert [reference() for reference in kept] == [None] * len(kept)


def test_a_double_precision_layer_is_not_rounded():
    given = [value.detach().double() for value in drawn((TILED, TILED), 6, True)]
    given[0].requires_grad_()
    made = strided.halved(*given, same_padding(6))
    torch.testing.assert_close(made, expected(*given, True), rtol=1e-12, atol=1e-12)

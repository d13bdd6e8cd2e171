"""Networks: hand-computed sizes, "same" padding, batch and spectral normalisation."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from emospeech.labels import LabelSettings
from emospeech.models.catalogue import MODELS, build
from emospeech.models.layers import BatchNorm, Conv2dStride2, ConvTranspose2dStride2
from emospeech.models.settings import ModelSettings
from emospeech.training.weights import load_weights, save_weights
from tests.settings import ADVERSARIAL, PARAMETERS, tasks_of_model

SETTINGS = ModelSettings()
TRIAL = PARAMETERS | {"crop_width": 64, "filters": 6, "filter_size": 5}
CONVOLUTIONAL = [name for name, model in MODELS.items() if "filters" in model.family.parameters]


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("filter_size", range(2, 17))
def test_layers_of_stride_2_pad_like_tensorflow(filter_size):
    x = torch.randn(2, 1, 16, 24)
    conv = Conv2dStride2(1, 3, filter_size)
    # TensorFlow pads by (out - 1) * stride + k - in cells; if odd, the extra cell is at the end.
    total = max(0, (8 - 1) * 2 + filter_size - 16)
    edges = (total // 2, total - total // 2) * 2
    expected = F.conv2d(F.pad(x, edges), conv.weight, conv.bias, stride=2)
    assert expected.shape == (2, 3, 8, 12)
    torch.testing.assert_close(conv(x), expected)
    # The transposed layer is the gradient of a convolution with the same filter.
    mirror = ConvTranspose2dStride2(3, 1, filter_size)
    with torch.no_grad():
        mirror.bias.zero_()
    y, z = torch.randn(2, 3, 8, 12), torch.randn(2, 1, 16, 24, requires_grad=True)
    halved = F.conv2d(F.pad(z, edges), mirror.weight, stride=2)
    (gradient,) = torch.autograd.grad(halved, z, y)
    torch.testing.assert_close(mirror(y), gradient, atol=1e-4, rtol=1e-4)


# Hand-computed sizes of the networks of TRIAL for 128 rows: {settings: (trunk, flat, generator)}.
#
# As in the paper, 6 filters per layer.
# Trunk: 25 * 6 + 6 parameters in layer 1, 25 * 36 + 6 in each of three more layers, and 2 * 6 in
# each of three batch norms.
# Flat: 6 filters, 64 / 16 columns, 128 / 16 rows.
# Generator: a linear layer with 100 inputs and a bias, 25 * 36 + 6 parameters in each of three
# transposed layers, 25 * 6 + 1 in the last one, and 2 * 6 in each of four batch norms.
PLAIN = (156 + 3 * 906 + 3 * 12, 6 * 4 * 8, 101 * 192 + 3 * 906 + 151 + 4 * 12)
# As in DCGAN, 6, 12, 24 and 48 filters.
# Trunk: layers with 25 * 6 + 6, 25 * 72 + 12, 25 * 288 + 24 and 25 * 1152 + 48 parameters, and
# batch norms with 2 * (12 + 24 + 48).
# Generator: a linear layer with 48 * 32 outputs, transposed layers with 25 * 1152 + 24,
# 25 * 288 + 12, 25 * 72 + 6 and 25 * 6 + 1 parameters, and batch norms with 2 * (48 + 24 + 12 + 6).
GROWING = (
    156 + 1812 + 7224 + 28848 + 2 * 84,
    48 * 4 * 8,
    101 * 1536 + 28824 + 7212 + 1806 + 151 + 2 * 90,
)
# Without batch norm there are no scales and shifts.
BARE = (PLAIN[0] - 3 * 12, PLAIN[1], PLAIN[2] - 4 * 12)
# Spectral normalisation adds no parameters: its singular vectors are not learned.
SIZES = [
    ({}, PLAIN),
    ({"filter_multiples": (1, 2, 4, 8)}, GROWING),
    ({"batch_norm": False}, BARE),
    ({"spectral_norm": True}, PLAIN),
]


@pytest.mark.parametrize("outputs", [5, 1])
@pytest.mark.parametrize(("options", "sizes"), SIZES, ids=[str(options) for options, _ in SIZES])
@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_parameter_counts_and_shapes(name, options, sizes, outputs):
    tasks = [task.name for task in tasks_of_model(name)]
    labels = LabelSettings(encoding="fuzzy" if outputs == 5 else "regression")
    learner = build(name, 128, TRIAL, ModelSettings(**options), 0, labels)
    network, generator = learner.network, learner.generator
    trunk, flat, generating = sizes
    heads = len(tasks) * (1024 * outputs + outputs)
    real_fake = flat + 1 if name in ADVERSARIAL else 0
    assert size(network) == trunk + (flat * 1024 + 1024) + heads + real_fake
    logits = network.classify(torch.randn(3, 1, 64, 128))
    assert {task: tuple(value.shape) for task, value in logits.items()} == dict.fromkeys(
        tasks, (3, outputs)
    )
    assert (generator is not None) == (name in ADVERSARIAL)
    if generator:
        assert size(generator) == generating
        fake = generator(torch.rand(3, 100))
        assert fake.shape == (3, 1, 64, 128)
        assert fake.abs().max() < 1
        assert network.discriminate(fake).shape == (3,)


def test_running_averages_follow_tracked_passes_only():
    learner = build("BasicDCGAN", 128, TRIAL, SETTINGS, seed=0)
    network, generator = learner.network, learner.generator
    before = {k: v.clone() for k, v in network.state_dict().items() if "running" in k}
    network.discriminate(generator(torch.rand(4, 100)))
    assert all(torch.equal(network.state_dict()[name], value) for name, value in before.items())
    network.discriminate(torch.randn(4, 1, 64, 128), track=True)
    assert not any(torch.equal(network.state_dict()[name], value) for name, value in before.items())


def test_batches_are_normalised_by_their_own_moments():
    norm = BatchNorm(3)
    x = 5 + 3 * torch.randn(8, 3, 4, 4)
    torch.testing.assert_close(norm(x, track=False), norm(x, track=True))


def test_the_seed_fixes_the_weights():
    first, again, other = (
        build("BasicCNN", 128, TRIAL, SETTINGS, seed).network for seed in (1, 1, 2)
    )
    pairs = zip(first.parameters(), again.parameters(), other.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert not torch.equal(first.shared.weight, other.shared.weight)
    assert first.shared.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert first.shared.bias.abs().max() == 0


SPECTRAL = ModelSettings(spectral_norm=True)


def test_spectral_norm_divides_by_the_largest_singular_value():
    network = build("BasicDCGAN", 128, TRIAL, SPECTRAL, seed=0).network
    plain = build("BasicDCGAN", 128, TRIAL, SETTINGS, seed=0).network
    crops = torch.randn(4, 1, 64, 128)
    for _ in range(20):
        network.discriminate(crops)
    network.eval()
    layers = zip(
        [*network.trunk.convolutions, network.real_fake],
        [*plain.trunk.convolutions, plain.real_fake],
        strict=True,
    )
    for layer, other in layers:
        # Spectral normalisation does not change the initial weights.
        drawn = other.weight.detach().numpy()
        np.testing.assert_array_equal(layer.parametrizations.weight.original.detach(), drawn)
        norm = np.linalg.norm(drawn.reshape(len(drawn), -1).astype(np.float64), ord=2)
        np.testing.assert_allclose(layer.weight.detach(), drawn / norm, rtol=5e-3)


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ADVERSARIAL])
def test_spectral_norm_changes_the_dcgans_only(name):
    network = build(name, 128, TRIAL, SPECTRAL, seed=0).network
    plain = build(name, 128, TRIAL, SETTINGS, seed=0).network
    assert list(network.state_dict()) == list(plain.state_dict())


def test_spectral_norm_depends_on_the_seed_and_is_saved(tmp_path):
    """Evaluation does not depend on torch's global random numbers or repeated passes."""
    crops, outputs = torch.randn(4, 1, 64, 128), []
    for number in range(2):
        torch.manual_seed(number)
        network = build("BasicDCGAN", 128, TRIAL, SPECTRAL, seed=1).network
        network.classify(crops)
        network.eval()
        outputs += [network.classify(crops)["valence"] for _ in range(2)]
    save_weights(tmp_path / "w.safetensors", network.state_dict())
    other = build("BasicDCGAN", 128, TRIAL, SPECTRAL, seed=2).network
    loaded = load_weights(tmp_path / "w.safetensors", other).eval()
    outputs.append(loaded.classify(crops)["valence"])
    assert all(torch.equal(outputs[0], other) for other in outputs[1:])

"""The networks: sizes by hand, "same" padding, and batch norm that follows real audio."""

import pytest
import torch
import torch.nn.functional as F

from emospeech.models.catalogue import MODELS, build
from emospeech.models.layers import BatchNorm, DoublingConv, HalvingConv
from emospeech.models.networks import NetworkSettings

SETTINGS = NetworkSettings()
TRIAL = {"crop_width": 64, "filters": 6, "filter_size": 5}


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("filter_size", range(2, 17))
def test_layers_halve_and_double_as_tensorflow_pads(filter_size):
    x = torch.randn(2, 1, 16, 24)
    conv = HalvingConv(1, 3, filter_size)
    # TensorFlow: (out - 1) * stride + k - in cells in all, the odd one behind.
    total = max(0, (8 - 1) * 2 + filter_size - 16)
    edges = (total // 2, total - total // 2) * 2
    expected = F.conv2d(F.pad(x, edges), conv.weight, conv.bias, stride=2)
    assert expected.shape == (2, 3, 8, 12)
    torch.testing.assert_close(conv(x), expected)
    # The transposed layer is the gradient of a halving one with the same filter.
    mirror = DoublingConv(3, 1, filter_size)
    with torch.no_grad():
        mirror.bias.zero_()
    y, z = torch.randn(2, 3, 8, 12), torch.randn(2, 1, 16, 24, requires_grad=True)
    halved = F.conv2d(F.pad(z, edges), mirror.weight, stride=2)
    (gradient,) = torch.autograd.grad(halved, z, y)
    torch.testing.assert_close(mirror(y), gradient, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_parameter_counts_and_shapes(name):
    network, generator = build(name, 128, TRIAL, SETTINGS, seed=0)
    # Trunk: 25 * 6 + 6 in layer 1, three of 25 * 36 + 6, and 2 * 6 of each of three batch norms.
    trunk = 156 + 3 * 906 + 3 * 12
    flat = 6 * 8 * 4  # filters, 128 / 16 rows, 64 / 16 columns
    heads = len(MODELS[name].tasks) * (1024 * 5 + 5)
    real_fake = flat + 1 if MODELS[name].adversarial else 0
    assert size(network) == trunk + (flat * 1024 + 1024) + heads + real_fake
    logits = network.classify(torch.randn(3, 1, 128, 64))
    assert {task: tuple(value.shape) for task, value in logits.items()} == dict.fromkeys(
        MODELS[name].tasks, (3, 5)
    )
    assert (generator is not None) == MODELS[name].adversarial
    if generator:
        # Linear from 100, four batch norms, three transposed layers of 6 and one of 1.
        assert size(generator) == 101 * flat + 4 * 12 + 3 * 906 + (25 * 6 + 1)
        fake = generator(torch.rand(3, 100))
        assert fake.shape == (3, 1, 128, 64)
        assert fake.abs().max() < 1
        assert network.judge(fake, real=False).shape == (3,)


def test_running_averages_follow_real_audio_only():
    network, generator = build("BasicDCGAN", 128, TRIAL, SETTINGS, seed=0)
    before = {k: v.clone() for k, v in network.state_dict().items() if "running" in k}
    network.judge(generator(torch.rand(4, 100)), real=False)
    assert all(torch.equal(network.state_dict()[name], value) for name, value in before.items())
    network.judge(torch.randn(4, 1, 128, 64), real=True)
    assert not any(torch.equal(network.state_dict()[name], value) for name, value in before.items())


def test_batches_are_normalised_by_their_own_moments():
    norm = BatchNorm(3)
    x = 5 + 3 * torch.randn(8, 3, 4, 4)
    torch.testing.assert_close(norm(x, track=False), norm(x, track=True))


def test_the_seed_fixes_the_weights():
    first, again, other = (build("BasicCNN", 128, TRIAL, SETTINGS, seed)[0] for seed in (1, 1, 2))
    pairs = zip(first.parameters(), again.parameters(), other.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert not torch.equal(first.shared.weight, other.shared.weight)
    assert first.shared.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert first.shared.bias.abs().max() == 0

"""Losses and Adam compared with their formulas, and the updates of a training step."""

import warnings

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from emospeech.labels import encode
from emospeech.models.catalogue import MODELS, build
from emospeech.models.dcgan import fake_loss, real_loss
from emospeech.training.device import resolve_precision, torch_device
from emospeech.training.engine import Adam, Engine
from emospeech.training.losses import (
    OBJECTIVES,
    binary_loss,
    objective_of,
    softmax_loss,
    squared_error,
)
from emospeech.training.predictor import predict
from tests.settings import (
    ACTIVATION,
    PARAMETERS,
    VALENCE,
    batch_of,
    settings_of,
    tasks_of_model,
)

ROWS, RATE = 32, 1e-3
SMALL = {"shared_units": 16, "latent_size": 8}
MODEL_SETTINGS = settings_of(**SMALL).models
RNG = np.random.default_rng(0)
SCORES = RNG.normal(0, 3, (7, 5))
LABELS = np.array([1, 2.5, 8 / 3, 3, 3.75, 4.5, 5])
FUZZY = encode(LABELS, "fuzzy").astype(np.float64)


def value_of(loss, *arrays):
    return loss(*map(torch.from_numpy, arrays)).item()


def sigma(logits):
    return 1 / (1 + np.exp(-logits))


def test_adversarial_losses_equal_the_formulas_of_the_paper():
    logits = np.linspace(-8, 8, 33)
    assert value_of(real_loss, logits) == pytest.approx(-np.log(sigma(logits)).mean())
    assert value_of(fake_loss, logits) == pytest.approx(-np.log(1 - sigma(logits)).mean())


def test_class_losses_equal_their_formulas():
    shares = np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True)
    softmax = -(FUZZY * np.log(shares)).sum(axis=1).mean()
    assert value_of(softmax_loss, SCORES, FUZZY) == pytest.approx(softmax)
    equation_1 = FUZZY * np.log(sigma(SCORES)) + (1 - FUZZY) * np.log(1 - sigma(SCORES))
    assert value_of(binary_loss, SCORES, FUZZY) == pytest.approx(-equation_1.mean(axis=0).sum())
    output, number = SCORES[:, :1], LABELS[:, None]
    error = np.mean((3 + output - number) ** 2)
    assert value_of(squared_error, output, number) == pytest.approx(error)


def test_losses_of_large_logits_do_not_overflow():
    """In single precision sigma(200) is 1, and the plain formulas give infinity."""
    large = np.array([200.0, -200.0], np.float32)
    assert value_of(real_loss, large) == pytest.approx(100)
    assert value_of(fake_loss, large) == pytest.approx(100)
    scores = np.array([[200, 0, 0, 0, -200]], np.float32)
    last = np.array([[0, 0, 0, 0, 1]], np.float32)
    assert value_of(softmax_loss, scores, last) == pytest.approx(400)
    assert value_of(binary_loss, scores, last) == pytest.approx(400 + 3 * np.log(2))


def test_probabilities_of_any_logits_are_distributions():
    wild = np.concatenate([SCORES, [[-2000, -2001, -3000, -3000, -3000], [2000, 0, 0, 0, 2000]]])
    for name, objective in OBJECTIVES.items():
        logits = wild[:, :1] if name == "regression" else wild
        probabilities = objective.probabilities(logits)
        assert probabilities.shape == (len(wild), 5)
        assert probabilities.dtype == np.float64
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        assert probabilities.min() >= 0
    binary = OBJECTIVES["binary"].probabilities(wild)
    expected = sigma(SCORES) / sigma(SCORES).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(binary[: len(SCORES)], expected)
    assert binary[-2, 0] == pytest.approx(np.e / (np.e + 1)), "the ratio of tiny sigmoids is kept"


def test_the_output_of_a_regression_is_clipped_to_the_scale():
    probabilities = OBJECTIVES["regression"].probabilities(np.array([[-9.0], [-0.25], [0], [9]]))
    assert probabilities @ np.arange(1, 6) == pytest.approx([1, 2.75, 3, 5])


@pytest.mark.parametrize("encoding", ["fuzzy", "hard", "regression"])
@pytest.mark.parametrize("class_loss", ["softmax", "binary"])
def test_minimising_the_loss_predicts_the_label(encoding, class_loss):
    """Unconstrained logits converge to the encoded label."""
    settings = settings_of(encoding=encoding, class_loss=class_loss)
    targets = torch.from_numpy(encode(LABELS, encoding))
    logits = torch.zeros(len(LABELS), settings.labels.outputs(VALENCE), requires_grad=True)
    optimiser = Adam([logits], 0.2, (0.9, 0.999))
    for _ in range(300):
        loss = objective_of(settings).loss(logits, targets)
        optimiser.step(list(torch.autograd.grad(loss, [logits])))
    found = objective_of(settings).probabilities(logits.detach().double().numpy())
    expected = encode(LABELS, "hard" if encoding == "hard" else "fuzzy")
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_adam_equals_the_algorithm_of_its_paper():
    start = RNG.normal(size=(3, 4))
    parameter = torch.nn.Parameter(torch.tensor(start, dtype=torch.float32))
    optimiser = Adam([parameter], RATE, (0.5, 0.999))
    x, first, second = start.copy(), 0, 0
    for step in range(1, 6):
        gradient = RNG.normal(size=x.shape)
        optimiser.step([torch.tensor(gradient, dtype=torch.float32)])
        first = 0.5 * first + 0.5 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        x -= RATE * first / (1 - 0.5**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    np.testing.assert_allclose(parameter.detach().numpy(), x, atol=1e-6)


def engine_and_batch(name, dtype=torch.float32, **keys):
    """Return a model's Engine and the arguments of its step; `keys` change the settings SMALL."""
    settings = settings_of(**SMALL | keys)
    outputs = settings.labels.outputs(VALENCE)
    learner = build(name, ROWS, PARAMETERS, settings.models, 0, settings.labels).to(dtype)
    return Engine(learner, tasks_of_model(name), RATE, settings), batch_of(name, outputs, dtype)


def changed_parameters(engine, data):
    """Take a step; return {update: names of the parameters that it changed}, and all names."""
    named = {
        f"{place}.{name}": parameter
        for place, module in engine.learner.modules.items()
        for name, parameter in module.named_parameters()
    }
    moved, update = {}, engine._update

    def recorded(name, *args, **options):
        before = {key: value.detach().clone() for key, value in named.items()}
        update(name, *args, **options)
        moved[name] = {key for key in named if not torch.equal(before[key], named[key])}

    engine._update = recorded
    engine.step(**vars(data))
    return moved, set(named)


def below(names, *places):
    return {name for name in names if name.startswith(places)}


# The parameters that each update for unlabelled speech changes, by the start of their names.
UNLABELLED_UPDATES = {
    "DCGAN": {
        "generator": ["generator."],
        "discriminator": ["network.trunk.", "network.real_fake."],
    },
    "APC": {"apc": ["network.trunk.", "network.predictor."]},
}


@pytest.mark.parametrize("name", MODELS)
def test_separate_updates_change_only_their_own_parameters(name):
    moved, names = changed_parameters(*engine_and_batch(name))
    expected = dict(UNLABELLED_UPDATES.get(MODELS[name].family_name, {}))
    for task in tasks_of_model(name):
        expected[task.name] = ["network.trunk.", "network.shared.", f"network.heads.{task.name}."]
    assert moved == {update: below(names, *places) for update, places in expected.items()}
    assert list(moved) == list(expected)


@pytest.mark.parametrize("name", MODELS)
def test_the_joint_update_comes_last_and_leaves_generator_and_apc_separate(name):
    moved, names = changed_parameters(*engine_and_batch(name, update="joint"))
    separate = {"DCGAN": ["generator"], "APC": ["apc"]}.get(MODELS[name].family_name, [])
    assert list(moved) == [*separate, "joint"]
    learned = below(names, "network.") - below(names, "network.predictor.")
    assert moved["joint"] == learned


def plain_losses(network, generator, data, tasks):
    """Return {loss of a step: function that computes it in separate passes}."""
    fake = lambda: network.discriminate(generator(data.noise))  # noqa: E731
    with torch.no_grad():
        seen = generator(data.noise)  # by the discriminator, before the generator's update
    losses = {
        "generator": lambda: -torch.log(torch.sigmoid(fake())).mean(),
        "discriminator": lambda: (
            -torch.log(torch.sigmoid(network.discriminate(data.unlabelled))).mean()
            - torch.log(1 - torch.sigmoid(network.discriminate(seen))).mean()
        ),
    }
    for task, truth in zip(tasks, data.targets, strict=True):
        losses[task] = lambda task=task, truth=truth: (
            -((truth * torch.log_softmax(network.classify(data.crops)[task], 1)).sum(1).mean())
        )
    return losses


@pytest.mark.parametrize("update", ["separate", "joint"])
def test_a_step_equals_a_sequence_of_plain_updates(update):
    """Plain updates use torch.optim.Adam, full backward passes, and a forward pass for each loss.

    Double precision is required: the gradient of a bias before batch normalisation is 0 except
    for rounding errors, which Adam would scale to a full step in single precision.
    """
    engine, data = engine_and_batch("MultitaskDCGAN", dtype=torch.float64, update=update)
    plain = build("MultitaskDCGAN", ROWS, PARAMETERS, MODEL_SETTINGS, seed=0).to(torch.float64)
    network, generator = plain.network, plain.generator
    tasks = ("valence", "activation")
    groups = [["generator"], ["discriminator"], *([task] for task in tasks)]
    if update == "joint":
        groups = [["generator"], ["discriminator", *tasks]]
    owned = {"generator": [generator], "discriminator": [network.trunk, network.real_fake]}
    owned |= {task: [network.trunk, network.shared, network.heads[task]] for task in tasks}
    optimisers = []
    for group in groups:
        parameters = {p for name in group for module in owned[name] for p in module.parameters()}
        optimisers.append(torch.optim.Adam(list(parameters), RATE, (0.5, 0.999)))
    for _ in range(3):
        found = engine.step(**vars(data))
        losses, expected = plain_losses(network, generator, data, tasks), {}
        for group, optimiser in zip(groups, optimisers, strict=True):
            for module in (network, generator):
                module.zero_grad()
            parts = {name: losses[name]() for name in group}
            sum(parts.values()).backward()
            optimiser.step()
            expected |= {name: loss.item() for name, loss in parts.items()}
        assert {name: loss.item() for name, loss in found.items()} == pytest.approx(expected)
    for place, module in plain.modules.items():
        ours = engine.learner.modules[place].named_parameters()
        for (key, value), other in zip(ours, module.parameters(), strict=True):
            torch.testing.assert_close(value, other, msg=key)


class NoWaiting(TorchDispatchMode):
    """Fails if a tensor is read as a number, which on a GPU waits for all queued work."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        assert function is not torch.ops.aten._local_scalar_dense.default, "the step waits"
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("update", ["separate", "joint"])
@pytest.mark.parametrize("encoding", ["fuzzy", "regression"])
@pytest.mark.parametrize("spectral_norm", [False, True])
def test_steps_are_reproducible_and_never_wait_with_any_settings(update, encoding, spectral_norm):
    keys = {"update": update, "encoding": encoding, "filter_multiples": (1, 2, 4, 8)}
    keys |= {"batch_norm": not spectral_norm, "spectral_norm": spectral_norm}
    states = []
    for _ in range(2):
        engine, data = engine_and_batch("MultitaskDCGAN", **keys)
        with warnings.catch_warnings(), NoWaiting():
            warnings.simplefilter("error")  # for example, a warning about mismatched shapes
            for _ in range(2):
                losses = engine.step(**vars(data))
        assert list(losses) == ["generator", "discriminator", "valence", "activation"]
        assert all(torch.isfinite(loss) for loss in losses.values())
        states.append({name: value.clone() for name, value in engine.state().items()})
        torch.rand(1)  # changes the state of torch's global random numbers
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())


@pytest.mark.parametrize("update", ["separate", "joint"])
def test_bfloat16_follows_float32(update):
    """Losses stay within 5 % of those in float32 over 10 steps, and weights remain float32."""
    rng = torch.Generator().manual_seed(0)
    crops, unlabelled = torch.rand(2, 16, 1, 16, ROWS, generator=rng) * 2 - 1
    labels = list(torch.softmax(torch.randn(2, 16, 5, generator=rng), 2))
    latent = torch.rand(10, 16, 8, generator=rng) * 2 - 1
    curves = {}
    for precision in ("float32", "bfloat16"):
        learner = build("MultitaskDCGAN", ROWS, PARAMETERS, MODEL_SETTINGS, seed=0)
        settings = settings_of(precision=precision, update=update)
        engine = Engine(learner, (VALENCE, ACTIVATION), RATE, settings)
        steps = [engine.step(crops, labels, unlabelled, drawn) for drawn in latent]
        curves[precision] = np.array([[float(loss) for loss in step.values()] for step in steps])
        assert {value.dtype for value in engine.network.parameters()} == {torch.float32}
    np.testing.assert_allclose(curves["bfloat16"], curves["float32"], rtol=0.05)
    assert not np.array_equal(curves["bfloat16"], curves["float32"])


@pytest.mark.parametrize("name", ["MultitaskCNN", "MultitaskDCGAN"])
def test_bfloat16_updates_use_the_current_weights(name):
    """Bit-identical to a step that clears autocast's cache of weights after each update."""
    losses = []
    for clears in (False, True):
        engine, data = engine_and_batch(name, precision="bfloat16")
        for optimiser in engine.optimisers.values():
            optimiser.learning_rate = 0.05  # moves weights by more than rounding errors
        update = engine._update

        def cleared(*arguments, update=update, **options):
            update(*arguments, **options)
            torch.clear_autocast_cache()

        engine._update = cleared if clears else update
        losses.append(
            [float(loss) for _ in range(3) for loss in engine.step(**vars(data)).values()]
        )
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    ("precision", "device", "native", "expected"),
    [
        ("auto", "cpu", True, "bfloat16"),
        ("auto", "cpu", False, "float32"),
        ("auto", "cuda", True, "bfloat16"),
        ("auto", "cuda", False, "float32"),
        ("tf32", "cuda", True, "tf32"),
        ("float32", "cpu", True, "float32"),
    ],
)
def test_auto_precision_is_bfloat16_where_it_is_native(
    monkeypatch, precision, device, native, expected
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": native})
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: native)
    assert resolve_precision(precision, device) == expected


def test_tf32_is_allowed_in_training_steps_only():
    engine, data = engine_and_batch("BasicCNN", precision="tf32")
    flags = lambda: (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32)  # noqa: E731
    during, classify = [], engine.network.classify

    def recorded(*arguments):
        during.append(flags())
        return classify(*arguments)

    torch_device(settings_of(precision="tf32").training)
    engine.network.classify = recorded
    engine.step(**vars(data))
    assert during == [(True, True)]
    predict(engine.network, [data.crops], (VALENCE,), objective_of(settings_of()))
    assert during[1] == flags() == (False, False), "validation and test are in float32"


@pytest.mark.parametrize("statistics", ["labelled", "all"])
def test_batch_norm_statistics_follow_the_setting(statistics):
    """A quieter unlabelled pool changes the running averages only with `all`."""
    averages = []
    for shift in (0.0, 0.5):
        engine, data = engine_and_batch("BasicDCGAN", batch_norm_statistics=statistics)
        for optimiser in engine.optimisers.values():
            optimiser.learning_rate = 0.0  # so that only the running averages can differ
        engine.step(data.crops, data.targets, data.unlabelled - shift, data.noise)
        buffers = engine.network.state_dict()
        averages.append([v for name, v in buffers.items() if "running" in name])
    pairs = zip(*averages, strict=True)
    assert all(torch.equal(a, b) == (statistics == "labelled") for a, b in pairs)

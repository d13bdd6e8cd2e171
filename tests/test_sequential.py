"""LSTM and APC models: hand-written references, causality, masking and pretraining."""

import numpy as np
import pytest
import torch

from emospeech.crops.gather import CropGatherer
from emospeech.crops.pool import WindowPool
from emospeech.models.apc import frame_errors
from emospeech.models.catalogue import MODELS, build
from emospeech.training.trainer import Trainer
from tests.conftest import CORPUS_ROWS
from tests.settings import PARAMETERS, PREDICTIVE, batch_of, with_keys
from tests.test_training import SETTINGS, TRIAL, fold_of, train_fold

ROWS, WIDTH, AHEAD = 32, 16, PARAMETERS["steps_ahead"]
SEQUENTIAL = [name for name, model in MODELS.items() if "layers" in model.family.parameters]
TWO_LAYERS = PARAMETERS | {"layers": 2}


def network_of(name, trial=TWO_LAYERS):
    return build(name, ROWS, trial, SETTINGS.models, seed=0).network


def crops_of(count=3):
    return torch.rand(count, 1, WIDTH, ROWS, generator=torch.Generator().manual_seed(1)) * 2 - 1


def sigma(values):
    return 1 / (1 + np.exp(-values))


def reference_states(network, crop):
    """Return the outputs of the last layer for one crop (width, rows), by the equations."""
    outputs = crop
    for layer in network.trunk.layers:
        weights = {name: value.detach().numpy() for name, value in layer.named_parameters()}
        units, states = layer.hidden_size, []
        hidden, cell = np.zeros(units), np.zeros(units)
        for frame in outputs:
            gates = weights["weight_ih_l0"] @ frame + weights["bias_ih_l0"]
            gates += weights["weight_hh_l0"] @ hidden + weights["bias_hh_l0"]
            enter, forget, candidate, leave = gates.reshape(4, units)
            cell = sigma(forget) * cell + sigma(enter) * np.tanh(candidate)
            hidden = sigma(leave) * np.tanh(cell)
            states.append(hidden)
        outputs = np.array(states)
    return outputs


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_networks_equal_the_equations(name):
    network, crops = network_of(name), crops_of()
    for crop, found in zip(crops.numpy()[:, 0], network.represent(crops), strict=True):
        mean = reference_states(network, crop).mean(axis=0)
        linear = network.shared.weight.detach().numpy() @ mean
        expected = np.where(linear > 0, linear, 0.2 * linear)
        np.testing.assert_allclose(found.detach(), expected, atol=1e-6)


@pytest.mark.parametrize("name", PREDICTIVE)
def test_predicted_frames_equal_the_equation(name):
    network, crops = network_of(name), crops_of()
    for crop, found in zip(crops.numpy()[:, 0], network.predict_frames(crops), strict=True):
        weight = network.predictor.weight.detach().numpy()
        seen = crop[:-AHEAD]
        expected = seen + reference_states(network, seen) @ weight.T
        np.testing.assert_allclose(found.detach(), expected, atol=1e-6)


@pytest.mark.parametrize("name", PREDICTIVE)
def test_predictions_depend_on_earlier_frames_only(name):
    network, crops = network_of(name), crops_of(1)
    crops.requires_grad_()
    predicted = network.predict_frames(crops)
    for time in range(WIDTH - AHEAD):
        (gradient,) = torch.autograd.grad(predicted[0, time].sum(), crops, retain_graph=True)
        reached = gradient[0, 0].abs().sum(dim=1) > 0  # by frame
        assert reached.tolist() == [True] * (time + 1) + [False] * (WIDTH - time - 1)


def test_errors_count_pairs_of_frames_inside_the_recording():
    network, crops = network_of("BasicAPC"), crops_of()
    inside = torch.rand(3, WIDTH, generator=torch.Generator().manual_seed(2)) < 0.7
    with torch.no_grad():
        found = frame_errors(network, crops, inside)
        predicted = network.predict_frames(crops).numpy()
    frames = crops.numpy()[:, 0]
    for index in range(3):
        sums = np.zeros(3)
        for time in range(WIDTH - AHEAD):
            if inside[index, time] and inside[index, time + AHEAD]:
                true = frames[index, time + AHEAD]
                sums[0] += np.abs(predicted[index, time] - true).sum()
                sums[1] += np.abs(frames[index, time] - true).sum()
                sums[2] += ROWS
        np.testing.assert_allclose([values[index] for values in found], sums, rtol=1e-5)
    assert sums[2] > 0


def test_padding_after_the_recording_does_not_change_the_apc_loss():
    learner = build("BasicAPC", ROWS, PARAMETERS, SETTINGS.models, seed=0)
    data = batch_of("BasicAPC")
    inside = torch.zeros_like(data.unlabelled.inside)
    inside[:, :10] = True
    losses = []
    for noise in (0, 0.5):
        crops = data.unlabelled.crops + noise * ~inside[:, None, :, None]
        batch = data.unlabelled._replace(crops=crops, inside=inside)
        (update,) = learner.unlabelled_updates(batch, None)
        losses.append(update.loss.item())
    assert losses[0] == losses[1]


def test_a_batch_without_known_frames_has_a_loss_of_zero():
    learner = build("BasicAPC", ROWS, PARAMETERS, SETTINGS.models, seed=0)
    windows = batch_of("BasicAPC").unlabelled
    nothing = windows._replace(inside=torch.zeros_like(windows.inside))
    (update,) = learner.unlabelled_updates(nothing, None)
    assert update.loss.item() == 0


def test_windows_state_their_columns_inside_the_recording_and_their_corpora(store, tmp_path):
    gather = CropGatherer(store, 96)  # wider than two of the recordings
    pool = WindowPool([gather, gather], [np.array([0, 1]), np.array([3])])
    (places,) = pool.draw(1, 12, np.random.default_rng(0))
    windows = pool.cut(places)
    assert windows.counts == tuple(map(len, places))
    assert min(windows.counts) > 0
    for crop, inside, (start, first, last) in zip(
        windows.crops, windows.inside, torch.cat(places).tolist(), strict=True
    ):
        frames = np.arange(start, start + 96)
        expected = (frames >= first) & (frames <= last)
        np.testing.assert_array_equal(inside, expected)
        assert (crop[0, ~inside] == -1).all()
    assert windows.corpora == (store.path.stem,) * 2
    assert [len(windows.crops[windows.of_corpus(n)]) for n in (0, 1)] == list(windows.counts)


def test_initial_weights_depend_on_the_seed_only():
    networks = []
    for seed in (1, 1, 2):
        torch.manual_seed(len(networks))
        networks.append(build("BasicAPC", ROWS, TWO_LAYERS, SETTINGS.models, seed).network)
    one, same, other = (network.state_dict() for network in networks)
    assert all(torch.equal(value, same[name]) for name, value in one.items())
    for layer in networks[0].trunk.layers:
        assert not torch.equal(layer.weight_ih_l0, networks[2].trunk.layers[0].weight_ih_l0)
        biases = layer.bias_ih_l0 + layer.bias_hh_l0
        assert biases.view(4, -1).mean(dim=1).tolist() == [0, 1, 0, 0]
        limit = layer.hidden_size**-0.5
        for weight in (layer.weight_ih_l0, layer.weight_hh_l0):
            assert 0.9 * limit < weight.abs().max() <= limit
    assert not torch.equal(one["predictor.weight"], other["predictor.weight"])


def test_errors_are_means_over_the_frames_of_an_epoch():
    learner = build("BasicAPC", ROWS, PARAMETERS, SETTINGS.models, seed=0)
    means = {"predicted.a": 2.0, "repeated.a": 4.0, "n_values.a": 8.0, "valence": 1.5, "apc": 9.0}
    means |= {"predicted.b": 3.0, "repeated.b": 1.0, "n_values.b": 2.0}
    expected = {"apc": 0.5, "repetition": 0.5, "apc_a": 0.25, "repetition_a": 0.5}
    expected |= {"apc_b": 1.5, "repetition_b": 0.5, "valence": 1.5}
    assert learner.epoch_losses(means) == expected


@pytest.mark.parametrize("name", PREDICTIVE)
def test_history_has_the_errors_of_each_corpus_and_of_the_validation_part(corpus, name):
    history = train_fold(name, corpus).history
    for column in ("apc", "repetition"):
        np.testing.assert_allclose(history[column], history[f"{column}_store"])
        assert history[f"validation_{column}"].between(0.01, 1).all()
    assert history["validation_repetition"].nunique() == 1, "it does not depend on the network"


def test_errors_of_the_validation_part_equal_those_of_its_crops(corpus):
    fold, settings = fold_of(corpus), with_keys(SETTINGS, max_epochs=1)
    trainer = Trainer(
        "BasicAPC", fold, fold.open_unlabelled([corpus / "store.h5"]), TRIAL, settings
    )
    history = trainer.train().history
    crops = torch.cat(list(trainer.parts["validation"].fixed_crops(settings.seed)))[:, 0]
    _, inside = zip(*trainer.parts["validation"].masked_crops(settings.seed), strict=True)
    known = torch.cat(inside)
    known = (known[:, :-AHEAD] & known[:, AHEAD:]).numpy()
    true, last = crops[:, AHEAD:].numpy(), crops[:, :-AHEAD].numpy()
    repetition = np.abs(true - last)[known].mean()
    assert history["validation_repetition"][0] == pytest.approx(repetition, rel=1e-5)
    with torch.no_grad():
        predicted = trainer.network.predict_frames(crops.unsqueeze(1)).numpy()
    error = np.abs(true - predicted)[known].mean()
    assert history["validation_apc"][0] == pytest.approx(error, rel=1e-5)


def test_pretraining_learns_from_unlabelled_speech_first(corpus):
    keys = {"schedule": "pretrain", "pretrain_epochs": 2, "patience": 1, "max_epochs": 4}
    outcome = train_fold("MultitaskAPC", corpus, with_keys(SETTINGS, **keys))
    history = outcome.history
    pretraining = history["epoch"] <= 2
    supervised = ["valence", "activation", "validation_uar"]
    assert history.loc[pretraining, supervised].isna().all(axis=None)
    assert history.loc[pretraining, "apc"].notna().all()
    assert history.loc[~pretraining, "apc"].isna().all()
    assert history.loc[~pretraining, supervised].notna().all(axis=None)
    assert outcome.validation["epoch"] > 2
    assert len(history) > 2, "epochs without labels do not count for the patience"
    assert not outcome.validation["diverged"]


@pytest.mark.parametrize("name", PREDICTIVE)
def test_a_model_starts_as_without_unlabelled_speech(name):
    """A difference between the two is then due to the unlabelled speech."""
    counterpart = MODELS[name].prefix + MODELS[name].family.supervised
    own, other = network_of(name).state_dict(), network_of(counterpart).state_dict()
    assert all(torch.equal(value, own[key]) for key, value in other.items())


def test_sizes_of_the_networks():
    sizes = {}
    for name in SEQUENTIAL:
        network = build(name, CORPUS_ROWS, TWO_LAYERS, SETTINGS.models, seed=0).network
        sizes[name] = sum(parameter.numel() for parameter in network.parameters())
    units, shared = PARAMETERS["hidden_units"], SETTINGS.models.shared_units
    lstm = 4 * units * (CORPUS_ROWS + units + 2) + 4 * units * (2 * units + 2)
    basic = lstm + (units + 1) * shared + (shared + 1) * 5
    predictor = (units + 1) * CORPUS_ROWS
    assert sizes == {
        "BasicLSTM": basic,
        "MultitaskLSTM": basic + (shared + 1) * 5,
        "BasicAPC": basic + predictor,
        "MultitaskAPC": basic + (shared + 1) * 5 + predictor,
    }


def test_errors_without_any_known_frame_are_missing():
    learner = build("BasicAPC", ROWS, PARAMETERS, SETTINGS.models, seed=0)
    means = {"predicted.a": 0.0, "repeated.a": 0.0, "n_values.a": 0.0, "apc": 0.0}
    assert all(np.isnan(value) for value in learner.epoch_losses(means).values())
    nothing = (crops_of(), torch.zeros(3, WIDTH, dtype=torch.bool))
    assert all(np.isnan(value) for value in learner.held_out_errors([nothing]).values())

"""The stopping rule, and a training from end to end on a few recordings."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from emospeech.labels import ENCODINGS, encode
from emospeech.models.catalogue import MODELS, build
from emospeech.models.networks import NetworkSettings
from emospeech.runtime.errors import InputError
from emospeech.training.engine import Engine
from emospeech.training.fold import labelled_parts, load_fold, unlabelled_recordings
from emospeech.training.predictor import load_predictor
from emospeech.training.settings import TrainingSettings
from emospeech.training.trainer import EarlyStopping, Trainer
from emospeech.training.weights import load_weights, save_weights
from tests.conftest import CORPUS_ROWS

TRIAL = {"crop_width": 16, "filters": 4, "filter_size": 3, "batch_size": 8, "learning_rate": 1e-3}
NETWORKS = NetworkSettings(shared_units=16, latent_size=8)
SETTINGS = TrainingSettings(max_epochs=2, device="cpu")


def test_stopping_waits_for_a_strictly_higher_value():
    rule, kept = EarlyStopping(patience=5), []
    for uar in [0.2, 0.3, 0.3, 0.25, 0.31, 0.3, 0.3, 0.31, 0.2, 0.1, 0.9]:
        if rule.should_stop:
            break
        kept.append(rule.improved(uar))
    assert (rule.best_epoch, rule.epoch) == (5, 10)
    assert kept == [True, True, False, False, True] + [False] * 5


def train_fold(name, fold, unlabelled, trial, networks, settings):
    """Return the Outcome of a training."""
    return Trainer(name, fold, unlabelled, trial, networks, settings).train()


def fold_of(corpus, **options):
    paths = (corpus / name for name in ("store.h5", "recordings.csv", "folds.csv"))
    return load_fold(*paths, 1, **options)


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_trains_the_same_weights(corpus, tmp_path, name):
    runs = [
        train_fold(name, fold_of(corpus), [corpus / "store.h5"], (3, TRIAL), NETWORKS, SETTINGS)
        for _ in range(2)
    ]
    for number, run in enumerate(runs):
        save_weights(tmp_path / f"{number}.safetensors", run.weights)
    assert (tmp_path / "0.safetensors").read_bytes() == (tmp_path / "1.safetensors").read_bytes()
    history, validation = runs[0].history, runs[0].validation
    assert validation["uar"] == history["validation_uar"].max()
    columns = {"generator": MODELS[name].adversarial, "activation": len(MODELS[name].tasks) > 1}
    assert all(history[column].notna().all() == there for column, there in columns.items())
    path = tmp_path / "0.safetensors"
    tested = load_predictor(name, fold_of(corpus), (3, TRIAL), path, NETWORKS, SETTINGS)
    probabilities = tested.predict("test", SETTINGS.evaluation_seed)
    assert set(probabilities) == set(MODELS[name].tasks)
    np.testing.assert_allclose(probabilities["valence"].sum(axis=1), 1)
    assert len(tested.labels("test")) == len(probabilities["valence"]) == 8


def test_the_crops_that_are_tested_are_the_studys_and_are_averaged(corpus, tmp_path):
    """The crops have a seed of their own, beside that of the training's draws."""
    large = replace(NETWORKS, weight_deviation=0.5)  # so that crops differ in what is predicted
    network, _ = build("BasicCNN", CORPUS_ROWS, TRIAL, large, seed=0)
    save_weights(tmp_path / "w.safetensors", network.state_dict())

    def tested(crops=1, seed=1):
        place = ((3, TRIAL), tmp_path / "w.safetensors", NETWORKS, SETTINGS)
        return load_predictor("BasicCNN", fold_of(corpus), *place).predict("test", seed, crops)[
            "valence"
        ]

    one = tested()
    assert not np.array_equal(one, tested(seed=2))
    two, three = tested(2), tested(3)
    np.testing.assert_allclose(three.sum(axis=1), 1)
    second, third = 2 * two - one, 3 * three - 2 * two  # the crops that each mean adds
    assert not np.allclose(second, one)
    assert not np.allclose(third, second)
    trained = [
        train_fold("BasicCNN", fold_of(corpus), [], (0, TRIAL), NETWORKS, replace(SETTINGS, seed=n))
        for n in (1, 2)
    ]
    assert not trained[0].history["valence"].equals(trained[1].history["valence"])


CHOICES = [
    {"encoding": "regression", "update": "joint"},
    {"encoding": "hard", "class_loss": "binary"},
]


@pytest.mark.parametrize("options", CHOICES, ids=["regression-joint", "hard-binary"])
def test_other_choices_train_and_predict_distributions(corpus, tmp_path, options):
    settings = TrainingSettings(max_epochs=1, device="cpu", **options)
    networks = replace(
        NETWORKS, outputs=ENCODINGS[settings.encoding].outputs, spectral_norm=True, batch_norm=False
    )
    fold = fold_of(corpus, encoding=settings.encoding)
    place = ("MultitaskDCGAN", fold, [corpus / "store.h5"], (0, TRIAL), networks, settings)
    save_weights(tmp_path / "w.safetensors", train_fold(*place).weights)
    path = tmp_path / "w.safetensors"
    tested = load_predictor("MultitaskDCGAN", fold, (0, TRIAL), path, networks, settings)
    for values in tested.predict("test", seed=1).values():
        np.testing.assert_allclose(values.sum(axis=1), 1)


def test_the_best_weights_come_back(corpus, tmp_path):
    """The weights kept are those that the best epoch ended with, not the last ones."""
    many = TrainingSettings(max_epochs=6, patience=6, device="cpu")
    whole = train_fold("BasicCNN", fold_of(corpus), [], (0, TRIAL), NETWORKS, many)
    best = whole.validation["epoch"]
    assert best < len(whole.history), "the fixture should reach its best before its last epoch"
    short = TrainingSettings(max_epochs=best, patience=6, device="cpu")
    again = train_fold("BasicCNN", fold_of(corpus), [], (0, TRIAL), NETWORKS, short).weights
    assert all(torch.equal(whole.weights[key], again[key]) for key in again)


def test_nothing_of_the_held_out_session_is_heard_in_training(corpus):
    fold = fold_of(corpus)
    held_out = set(np.flatnonzero(fold.table["session"] == "Ses01"))
    unlabelled = unlabelled_recordings(fold, fold.store)
    parts = labelled_parts(fold, ("valence",))
    assert not held_out & (set(unlabelled) | set(parts["train"].recordings))
    assert set(parts["test"].recordings) < held_out
    assert len(unlabelled) == 18, "the unlabelled recording of the other session is heard"
    assert len(parts["train"].recordings) == 16


def test_what_is_heard_in_training_decides_it(corpus):
    """Changing held-out audio changes nothing of a training but its validation."""
    fold = fold_of(corpus)
    first = train_fold(
        "BasicDCGAN",
        fold,
        [corpus / "store.h5"],
        (0, TRIAL),
        NETWORKS,
        TrainingSettings(max_epochs=1),
    )
    noisy = fold_of(corpus)
    for number in np.flatnonzero(noisy.table["part"] != "train"):
        noisy.store.frames[noisy.store.offsets[number] : noisy.store.offsets[number + 1]] = 0.5
    again = train_fold(
        "BasicDCGAN",
        noisy,
        [corpus / "store.h5"],
        (0, TRIAL),
        NETWORKS,
        TrainingSettings(max_epochs=1),
    )
    assert all(torch.equal(first.weights[key], again.weights[key]) for key in first.weights)


def test_shuffling_keeps_the_labels_of_each_part(corpus):
    plain, shuffled = fold_of(corpus), fold_of(corpus, shuffle_seed=1)
    np.testing.assert_array_equal(
        shuffled.targets["valence"], encode(shuffled.table["valence"], "fuzzy")
    )
    assert not plain.table["valence"].equals(shuffled.table["valence"])
    for _, rows in plain.table.groupby("part"):
        assert sorted(rows["valence"].dropna()) == sorted(
            shuffled.table.loc[rows.index, "valence"].dropna()
        )


def test_a_part_without_labels_is_told(corpus):
    fold = fold_of(corpus)
    fold.table.loc[fold.table["part"] == "validation", "valence"] = np.nan
    with pytest.raises(InputError, match="fold 1: no recording of its validation"):
        train_fold("BasicCNN", fold, [], (0, TRIAL), NETWORKS, SETTINGS)


def test_tables_of_another_corpus_a_large_batch_and_foreign_weights_are_told(corpus, tmp_path):
    other = pd.read_csv(corpus / "recordings.csv").iloc[1:]
    other.to_csv(tmp_path / "recordings.csv", index=False)
    with pytest.raises(InputError, match="does not hold the recordings"):
        load_fold(corpus / "store.h5", tmp_path / "recordings.csv", corpus / "folds.csv", 1)
    with pytest.raises(InputError, match="batch_size"):
        train_fold(
            "BasicCNN", fold_of(corpus), [], (0, TRIAL | {"batch_size": 500}), NETWORKS, SETTINGS
        )
    network, _ = build("BasicCNN", CORPUS_ROWS, TRIAL, NETWORKS, seed=0)
    save_weights(tmp_path / "w.safetensors", {"other": torch.zeros(2)})
    with pytest.raises(InputError, match="does not hold the weights"):
        load_weights(tmp_path / "w.safetensors", network)


def test_a_part_without_a_label_is_told(corpus):
    fold = fold_of(corpus)
    fold.table.loc[fold.table["part"] == "validation", "activation"] = np.nan
    assert set(labelled_parts(fold, ("valence",))) == {"train", "validation", "test"}
    with pytest.raises(InputError, match=r"fold 1: .* validation part .* valence and activation"):
        labelled_parts(fold, ("valence", "activation"))


def failing_steps(monkeypatch, first, spoil):
    """Let `spoil(engine, losses)` change the outcome of each step from number `first` on."""
    step, count = Engine.step, itertools.count()

    def spoiled(engine, *arguments):
        losses = step(engine, *arguments)
        return losses if next(count) < first else spoil(engine, losses)

    monkeypatch.setattr(Engine, "step", spoiled)


def infinite_loss(engine, losses):
    return losses | {"generator": torch.tensor(float("inf"))}


def broken_weight(engine, losses):
    engine.generator.linear.weight.data[0, 0] = float("nan")
    return losses


@pytest.mark.parametrize("spoil", [infinite_loss, broken_weight])
@pytest.mark.parametrize("good_epochs", [0, 2])
def test_a_diverged_training_ends_with_a_record(corpus, monkeypatch, good_epochs, spoil):
    settings = replace(SETTINGS, max_epochs=6, patience=6)
    place = ("BasicDCGAN", fold_of(corpus), [corpus / "store.h5"], (0, TRIAL), NETWORKS)
    short = train_fold(*place, replace(settings, max_epochs=max(good_epochs, 1)))
    draws = short.draws.loc[short.draws["use"] == "labelled", "draws"].sum()
    steps = draws // TRIAL["batch_size"] // max(good_epochs, 1)
    with monkeypatch.context() as patch:
        failing_steps(patch, (good_epochs + 1) * steps - 1, spoil)
        outcome = train_fold(*place, settings)
    assert outcome.history["validation_uar"].isna().tolist() == [False] * good_epochs + [True]
    validation = outcome.validation
    assert validation["diverged"]
    assert (validation["epoch"], validation["uar"]) == (None, None)
    assert not short.validation["diverged"]
    assert all(value.isfinite().all() for value in outcome.weights.values())
    same = all(torch.equal(outcome.weights[key], short.weights[key]) for key in short.weights)
    assert same == bool(good_epochs), "the best weights; the initial ones without a good epoch"


def test_the_precision_in_use_is_recorded(corpus, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    settings = replace(SETTINGS, max_epochs=1, precision="auto")
    outcome = train_fold("BasicCNN", fold_of(corpus), [], (0, TRIAL), NETWORKS, settings)
    explicit = replace(settings, precision="bfloat16")
    again = train_fold("BasicCNN", fold_of(corpus), [], (0, TRIAL), NETWORKS, explicit)
    assert outcome.validation["precision"] == outcome.settings.precision == "bfloat16"
    assert all(torch.equal(again.weights[key], outcome.weights[key]) for key in again.weights)

"""The stopping rule, and complete training runs on a few recordings."""

import itertools
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from emospeech.labels import encode
from emospeech.models.catalogue import MODELS, build
from emospeech.runtime.errors import InputError
from emospeech.spectrograms.store import open_store
from emospeech.training.engine import Engine
from emospeech.training.fold import LabelledCorpus
from emospeech.training.predictor import load_predictor
from emospeech.training.trainer import EarlyStopping, Trainer
from emospeech.training.trial import Trial
from emospeech.training.weights import load_weights, save_weights
from tests.conftest import CORPUS_ROWS, corpus_paths
from tests.plain_metrics import plain_metrics
from tests.settings import (
    ACTIVATION,
    ADVERSARIAL,
    PARAMETERS,
    PREDICTIVE,
    VALENCE,
    settings_of,
    tasks_of_model,
    with_keys,
)

TRIAL = Trial(3, PARAMETERS)
SETTINGS = settings_of(shared_units=16, latent_size=8, max_epochs=2)


def test_stopping_requires_a_strictly_higher_value():
    rule, kept = EarlyStopping(patience=5), []
    for uar in [0.2, 0.3, 0.3, 0.25, 0.31, 0.3, 0.3, 0.31, 0.2, 0.1, 0.9]:
        if rule.should_stop:
            break
        kept.append(rule.update(uar))
    assert (rule.best_epoch, rule.epoch) == (5, 10)
    assert kept == [True, True, False, False, True] + [False] * 5


def fold_of(corpus, fold_id=1, settings=SETTINGS):
    """Return a fold of the fixture `corpus`."""
    return LabelledCorpus.open(corpus_paths(corpus), settings).fold(fold_id)


def train_fold(name, corpus, settings=SETTINGS, fold=None, seed=None):
    """Return the Outcome of training on fold 1, whose unlabelled pool is the corpus itself."""
    fold = fold or fold_of(corpus, settings=settings)
    pool = fold.open_unlabelled([corpus / "store.h5"])
    return Trainer(name, fold, pool, TRIAL, settings, seed).train()


def test_corpora_of_the_pool_may_have_recordings_of_the_same_name(corpus, tmp_path):
    shutil.copy(corpus / "store.h5", tmp_path / "other.h5")
    fold, other = fold_of(corpus), open_store(tmp_path / "other.h5")
    pool = [*fold.open_unlabelled([corpus / "store.h5"]), (other, np.arange(20, 30))]
    draws = Trainer("BasicDCGAN", fold, pool, TRIAL, SETTINGS).train().draws
    corpora = draws[draws["use"] == "unlabelled"].groupby("corpus")["recording"].agg(set)
    assert corpora["other"] & corpora["store"]
    assert (draws["valence"].notna() == (draws["use"] != "unlabelled")).all()


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_trains_the_same_weights(corpus, tmp_path, name):
    runs = [train_fold(name, corpus) for _ in range(2)]
    for number, run in enumerate(runs):
        save_weights(tmp_path / f"{number}.safetensors", run.weights)
    assert (tmp_path / "0.safetensors").read_bytes() == (tmp_path / "1.safetensors").read_bytes()
    history, validation = runs[0].history, runs[0].validation
    assert validation["uar"] == history["validation_uar"].max()
    columns = {"generator": name in ADVERSARIAL, "apc": name in PREDICTIVE}
    columns |= {"valence": True, "activation": MODELS[name].multitask}
    filled = set(history.columns[history.notna().all()])
    assert {column: column in filled for column in columns} == columns
    path = tmp_path / "0.safetensors"
    tested = load_predictor(name, fold_of(corpus), TRIAL, path, SETTINGS)
    probabilities = tested.predict("test", SETTINGS.seed)
    assert set(probabilities) == {task.name for task in tasks_of_model(name)}
    np.testing.assert_allclose(probabilities["valence"].sum(axis=1), 1)
    validated = tested.predict("validation", SETTINGS.seed)["valence"]
    expected = plain_metrics(tested.labels("validation")[:, 0], validated)
    best = history.set_index("epoch").loc[validation["epoch"]]
    found = best[["validation_uar", "validation_rho"]].astype(float).tolist()
    assert found == pytest.approx([expected["uar5"], expected["rho"]])
    assert len(tested.labels("test")) == len(probabilities["valence"]) == 8


def test_probabilities_are_averaged_over_the_evaluation_crops(corpus, tmp_path):
    """Crop seeds change the predictions, and training seeds change the losses."""
    large = replace(SETTINGS.models, weight_deviation=0.5)  # so that predictions differ by crop
    network = build("BasicCNN", CORPUS_ROWS, PARAMETERS, large, seed=0).network
    save_weights(tmp_path / "w.safetensors", network.state_dict())

    def tested(crops=1, seed=1):
        weights = tmp_path / "w.safetensors"
        predictor = load_predictor("BasicCNN", fold_of(corpus), TRIAL, weights, SETTINGS)
        return predictor.predict("test", seed, crops)["valence"]

    one = tested()
    assert not np.array_equal(one, tested(seed=2))
    two, three = tested(2), tested(3)
    np.testing.assert_allclose(three.sum(axis=1), 1)
    second, third = 2 * two - one, 3 * three - 2 * two  # the predictions for crops 2 and 3
    assert not np.allclose(second, one)
    assert not np.allclose(third, second)
    trained = [train_fold("BasicCNN", corpus, seed=seed) for seed in (1, 2)]
    assert not trained[0].history["valence"].equals(trained[1].history["valence"])


CHOICES = [
    {"encoding": "regression", "update": "joint"},
    {"encoding": "hard", "class_loss": "binary"},
]


@pytest.mark.parametrize("options", CHOICES, ids=["regression-joint", "hard-binary"])
def test_other_choices_train_and_predict_distributions(corpus, tmp_path, options):
    settings = with_keys(SETTINGS, max_epochs=1, spectral_norm=True, batch_norm=False, **options)
    path = tmp_path / "w.safetensors"
    save_weights(path, train_fold("MultitaskDCGAN", corpus, settings).weights)
    fold = fold_of(corpus, settings=settings)
    tested = load_predictor("MultitaskDCGAN", fold, TRIAL, path, settings)
    for values in tested.predict("test", seed=1).values():
        np.testing.assert_allclose(values.sum(axis=1), 1)


def test_the_weights_of_the_best_epoch_are_kept(corpus, tmp_path):
    """Training up to the best epoch gives the same weights as training beyond it."""
    many = with_keys(SETTINGS, max_epochs=6, patience=6)
    whole = train_fold("BasicCNN", corpus, many)
    best = whole.validation["epoch"]
    assert best < len(whole.history), "the fixture should reach its best before its last epoch"
    again = train_fold("BasicCNN", corpus, with_keys(many, max_epochs=best)).weights
    assert all(torch.equal(whole.weights[key], again[key]) for key in again)


def test_the_held_out_recordings_is_not_used_in_training(corpus):
    fold = fold_of(corpus)
    held_out = set(np.flatnonzero(fold.table["session"] == "Ses01"))
    unlabelled = fold.unlabelled_recordings(fold.store)
    parts = fold.labelled_parts((VALENCE,))
    assert not held_out & (set(unlabelled) | set(parts["train"].recordings))
    assert set(parts["test"].recordings) < held_out
    assert len(unlabelled) == 18, "including the unlabelled recordings of the other session"
    assert len(parts["train"].recordings) == 16


def test_held_out_audio_does_not_change_the_weights(corpus):
    settings = with_keys(SETTINGS, max_epochs=1)
    first = train_fold("BasicDCGAN", corpus, settings)
    noisy = fold_of(corpus)
    for number in np.flatnonzero(noisy.table["part"] != "train"):
        noisy.store.frames[noisy.store.offsets[number] : noisy.store.offsets[number + 1]] = 0.5
    again = train_fold("BasicDCGAN", corpus, settings, noisy)
    assert all(torch.equal(first.weights[key], again.weights[key]) for key in first.weights)


def test_shuffling_keeps_the_labels_of_each_part(corpus):
    plain = fold_of(corpus)
    shuffled = fold_of(corpus, settings=with_keys(SETTINGS, shuffle=True))
    np.testing.assert_array_equal(
        shuffled.targets["valence"], encode(shuffled.table["valence"], "fuzzy")
    )
    assert not plain.table["valence"].equals(shuffled.table["valence"])
    for _, rows in plain.table.groupby("part"):
        assert sorted(rows["valence"].dropna()) == sorted(
            shuffled.table.loc[rows.index, "valence"].dropna()
        )


def test_unusable_inputs_are_reported(corpus, tmp_path):
    """Tables of another corpus, a batch larger than an epoch, and weights of another network."""
    other = pd.read_csv(corpus / "recordings.csv").iloc[1:]
    other.to_csv(tmp_path / "recordings.csv", index=False)
    paths = corpus_paths(corpus, recordings=tmp_path / "recordings.csv")
    with pytest.raises(InputError, match=r"store\.h5"):
        LabelledCorpus.open(paths, SETTINGS).fold(1)
    large = Trial(0, PARAMETERS | {"batch_size": 500})
    with pytest.raises(InputError, match="batch_size"):
        Trainer("BasicCNN", fold_of(corpus), [], large, SETTINGS).train()
    network = build("BasicCNN", CORPUS_ROWS, PARAMETERS, SETTINGS.models, seed=0).network
    save_weights(tmp_path / "w.safetensors", {"other": torch.zeros(2)})
    with pytest.raises(InputError, match=r"w\.safetensors"):
        load_weights(tmp_path / "w.safetensors", network)


def test_a_part_without_labels_is_reported(corpus):
    fold = fold_of(corpus)
    fold.table.loc[fold.table["part"] == "validation", "activation"] = np.nan
    assert set(fold.labelled_parts((VALENCE,))) == {"train", "validation", "test"}
    with pytest.raises(InputError, match=r"fold 1: .* validation part .* valence and activation"):
        fold.labelled_parts((VALENCE, ACTIVATION))


def failing_steps(monkeypatch, first, spoil):
    """Let `spoil(engine, losses)` change the losses of each step from step `first` on."""
    step, count = Engine.step, itertools.count()

    def spoiled(engine, *arguments):
        losses = step(engine, *arguments)
        return losses if next(count) < first else spoil(engine, losses)

    monkeypatch.setattr(Engine, "step", spoiled)


def infinite_loss(engine, losses):
    return losses | {"generator": torch.tensor(float("inf"))}


def broken_weight(engine, losses):
    engine.learner.generator.linear.weight.data[0, 0] = float("nan")
    return losses


@pytest.mark.parametrize("spoil", [infinite_loss, broken_weight])
@pytest.mark.parametrize("good_epochs", [0, 2])
def test_a_diverged_training_ends_and_is_recorded(corpus, monkeypatch, good_epochs, spoil):
    settings = with_keys(SETTINGS, max_epochs=6, patience=6)
    short = train_fold("BasicDCGAN", corpus, with_keys(settings, max_epochs=max(good_epochs, 1)))
    draws = short.draws.loc[short.draws["use"] == "labelled", "draws"].sum()
    steps = draws // PARAMETERS["batch_size"] // max(good_epochs, 1)
    with monkeypatch.context() as patch:
        failing_steps(patch, (good_epochs + 1) * steps - 1, spoil)
        outcome = train_fold("BasicDCGAN", corpus, settings)
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
    settings = with_keys(SETTINGS, max_epochs=1, precision="auto")
    outcome = train_fold("BasicCNN", corpus, settings)
    again = train_fold("BasicCNN", corpus, with_keys(settings, precision="bfloat16"))
    assert outcome.validation["precision"] == outcome.settings.training.precision == "bfloat16"
    assert all(torch.equal(again.weights[key], outcome.weights[key]) for key in again.weights)

"""Losses, updates, the stopping rule, and a training from end to end on a few recordings."""

import numpy as np
import pandas as pd
import pytest
import torch

from emospeech.corpora.tables import RECORDING_COLUMNS
from emospeech.faults import InputError
from emospeech.folds import FoldSettings, make_folds
from emospeech.models.catalogue import MODELS, build
from emospeech.models.networks import NetworkSettings
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.shards import write_store
from emospeech.training.engine import Engine
from emospeech.training.fit import StoppingRule
from emospeech.training.fold import labelled_parts, load_fold, unlabelled_recordings
from emospeech.training.losses import class_loss, fake_loss, real_loss
from emospeech.training.run import predict_test, train_fold
from emospeech.training.settings import TrainingSettings
from emospeech.training.weights import load_weights, save_weights
from tests.conftest import write_tables

TRIAL = {"crop_width": 16, "filters": 4, "filter_size": 3, "batch_size": 8, "learning_rate": 1e-3}
NETWORKS = NetworkSettings(shared_units=16, latent_size=8)
SETTINGS = TrainingSettings(max_epochs=2, device="cpu")
ROWS = 32


def test_losses_equal_the_papers_formulas():
    logits = torch.linspace(-8, 8, 33, dtype=torch.float64)
    probability = 1 / (1 + np.exp(-logits.numpy()))
    assert real_loss(logits).item() == pytest.approx(-np.log(probability).mean())
    assert fake_loss(logits).item() == pytest.approx(-np.log(1 - probability).mean())
    scores = torch.randn(7, 5, dtype=torch.float64)
    labels = torch.softmax(torch.randn(7, 5, dtype=torch.float64), 1)
    softmax = scores.exp() / scores.exp().sum(1, keepdim=True)
    assert class_loss(scores, labels).item() == pytest.approx(
        -(labels * softmax.log()).sum(1).mean().item()
    )


def moved(before, module):
    state = module.state_dict()
    return {
        k
        for k, v in before.items()
        if "running" not in k and "num" not in k and not torch.equal(v, state[k])
    }


@pytest.mark.parametrize("name", MODELS)
def test_each_update_touches_its_own_parameters(name):
    network, generator = build(name, ROWS, TRIAL, NETWORKS, seed=0)
    engine = Engine(network, generator, MODELS[name].tasks, 1e-3, SETTINGS)
    real, latent = torch.rand(4, 1, ROWS, 16) * 2 - 1, torch.rand(4, 8)
    copy = lambda module: {k: v.clone() for k, v in module.state_dict().items()}  # noqa: E731
    if generator:
        network_before, generator_before = copy(network), copy(generator)
        engine._update("generator", real_loss(network.judge(generator(latent), real=False)))
        assert not moved(network_before, network)
        assert moved(generator_before, generator)
        generator_before = copy(generator)
        engine._update("discriminator", real_loss(network.judge(real, real=True)))
        assert not moved(generator_before, generator)
        assert {k.split(".")[0] for k in moved(network_before, network)} == {"trunk", "real_fake"}
    before = copy(network)
    labels = torch.softmax(torch.randn(4, 5), 1)
    engine._update("valence", class_loss(network.classify(real)["valence"], labels))
    changed = {".".join(k.split(".")[:2]) for k in moved(before, network) if "trunk" not in k}
    assert changed == {"shared.weight", "shared.bias", "heads.valence"}
    assert any("trunk" in k for k in moved(before, network))


def test_a_step_is_the_plain_sequence_of_updates():
    """Generator, discriminator on the detached fakes, then each task; each with its own Adam."""
    model = MODELS["MultitaskDCGAN"]
    crops, unlabelled = torch.rand(2, 4, 1, ROWS, 16) * 2 - 1
    labels = list(torch.softmax(torch.randn(2, 4, 5), 2))
    latent = torch.rand(4, 8)
    pairs = [build("MultitaskDCGAN", ROWS, TRIAL, NETWORKS, seed=0) for _ in range(2)]
    for network, generator in pairs:
        engine = Engine(network, generator, model.tasks, 1e-3, SETTINGS)
        if network is pairs[0][0]:
            for _ in range(2):
                engine.step(crops, labels, unlabelled, latent)
            continue
        for _ in range(2):
            fake = generator(latent)
            engine._update("generator", real_loss(network.judge(fake, real=False)))
            real = real_loss(network.judge(unlabelled, real=True))
            detached = fake_loss(network.judge(fake.detach(), real=False))
            engine._update("discriminator", real + detached)
            for task, truth in zip(model.tasks, labels, strict=True):
                engine._update(task, class_loss(network.classify(crops)[task], truth))
    for ours, plain in zip(*pairs, strict=True):
        for key, value in plain.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[key], value, msg=key)


def test_stopping_waits_for_a_strictly_higher_value():
    rule, kept = StoppingRule(patience=5), []
    for uar in [0.2, 0.3, 0.3, 0.25, 0.31, 0.3, 0.3, 0.31, 0.2, 0.1, 0.9]:
        if rule.stop:
            break
        kept.append(rule.better(uar))
    assert (rule.best_epoch, rule.epoch) == (5, 10)
    assert kept == [True, True, False, False, True] + [False] * 5


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Two sessions of two speakers with nine recordings each, one of them without a label."""
    folder = tmp_path_factory.mktemp("corpus")
    seconds = np.random.default_rng(0).uniform(0.4, 1.0, 36)
    recordings, words = write_tables(folder, seconds, [(i, 0.1, 0.3) for i in range(36)])
    recordings["session"] = np.repeat(["Ses01", "Ses02"], 18)
    recordings["gender"] = np.tile(np.repeat(["F", "M"], 9), 2)
    recordings["speaker"] = recordings["session"] + recordings["gender"]
    recordings["valence"] = np.tile([1, 1.5, 2, 2.5, 3, 3.5, 4, 5, np.nan], 4)
    recordings["activation"] = np.tile([2, 2, 3, 3, 3, 4, 4, 4, np.nan], 4)
    recordings["duration"] = seconds
    recordings.reindex(columns=RECORDING_COLUMNS).to_csv(folder / "recordings.csv", index=False)
    settings = SpectrogramSettings(rows=ROWS)
    write_store(folder / "store.h5", recordings, words, folder, settings)
    make_folds(recordings, FoldSettings(2)).to_csv(folder / "folds.csv", index=False)
    return folder


def fold_of(corpus, **options):
    paths = (corpus / name for name in ("store.h5", "recordings.csv", "folds.csv"))
    return load_fold(*paths, 1, **options)


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_trains_the_same_weights(corpus, tmp_path, name):
    runs = [
        train_fold(name, fold_of(corpus), [corpus / "store.h5"], 3, TRIAL, NETWORKS, SETTINGS)
        for _ in range(2)
    ]
    for number, (_, weights, _) in enumerate(runs):
        save_weights(tmp_path / f"{number}.safetensors", weights)
    assert (tmp_path / "0.safetensors").read_bytes() == (tmp_path / "1.safetensors").read_bytes()
    history, _, validation = runs[0]
    assert validation["uar"] == history["validation_uar"].max()
    columns = {"generator": MODELS[name].adversarial, "activation": len(MODELS[name].tasks) > 1}
    assert all(history[column].notna().all() == there for column, there in columns.items())
    probabilities, part = predict_test(
        name, fold_of(corpus), TRIAL, tmp_path / "0.safetensors", NETWORKS, SETTINGS
    )
    assert set(probabilities) == set(MODELS[name].tasks)
    np.testing.assert_allclose(probabilities["valence"].sum(axis=1), 1)
    assert len(part.recordings) == len(probabilities["valence"]) == 8


def test_the_best_weights_come_back(corpus, tmp_path):
    """The weights kept are those that the best epoch ended with, not the last ones."""
    many = TrainingSettings(max_epochs=6, patience=6, device="cpu")
    history, weights, validation = train_fold(
        "BasicCNN", fold_of(corpus), [], 0, TRIAL, NETWORKS, many
    )
    best = validation["epoch"]
    assert best < len(history), "the fixture should reach its best before its last epoch"
    short = TrainingSettings(max_epochs=best, patience=6, device="cpu")
    _, again, _ = train_fold("BasicCNN", fold_of(corpus), [], 0, TRIAL, NETWORKS, short)
    assert all(torch.equal(weights[key], again[key]) for key in weights)


def test_nothing_of_the_held_out_session_is_heard_in_training(corpus):
    fold = fold_of(corpus)
    held_out = set(np.flatnonzero(fold.table["session"] == "Ses01"))
    unlabelled = unlabelled_recordings(fold, corpus / "store.h5", fold.store)
    parts = labelled_parts(fold, ("valence",))
    assert not held_out & (set(unlabelled) | set(parts["train"].recordings))
    assert set(parts["test"].recordings) < held_out
    assert len(unlabelled) == 18, "the unlabelled recording of the other session is heard"
    assert len(parts["train"].recordings) == 16
    assert len(unlabelled_recordings(fold, corpus / "other.h5", fold.store)) == 36


def test_what_is_heard_in_training_decides_it(corpus):
    """Changing held-out audio changes nothing of a training but its validation."""
    fold = fold_of(corpus)
    _, weights, _ = train_fold(
        "BasicDCGAN",
        fold,
        [corpus / "store.h5"],
        0,
        TRIAL,
        NETWORKS,
        TrainingSettings(max_epochs=1),
    )
    noisy = fold_of(corpus)
    for number in np.flatnonzero(noisy.table["part"] != "train"):
        noisy.store.frames[noisy.store.offsets[number] : noisy.store.offsets[number + 1]] = 0.5
    _, again, _ = train_fold(
        "BasicDCGAN",
        noisy,
        [corpus / "store.h5"],
        0,
        TRIAL,
        NETWORKS,
        TrainingSettings(max_epochs=1),
    )
    assert all(torch.equal(weights[key], again[key]) for key in weights)


def test_shuffling_keeps_the_labels_of_each_part(corpus):
    plain, shuffled = fold_of(corpus), fold_of(corpus, shuffle_seed=1)
    assert not plain.table["valence"].equals(shuffled.table["valence"])
    for _, rows in plain.table.groupby("part"):
        assert sorted(rows["valence"].dropna()) == sorted(
            shuffled.table.loc[rows.index, "valence"].dropna()
        )


def test_a_part_without_labels_is_told(corpus):
    fold = fold_of(corpus)
    fold.table.loc[fold.table["part"] == "validation", "valence"] = np.nan
    with pytest.raises(InputError, match="fold 1: no recording of its validation"):
        train_fold("BasicCNN", fold, [], 0, TRIAL, NETWORKS, SETTINGS)


def test_tables_of_another_corpus_a_large_batch_and_foreign_weights_are_told(corpus, tmp_path):
    other = pd.read_csv(corpus / "recordings.csv").iloc[1:]
    other.to_csv(tmp_path / "recordings.csv", index=False)
    with pytest.raises(InputError, match="does not hold the recordings"):
        load_fold(corpus / "store.h5", tmp_path / "recordings.csv", corpus / "folds.csv", 1)
    with pytest.raises(InputError, match="batch_size"):
        train_fold(
            "BasicCNN", fold_of(corpus), [], 0, TRIAL | {"batch_size": 500}, NETWORKS, SETTINGS
        )
    network, _ = build("BasicCNN", ROWS, TRIAL, NETWORKS, seed=0)
    save_weights(tmp_path / "w.safetensors", {"other": torch.zeros(2)})
    with pytest.raises(InputError, match="does not hold the weights"):
        load_weights(tmp_path / "w.safetensors", network)


def test_a_part_without_a_label_is_told(corpus):
    fold = fold_of(corpus)
    fold.table.loc[fold.table["part"] == "validation", "activation"] = np.nan
    assert set(labelled_parts(fold, ("valence",))) == {"train", "validation", "test"}
    with pytest.raises(InputError, match=r"fold 1: .* validation part .* valence and activation"):
        labelled_parts(fold, ("valence", "activation"))

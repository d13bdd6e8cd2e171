"""A killed or stopped training run that resumes has the same outcome as an uninterrupted one."""

import logging
import math
import multiprocessing
import os
import signal
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from emospeech.models.catalogue import MODELS
from emospeech.runtime.errors import StoppedError
from emospeech.runtime.files import write_arrays, write_table
from emospeech.training.checkpoint import Checkpoint, digest_of_audio
from emospeech.training.predictor import load_predictor
from emospeech.training.trainer import Trainer
from emospeech.training.trial import Trial
from emospeech.training.weights import save_weights
from tests.settings import ADVERSARIAL, PARAMETERS, with_keys
from tests.test_training import SETTINGS, TRIAL, fold_of

LONG = with_keys(SETTINGS, max_epochs=6, patience=5, spectral_norm=True)
TIMES = ["seconds", "crops_per_second"]


def trainer_of(corpus, name, settings=LONG, trial=TRIAL, seed=None):
    """Return the Trainer of a model on fold 1, whose unlabelled pool is the corpus itself."""
    fold = fold_of(corpus, settings=settings)
    pool = fold.open_unlabelled([corpus / "store.h5"])
    return Trainer(name, fold, pool, trial, settings, seed)


def train(corpus, name, checkpoint, settings=LONG, should_stop=lambda: False):
    """Return the Outcome of a training run that resumes from a checkpoint."""
    return trainer_of(corpus, name, settings).train(checkpoint, "code", should_stop)


def save_all(folder, corpus, name, trained):
    """Write all results of a training run except its times."""
    save_weights(folder / f"{name}.safetensors", trained.weights)
    write_table(folder / f"{name}.csv", trained.history.drop(columns=TIMES))
    write_table(folder / f"{name}.csv.gz", trained.draws)
    write_arrays(folder / f"{name}.npz", trained.samples)
    weights = folder / f"{name}.safetensors"
    predictor = load_predictor(name, fold_of(corpus), TRIAL, weights, LONG)
    probabilities = predictor.predict("test", LONG.seed)
    np.save(folder / f"{name}.npy", np.stack(list(probabilities.values())))


def train_all(corpus, folder):
    """Train each model that has no results yet; resume from its checkpoint if there is one."""
    for name in MODELS:
        if not (folder / f"{name}.npy").exists():
            place = folder / f"{name}.checkpoint"
            save_all(folder, corpus, name, train(corpus, name, place))
            place.unlink()


def start(corpus, folder):
    """Start a process that trains all models and shares no state with this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.test_resume"])  # so that torch is imported once
    process = context.Process(target=train_all, args=(corpus, folder))
    process.start()
    return process


def versions(folder):
    """Return names and times of the checkpoints in a folder."""
    with suppress(FileNotFoundError):  # one was removed after it was listed
        return {(file.name, file.stat().st_mtime_ns) for file in folder.glob("[!.]*.checkpoint")}
    return set()


def wait_for_epochs(process, folder, count):
    for _ in range(count):
        before = versions(folder)
        while process.is_alive() and versions(folder) <= before:
            time.sleep(0.001)


def test_a_training_killed_ten_times_ends_with_the_same_bytes(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    began = time.monotonic()
    train_all(corpus, whole)
    epoch = (time.monotonic() - began) / (LONG.training.max_epochs * len(MODELS))
    rng, resumed = np.random.default_rng(2), 0
    for _ in range(10):
        resumed += bool(versions(killed))
        process = start(corpus, killed)
        wait_for_epochs(process, killed, rng.integers(2))
        time.sleep(rng.uniform(0, epoch))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL, "it should not have ended"
    start(corpus, killed).join()
    assert resumed > 2
    bytes_of = [{file.name: file.read_bytes() for file in f.iterdir()} for f in (whole, killed)]
    assert len(bytes_of[0]) == 5 * len(MODELS)
    assert bytes_of[0] == bytes_of[1]


@pytest.fixture
def stopping(monkeypatch):
    """Return a function that trains until the first checkpoint is saved."""
    save = Checkpoint.save

    def save_and_stop(kept, *state):
        save(kept, *state)
        raise KeyboardInterrupt

    def train_an_epoch(*arguments, **options):
        with monkeypatch.context() as patch:
            patch.setattr(Checkpoint, "save", save_and_stop)
            with pytest.raises(KeyboardInterrupt):
                train(*arguments, **options)

    return train_an_epoch


def assert_same(again, whole):
    """Assert that two outcomes of a training run are equal except for their times."""
    assert again.history.drop(columns=TIMES).equals(whole.history.drop(columns=TIMES))
    assert again.validation == whole.validation
    assert again.draws.equals(whole.draws)
    np.testing.assert_equal(again.samples, whole.samples)
    assert again.weights.keys() == whole.weights.keys()
    assert all(torch.equal(whole.weights[key], again.weights[key]) for key in again.weights)


@pytest.mark.parametrize(
    ("name", "update"), [*((name, "separate") for name in MODELS), ("MultitaskDCGAN", "joint")]
)
def test_a_training_stopped_after_each_epoch_resumes(corpus, tmp_path, stopping, name, update):
    settings = with_keys(LONG, update=update, max_epochs=4)
    whole = train(corpus, name, None, settings)
    for _ in range(len(whole.history)):
        stopping(corpus, name, tmp_path / "checkpoint", settings)
    again = train(corpus, name, tmp_path / "checkpoint", settings)
    assert_same(again, whole)
    assert again.samples["epochs"].tolist() == ([1, 2, 4] if name in ADVERSARIAL else [])


@pytest.mark.parametrize(
    ("name", "update"), [*((name, "separate") for name in MODELS), ("MultitaskDCGAN", "joint")]
)
def test_a_training_asked_to_stop_at_random_steps_resumes(corpus, tmp_path, name, update):
    """It stops right after the step, and the outcome is bit-identical."""
    settings = with_keys(LONG, update=update)
    place, whole = tmp_path / "checkpoint", train(corpus, name, None, settings)
    rng, stops, again = np.random.default_rng(4), [], None
    while again is None:
        answers = iter([False] * rng.integers(3) + [True])
        try:
            again = train(corpus, name, place, settings, should_stop=partial(next, answers))
        except StoppedError as stop:
            stops.append(str(stop))
    assert len(stops) > 3
    assert any("steps of the next" in stop for stop in stops)
    assert_same(again, whole)
    assert (again.history["seconds"] > 0).all()


@pytest.mark.parametrize(("share", "count"), [(0.0, 2), (math.inf, LONG.training.max_epochs)])
def test_checkpoints_are_saved_as_often_as_their_share_allows(
    corpus, tmp_path, monkeypatch, share, count
):
    """The first and the last epoch always end with a checkpoint."""
    saved, save = [], Checkpoint.save
    monkeypatch.setattr("emospeech.training.checkpoint.MAX_SAVING_SHARE", share)
    monkeypatch.setattr(Checkpoint, "save", lambda *state: saved.append(save(*state)))
    history = train(corpus, "BasicCNN", tmp_path / "checkpoint").history
    assert len(history) == LONG.training.max_epochs
    assert len(saved) == count


OTHERS = {
    "training.patience is now 4 and was 5": {"settings": with_keys(LONG, patience=4)},
    'crops.edge is now "shift" and was "floor"': {"settings": with_keys(LONG, edge="shift")},
    "trial.filters is now 5 and was 4": {"trial": Trial(3, PARAMETERS | {"filters": 5})},
    "seed of the training is now 2 and was 1": {"seed": 2},
    'code is now "new" and was "code"': {"code": "new"},
    'labels is now "': {"settings": with_keys(LONG, shuffle=True)},
}


@pytest.mark.parametrize("line", OTHERS)
def test_a_checkpoint_of_another_training_is_refused(corpus, tmp_path, stopping, caplog, line):
    """The log names the key of the config that differs."""
    checkpoint, options = tmp_path / "checkpoint", dict(OTHERS[line])
    code = options.pop("code", "code")
    stopping(corpus, "BasicCNN", checkpoint)
    with caplog.at_level(logging.INFO):
        history = trainer_of(corpus, "BasicCNN", **options).train(checkpoint, code).history
    assert str(checkpoint) in caplog.text
    assert line in caplog.text
    assert history["epoch"].tolist() == list(range(1, len(history) + 1))
    fresh = trainer_of(corpus, "BasicCNN", **options).train(None, code).history
    assert fresh.drop(columns=TIMES).equals(history.drop(columns=TIMES))


def changed_byte(whole):
    return whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:]


DAMAGE = {
    "short": lambda whole: whole[: len(whole) // 2],
    "empty": lambda whole: b"",
    "one byte": changed_byte,
    "no such file": lambda whole: b"recording,valence\n" * 100,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_restarts_the_training(corpus, tmp_path, stopping, caplog, damage):
    place = tmp_path / "checkpoint"
    stopping(corpus, "BasicCNN", place)
    place.write_bytes(DAMAGE[damage](place.read_bytes()))
    with caplog.at_level(logging.INFO):
        history = train(corpus, "BasicCNN", place).history
    lines = [line for line in caplog.text.splitlines() if str(place) in line]
    assert len(lines) == 1
    assert len(history) == LONG.training.max_epochs


def test_weights_are_not_a_checkpoint(corpus, tmp_path, caplog):
    save_file({"best.a": torch.zeros(2)}, tmp_path / "checkpoint")
    with caplog.at_level(logging.INFO):
        train(corpus, "BasicCNN", tmp_path / "checkpoint")
    assert str(tmp_path / "checkpoint") in caplog.text


def test_other_audio_or_words_are_another_training(corpus):
    """The identity contains the checksums of the unlabelled pool too."""
    trainer = trainer_of(corpus, "BasicDCGAN")
    assert trainer.identity()["audio"] == [digest_of_audio(trainer.fold.store)] * 2
    digests = set()
    for name in ("checksums", "word_start", "word_end", None):
        store = fold_of(corpus).store
        if name:
            getattr(store, name)[0] += 1
        digests.add(digest_of_audio(store))
    assert len(digests) == 4

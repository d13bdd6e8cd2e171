"""Sample grids show the output of the generator and do not change the training."""

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from emospeech.models.catalogue import build
from emospeech.training.sample_grid import SAMPLES, SampleGrid, real_samples, samples_table
from tests.conftest import CORPUS_ROWS
from tests.settings import PARAMETERS, with_keys
from tests.test_resume import LONG, TIMES, train
from tests.test_training import SETTINGS, TRIAL, fold_of


def generator_after(corpus, place, epochs):
    """Return the generator in the checkpoint of a training run after some epochs."""
    train(corpus, "BasicDCGAN", place, with_keys(LONG, max_epochs=epochs))
    generator = build("BasicDCGAN", CORPUS_ROWS, PARAMETERS, LONG.models, seed=0).generator
    prefix = "state.generator."
    state = {
        name.removeprefix(prefix): value
        for name, value in load_file(place).items()
        if name.startswith(prefix)
    }
    generator.load_state_dict(state)
    return generator


def test_grids_are_samples_of_the_same_latent_vectors_at_these_epochs(corpus, tmp_path):
    found = train(corpus, "BasicDCGAN", None, with_keys(LONG, max_epochs=6, patience=6)).samples
    assert found["epochs"].tolist() == [1, 2, 4, 6]
    assert found["samples"].shape == (4, SAMPLES, PARAMETERS["crop_width"], CORPUS_ROWS)
    # The random key of the grid in trial 3 of fold 1. It differs from the keys of all epochs.
    rng = np.random.default_rng(np.random.SeedSequence(LONG.seed, spawn_key=(3, 1, 0, 0)))
    latent = torch.from_numpy(2 * rng.random((64, LONG.models.latent_size), np.float32) - 1)
    for epoch, page in zip(found["epochs"], found["samples"], strict=True):
        generator = generator_after(corpus, tmp_path / f"{epoch}.safetensors", int(epoch))
        with torch.no_grad():
            drawn = generator(latent)[:SAMPLES, 0].numpy()
        np.testing.assert_allclose(page / 127.5 - 1, drawn, atol=0.51 / 127.5)
    assert len(np.unique(found["samples"][-1], axis=0)) == SAMPLES


@pytest.mark.parametrize("name", ["BasicDCGAN", "MultitaskCNN"])
def test_a_training_is_the_same_without_sample_grids(corpus, tmp_path, monkeypatch, name):
    own = train(corpus, name, tmp_path / "with.safetensors")
    monkeypatch.setattr(SampleGrid, "add", lambda *_, **__: None)
    again = train(corpus, name, tmp_path / "without.safetensors")
    assert again.history.drop(columns=TIMES).equals(own.history.drop(columns=TIMES))
    assert all(torch.equal(own.weights[key], again.weights[key]) for key in own.weights)
    left, without = (load_file(tmp_path / f"{n}.safetensors") for n in ("with", "without"))
    grids = {key for key in left if key.startswith("grid.")}
    assert len(grids) == (3 if name == "BasicDCGAN" else 0)  # epochs 1, 2 and 4 of 6
    assert left.keys() - grids == without.keys()
    assert all(torch.equal(left[key], without[key]) for key in without)


def test_the_grids_of_a_cnn_are_empty(corpus):
    found = train(corpus, "BasicCNN", None).samples
    assert found["epochs"].shape == (0,)
    assert found["samples"].shape == (0, SAMPLES, 0, 0)


def test_real_samples_are_crops_of_the_training_part(corpus):
    """Each column equals a frame of a recording of the training part, or has the floor value."""
    fold = fold_of(corpus)
    pool = fold.open_unlabelled([corpus / "store.h5"])
    found = real_samples(fold, pool, TRIAL, SETTINGS, 12)
    assert found.shape == (12, PARAMETERS["crop_width"], CORPUS_ROWS)
    again = real_samples(fold, pool, TRIAL, SETTINGS, 12)
    np.testing.assert_array_equal(found, again)
    assert len(np.unique(found, axis=0)) > 6
    trained = np.flatnonzero(fold.table["part"] == "train")
    spans = [slice(*fold.store.offsets[number : number + 2]) for number in trained]
    frames = np.concatenate([fold.store.frames[span] for span in spans]).astype(np.float64)
    known = {tuple(frame) for frame in np.rint((frames + 1) * 127.5).astype(int)}
    columns = found.reshape(-1, CORPUS_ROWS).astype(int)
    assert {tuple(column) for column in columns} <= known | {(0,) * CORPUS_ROWS}


def test_the_table_of_samples_has_a_row_for_each_frame():
    rng = np.random.default_rng(4)
    generated, real = (rng.integers(0, 256, (*n, 5, 3), np.uint8) for n in ((2, 4), (4,)))
    table = samples_table(np.array([1, 7]), generated, real)
    assert list(table) == ["epoch", "source", "sample", "frame", "row_1", "row_2", "row_3"]
    assert len(table) == 2 * (4 + 2) * 5
    levels = table.set_index(["epoch", "source", "sample", "frame"])
    assert levels.loc[(7, "generated", 2, 4)].tolist() == generated[1, 1, 3].tolist()
    assert levels.loc[(1, "real", 2, 1)].tolist() == real[1, 0].tolist()
    assert levels.loc[(7, "real", 1, 5)].tolist() == real[2, 4].tolist()
    assert pd.api.types.is_integer_dtype(table["row_1"])

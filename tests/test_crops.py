"""Crops: where their centres lie, what they show, and how an epoch is drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from emospeech.crops.centres import draw_centres, draw_fixed_centres, draw_pool, words_of
from emospeech.crops.gather import CropGatherer
from emospeech.crops.oversample import draw_epoch, epoch_length
from emospeech.labels import class_shares

SEEDS = st.integers(0, 2**32)


def in_a_word(store, number, centre):
    words = slice(*store.word_offsets[number : number + 2])
    time, half = centre / store.settings.frame_rate, 0.5 / store.settings.frame_rate
    last = (store.offsets[number + 1] - store.offsets[number] - 1) / store.settings.frame_rate
    return (
        (time >= store.word_start[words] - half - 1e-9)
        & (time <= np.minimum(store.word_end[words] + half, last) + 1e-9)
    ).any()


@given_settings(deadline=None)
@given(SEEDS)
def test_centres_lie_in_a_word_of_their_recording(store, seed):
    recordings = np.array([0, 1, 3, 0, 3])
    centres = draw_centres(store, recordings, np.random.default_rng(seed))
    assert all(in_a_word(store, *pair) for pair in zip(recordings, centres, strict=True))


def test_words_are_drawn_evenly_whatever_their_length(store):
    centres = draw_centres(store, np.full(4000, 3), np.random.default_rng(0))
    share = (centres <= 1.15 * store.settings.frame_rate).mean()  # the first, short word
    assert share == pytest.approx(0.5, abs=0.04)


def test_a_recording_without_words_is_centred_anywhere_in_it(store):
    n_frames = store.offsets[3] - store.offsets[2]
    centres = draw_centres(store, np.full(4000, 2), np.random.default_rng(0))
    assert set(centres) == set(range(n_frames))


def test_fixed_centres_depend_on_the_name_alone(store):
    forward = draw_fixed_centres(store, [0, 1, 2, 3], seed=1)
    backward = draw_fixed_centres(store, [3, 2, 1, 0], seed=1)
    assert forward.tolist() == backward[::-1].tolist()
    assert forward.tolist() != draw_fixed_centres(store, [0, 1, 2, 3], seed=2).tolist()


def test_the_pool_draws_every_word_evenly_and_no_other(store):
    words = words_of(store, [0, 3])
    assert words.tolist() == [0, 1, 3, 4]
    recordings, centres = draw_pool(store, words, np.random.default_rng(0), 4000)
    assert set(recordings) == {0, 3}
    assert (recordings == 0).mean() == pytest.approx(0.5, abs=0.04)
    assert all(in_a_word(store, *pair) for pair in zip(recordings, centres, strict=True))


@given_settings(deadline=None)
@given(SEEDS, st.sampled_from([16, 64, 128]))
def test_crops_show_their_recording_and_floor_beyond_it(store, seed, width):
    rng = np.random.default_rng(seed)
    recordings = rng.integers(0, 4, size=6)
    lengths = np.diff(store.offsets)[recordings]
    centres = rng.integers(0, lengths)
    crops = CropGatherer(store, width)(recordings, centres).numpy()
    assert crops.shape == (6, 1, 128, width)
    for crop, number, centre in zip(crops, recordings, centres, strict=True):
        frames = store.frames[store.offsets[number] : store.offsets[number + 1]]
        for column in range(width):
            frame = centre - width // 2 + column
            inside = 0 <= frame < len(frames)
            expected = frames[frame] if inside else np.full(128, -1)
            assert (crop[0, :, column] == expected.astype(np.float32)).all()


@given_settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from([1, 1.5, 2, 7 / 3, 2.5, 3, 3.75, 4, 4.5, 5]), min_size=1), SEEDS)
def test_an_epoch_has_a_fixed_length_and_only_members(labels, seed):
    labels = np.array(labels)
    order = draw_epoch(labels, np.random.default_rng(seed))
    assert len(order) == epoch_length(labels)
    assert set(order) <= set(range(len(labels)))


def test_classes_are_even_after_oversampling():
    rng = np.random.default_rng(3)
    values = [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]
    labels = rng.choice(values, 1000, p=[0.02, 0.1, 0.25, 0.2, 0.2, 0.08, 0.1, 0.03, 0.02])
    drawn = np.mean(
        [class_shares(labels[draw_epoch(labels, rng)]).mean(axis=0) for _ in range(20)], 0
    )
    # A halfway label drawn for either class counts half to both, so the ends fall a little short.
    assert class_shares(labels).mean(axis=0).max() > 0.38
    assert drawn == pytest.approx(np.full(5, 0.2), abs=0.08)
    whole = labels[np.isin(labels, [1, 2, 3, 4, 5])]
    sizes = [class_shares(whole[draw_epoch(whole, rng)]).sum(axis=0) for _ in range(3)]
    assert np.ptp(sizes) <= 1

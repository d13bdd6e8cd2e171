"""Crops: where their centres lie, what they show, and how an epoch is drawn."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from emospeech.crops.centres import draw_centres, draw_fixed_centres, draw_pool, words_of
from emospeech.crops.gather import CropGatherer
from emospeech.crops.oversample import draw_epoch, epoch_length
from emospeech.crops.pool import UnlabelledPool
from emospeech.crops.sampler import Sampler
from emospeech.labels import class_shares, fuzzy
from emospeech.runtime.errors import InputError
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import Store

SEEDS = st.integers(0, 2**32)
VALUES = [1, 1.5, 2, 7 / 3, 2.5, 3, 3.5, 3.75, 4, 4.5, 5]


@st.composite
def stores(draw, **fixed):
    """A store of a few short recordings whose frames hold random values, and words in some."""
    settings = SpectrogramSettings(rows=16, **fixed)
    lengths = np.array(draw(st.lists(st.integers(1, 60), min_size=1, max_size=6)))
    counts = [draw(st.integers(0, 4)) for _ in lengths]
    rng = np.random.default_rng(draw(SEEDS))
    seconds = np.repeat((lengths - 1) / settings.frame_rate, counts)
    times = np.sort(rng.random((sum(counts), 2)), axis=1) * seconds[:, None]
    values = rng.uniform(settings.bottom, 1, (lengths.sum() + 1, 16)).astype(np.float32)
    values[-1] = settings.bottom
    return Store(
        frames=settings.encode(values),
        offsets=np.concatenate([[0], lengths.cumsum()]),
        recordings=tuple(f"recording-{number}" for number in range(len(lengths))),
        word_start=times[:, 0],
        word_end=times[:, 1],
        word_offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        checksums=np.zeros(len(lengths), np.uint32),
        irregular=np.zeros(len(lengths), np.uint8),
        settings=settings,
    )


def in_a_word(store, number, centre):
    words = slice(*store.word_offsets[number : number + 2])
    time, half = centre / store.settings.frame_rate, 0.5 / store.settings.frame_rate
    last = (store.offsets[number + 1] - store.offsets[number] - 1) / store.settings.frame_rate
    return (
        (time >= store.word_start[words] - half - 1e-9)
        & (time <= np.minimum(store.word_end[words] + half, last) + 1e-9)
    ).any()


@given(stores(), SEEDS)
def test_centres_lie_in_a_word_of_their_recording_or_anywhere_without_one(store, seed):
    rng = np.random.default_rng(seed)
    recordings = rng.integers(len(store.recordings), size=20)
    lengths = np.diff(store.offsets)[recordings]
    for centres in (draw_centres(store, recordings, rng), draw_fixed_centres(store, recordings, 1)):
        assert ((centres >= 0) & (centres < lengths)).all()
        for number, centre in zip(recordings, centres, strict=True):
            assert np.diff(store.word_offsets)[number] == 0 or in_a_word(store, number, centre)


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


def test_fixed_centres_of_further_crops_are_drawn_alike(store):
    """More crops leave those before as they are, and fall into each word as often as any draw."""
    crops = np.concatenate([draw_fixed_centres(store, [3], 1, crop) for crop in range(400)])
    assert crops[0] == draw_fixed_centres(store, [3], 1)[0]
    share = (crops <= 1.15 * store.settings.frame_rate).mean()  # the first of two words
    assert share == pytest.approx(0.5, abs=0.1)
    assert len(set(crops)) > 20


def test_the_pool_draws_every_word_evenly_and_no_other(store):
    words = words_of(store, [0, 2, 3])
    assert words.tolist() == [0, 1, 3, 4], "the third recording has no word and stays out"
    recordings, centres = draw_pool(store, words, np.random.default_rng(0), 4000)
    assert set(recordings) == {0, 3}
    assert (recordings == 0).mean() == pytest.approx(0.5, abs=0.04)
    assert all(in_a_word(store, *pair) for pair in zip(recordings, centres, strict=True))


def shown(store, number, first, width):
    """The crop from frame `first` of a recording on, column by column, (width, rows)."""
    settings = store.settings
    frames = store.spectrogram(number)
    crop = np.full((width, settings.rows), settings.bottom, np.float32)
    for column in range(width):
        if 0 <= first + column < len(frames):
            crop[column] = frames[first + column]
    if settings.amplitude == "crop":
        crop = crop + (1 - crop.max()) if crop.max() > settings.bottom else np.full_like(crop, -1)
        crop = np.maximum(crop, -1)
    return crop


@given_settings(max_examples=60)
@given(
    st.one_of(
        *(
            stores(dtype=dtype, amplitude=amplitude)
            for dtype in ("float16", "uint8")
            for amplitude in ("recording", "crop")
        )
    ),
    st.sampled_from([16, 32, 64]),
    st.sampled_from(["floor", "shift"]),
    SEEDS,
)
def test_a_crop_shows_its_recording_and_floor_beyond_it(store, width, edge, seed):
    rng = np.random.default_rng(seed)
    recordings = rng.integers(len(store.recordings), size=8)
    lengths = np.diff(store.offsets)[recordings]
    centres = rng.integers(0, lengths)
    crops = CropGatherer(store, width, edge=edge)(recordings, centres)
    assert crops.shape == (8, 1, width, 16)
    assert crops.is_contiguous()
    assert crops.dtype == torch.float32
    for crop, number, centre, length in zip(crops, recordings, centres, lengths, strict=True):
        first = centre - width // 2
        if edge == "shift":
            first = max(0, min(first, length - width))
        truth = shown(store, number, first, width)
        np.testing.assert_allclose(crop[0].numpy(), truth, atol=2e-6)


def test_digital_silence_stays_floor_in_a_crop_of_its_own_maximum():
    settings = SpectrogramSettings(rows=16, amplitude="crop")
    frames = np.full((41, 16), settings.bottom, np.float16)
    spans = np.array([0, 40])
    store = Store(
        frames, spans, ("silence",), *np.zeros((2, 0)), 0 * spans, spans[:1], settings, spans[:1]
    )
    assert (CropGatherer(store, 16)(np.array([0]), np.array([3])) == -1).all()


@given_settings(max_examples=100)
@given(st.lists(st.sampled_from(VALUES), min_size=1), SEEDS)
def test_every_recording_appears_in_an_epoch_of_fixed_length(labels, seed):
    labels = np.array(labels)
    order = draw_epoch(labels, np.random.default_rng(seed))
    assert len(order) == epoch_length(labels)
    assert set(order) == set(range(len(labels)))


@given_settings(max_examples=30)
@given(st.lists(st.sampled_from([1, 1, 1.3, 2.7, 3, 3, 3, 4, 5]), min_size=5, max_size=80), SEEDS)
def test_counts_within_a_class_differ_by_at_most_one(labels, seed):
    """Without halfway labels, whose class is drawn, the nearest class is that of a label."""
    labels = np.array(labels)
    counts = np.bincount(draw_epoch(labels, np.random.default_rng(seed)), minlength=len(labels))
    for number in range(1, 6):
        members = counts[np.rint(labels) == number]
        assert np.ptp(members) <= 1 if len(members) else True


def test_the_label_mass_after_oversampling_is_that_of_the_documentation():
    """On IEMOCAP's distribution of valence; docs/decisions.md states it."""
    # fmt: off
    counts = {1: 126, 4 / 3: 18, 1.5: 925, 5 / 3: 79, 2: 2075, 7 / 3: 198, 2.5: 1935, 8 / 3: 170,
              3: 1607, 10 / 3: 80, 3.5: 816, 11 / 3: 62, 3.75: 1, 4: 1347, 4.25: 14, 13 / 3: 39,
              4.5: 407, 14 / 3: 18, 4.75: 7, 5: 111}
    # fmt: on
    labels = np.repeat(list(counts), list(counts.values()))
    order = draw_epoch(labels, np.random.default_rng(0))
    mass = fuzzy(labels[order]).mean(axis=0)
    assert mass == pytest.approx([0.136, 0.269, 0.203, 0.246, 0.147], abs=0.002)


@given_settings(max_examples=30)
@given(st.lists(st.sampled_from([1, 2, 2, 2, 3, 3, 4, 5]), min_size=5, max_size=80), SEEDS)
def test_classes_are_even_after_oversampling(labels, seed):
    """Whole labels: each class that is there has the same share, whatever it had before."""
    labels = np.array(labels)
    sizes = class_shares(labels[draw_epoch(labels, np.random.default_rng(seed))]).sum(axis=0)
    assert set(np.flatnonzero(sizes)) == set(np.unique(labels) - 1)
    assert np.ptp(sizes[sizes > 0]) <= 1


def test_halfway_labels_leave_the_classes_even_within_their_sampling_error():
    rng = np.random.default_rng(3)
    values = [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]
    labels = rng.choice(values, 1000, p=[0.02, 0.1, 0.25, 0.2, 0.2, 0.08, 0.1, 0.03, 0.02])
    drawn = np.mean(
        [class_shares(labels[draw_epoch(labels, rng)]).mean(axis=0) for _ in range(20)], 0
    )
    # A halfway label drawn for either class counts half to both, so the ends fall a little short.
    assert class_shares(labels).mean(axis=0).max() > 0.38
    assert drawn == pytest.approx(np.full(5, 0.2), abs=0.08)


def sampler_of(store, **options):
    """A sampler of recordings 0, 1 and 3, whose pool is heard from two stores."""
    gather = CropGatherer(store, 16)
    louder = replace(store, frames=store.frames.copy())
    pool = UnlabelledPool([gather, CropGatherer(louder, 16)], [[0, 2], [1, 3]])
    chosen = {"pool": pool, "batch_size": 4, "oversample": True} | options
    return Sampler(gather, np.array([0, 1, 3]), np.array([1.0, 2.0, 2.0]), **chosen)


def test_a_step_is_the_same_whatever_was_drawn_before(store):
    """Steps in any order, in another object, after any number of others: the same tensors."""
    rng = lambda: np.random.default_rng([1, 7])  # noqa: E731
    first, again = sampler_of(store).epoch(rng()), sampler_of(store).epoch(rng())
    assert len(first) == 2
    for step in (1, 0):
        for ours, theirs in zip(first[step], again[step], strict=True):
            assert torch.equal(ours, theirs)
    other = sampler_of(store).epoch(np.random.default_rng([1, 8]))
    assert not torch.equal(first[0][0], other[0][0])


def test_the_batches_show_the_recordings_whose_positions_they_give(store):
    epoch = sampler_of(store, batch_size=5).epoch(np.random.default_rng(0))
    crops, positions, unlabelled = epoch[0]
    assert crops.shape == unlabelled.shape == (5, 1, 16, 128)
    for crop, position in zip(crops, positions, strict=True):
        frames = store.spectrogram([0, 1, 3][position])
        middle = crop[0, 8].numpy()
        assert (frames == middle).all(axis=1).any()


def test_the_pool_takes_each_store_by_its_share_of_words(store):
    """Recordings 0 and 2 of one store hold two words, 1 and 3 of the other three."""
    sampler = sampler_of(store)
    places = sampler.pool.draw(500, 8, np.random.default_rng(0))
    sizes = np.array([[len(part) for part in step] for step in places])
    assert (sizes.sum(axis=1) == 8).all()
    assert sizes[:, 0].sum() / 4000 == pytest.approx(0.4, abs=0.03)
    assert {len(sampler.pool.cut(step)) for step in places} == {8}


def test_a_pool_without_words_and_one_of_different_settings_are_told(store):
    gather = CropGatherer(store, 16)
    with pytest.raises(InputError, match="holds no word"):
        UnlabelledPool([gather], [[2]])
    other = replace(store, settings=SpectrogramSettings(dynamic_range=60))
    with pytest.raises(InputError, match="stores of different settings"):
        UnlabelledPool([gather, CropGatherer(other, 16)], [[0], [0]])

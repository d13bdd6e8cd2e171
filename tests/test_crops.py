"""Crops: their centres, their contents, and the draws of an epoch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from emospeech.crops.centres import draw_centres, draw_fixed_centres, draw_pool, words_of
from emospeech.crops.gather import CropGatherer
from emospeech.crops.oversampling import draw_epoch, epoch_length
from emospeech.crops.pool import UnlabelledPool, limit_hours
from emospeech.crops.sampler import Sampler
from emospeech.labels import class_shares, fuzzy
from emospeech.runtime.errors import InputError
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import Store

SEEDS = st.integers(0, 2**32)
VALUES = [1, 1.5, 2, 7 / 3, 2.5, 3, 3.5, 3.75, 4, 4.5, 5]


@st.composite
def stores(draw, **fixed):
    """A store of a few short recordings with random values, some of them with words."""
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
        recordings=tuple(f"recording-{index}" for index in range(len(lengths))),
        word_start=times[:, 0],
        word_end=times[:, 1],
        word_offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        checksums=np.zeros(len(lengths), np.uint32),
        irregular=np.zeros(len(lengths), np.uint8),
        settings=settings,
    )


def is_in_word(store, index, centre):
    words = slice(*store.word_offsets[index : index + 2])
    time, half = centre / store.settings.frame_rate, 0.5 / store.settings.frame_rate
    last = (store.offsets[index + 1] - store.offsets[index] - 1) / store.settings.frame_rate
    return (
        (time >= store.word_start[words] - half - 1e-9)
        & (time <= np.minimum(store.word_end[words] + half, last) + 1e-9)
    ).any()


@given(stores(), SEEDS)
def test_centres_are_in_a_word_of_their_recording_if_it_has_words(store, seed):
    rng = np.random.default_rng(seed)
    recordings = rng.integers(len(store.recordings), size=20)
    lengths = np.diff(store.offsets)[recordings]
    for centres in (draw_centres(store, recordings, rng), draw_fixed_centres(store, recordings, 1)):
        assert ((centres >= 0) & (centres < lengths)).all()
        for index, centre in zip(recordings, centres, strict=True):
            assert np.diff(store.word_offsets)[index] == 0 or is_in_word(store, index, centre)


def test_words_of_different_lengths_are_equally_likely(store):
    centres = draw_centres(store, np.full(4000, 3), np.random.default_rng(0))
    share = (centres <= 1.15 * store.settings.frame_rate).mean()  # the first, short word
    assert share == pytest.approx(0.5, abs=0.04)


def test_all_frames_of_a_recording_without_words_are_drawn(store):
    n_frames = store.offsets[3] - store.offsets[2]
    centres = draw_centres(store, np.full(4000, 2), np.random.default_rng(0))
    assert set(centres) == set(range(n_frames))


def test_fixed_centres_depend_only_on_the_recording_id_and_seed(store):
    forward = draw_fixed_centres(store, [0, 1, 2, 3], seed=1)
    backward = draw_fixed_centres(store, [3, 2, 1, 0], seed=1)
    assert forward.tolist() == backward[::-1].tolist()
    assert forward.tolist() != draw_fixed_centres(store, [0, 1, 2, 3], seed=2).tolist()


def test_fixed_centres_of_several_crops(store):
    """The first centre is that of a single crop, and all words are equally likely."""
    crops = np.concatenate([draw_fixed_centres(store, [3], 1, crop) for crop in range(400)])
    assert crops[0] == draw_fixed_centres(store, [3], 1)[0]
    share = (crops <= 1.15 * store.settings.frame_rate).mean()  # the first of two words
    assert share == pytest.approx(0.5, abs=0.1)
    assert len(set(crops)) > 20


def test_pool_words_are_equally_likely(store):
    words = words_of(store, [0, 2, 3])
    assert words.tolist() == [0, 1, 3, 4], "the third recording has no words"
    recordings, centres = draw_pool(store, words, np.random.default_rng(0), 4000)
    assert set(recordings) == {0, 3}
    assert (recordings == 0).mean() == pytest.approx(0.5, abs=0.04)
    assert all(is_in_word(store, *pair) for pair in zip(recordings, centres, strict=True))


def expected_crop(store, index, first, width):
    """The crop that starts with frame `first` of a recording, column by column, (width, rows)."""
    settings = store.settings
    frames = store.spectrogram(index)
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
def test_crops_contain_their_recording_and_floor_outside(store, width, edge, seed):
    rng = np.random.default_rng(seed)
    recordings = rng.integers(len(store.recordings), size=8)
    lengths = np.diff(store.offsets)[recordings]
    centres = rng.integers(0, lengths)
    crops = CropGatherer(store, width, edge=edge)(recordings, centres)
    assert crops.shape == (8, 1, width, 16)
    assert crops.is_contiguous()
    assert crops.dtype == torch.float32
    for crop, index, centre, length in zip(crops, recordings, centres, lengths, strict=True):
        first = centre - width // 2
        if edge == "shift":
            first = max(0, min(first, length - width))
        expected = expected_crop(store, index, first, width)
        np.testing.assert_allclose(crop[0].numpy(), expected, atol=2e-6)


def test_silent_crops_are_floor_if_crops_are_scaled_to_their_maximum():
    settings = SpectrogramSettings(rows=16, amplitude="crop")
    frames = np.full((41, 16), settings.bottom, np.float16)
    spans = np.array([0, 40])
    store = Store(
        frames, spans, ("silence",), *np.zeros((2, 0)), 0 * spans, spans[:1], settings, spans[:1]
    )
    assert (CropGatherer(store, 16)(np.array([0]), np.array([3])) == -1).all()


@given_settings(max_examples=100)
@given(st.lists(st.sampled_from(VALUES), min_size=1), SEEDS)
def test_epochs_of_fixed_length_contain_every_recording(labels, seed):
    labels = np.array(labels)
    order = draw_epoch(labels, 5, np.random.default_rng(seed))
    assert len(order) == epoch_length(labels, 5)
    assert set(order) == set(range(len(labels)))


@given_settings(max_examples=30)
@given(st.lists(st.sampled_from([1, 1, 1.3, 2.7, 3, 3, 3, 4, 5]), min_size=5, max_size=80), SEEDS)
def test_counts_within_a_class_differ_by_at_most_one(labels, seed):
    """There are no halfway labels, so the class of a label is the nearest one."""
    labels = np.array(labels)
    counts = np.bincount(draw_epoch(labels, 5, np.random.default_rng(seed)), minlength=len(labels))
    for label in range(1, 6):
        members = counts[np.rint(labels) == label]
        assert not len(members) or np.ptp(members) <= 1


def test_label_distribution_after_oversampling_is_as_documented():
    """For the valence labels of IEMOCAP, see docs/decisions.md."""
    # fmt: off
    counts = {1: 126, 4 / 3: 18, 1.5: 925, 5 / 3: 79, 2: 2075, 7 / 3: 198, 2.5: 1935, 8 / 3: 170,
              3: 1607, 10 / 3: 80, 3.5: 816, 11 / 3: 62, 3.75: 1, 4: 1347, 4.25: 14, 13 / 3: 39,
              4.5: 407, 14 / 3: 18, 4.75: 7, 5: 111}
    # fmt: on
    labels = np.repeat(list(counts), list(counts.values()))
    order = draw_epoch(labels, 5, np.random.default_rng(0))
    mass = fuzzy(labels[order]).mean(axis=0)
    assert mass == pytest.approx([0.136, 0.269, 0.203, 0.246, 0.147], abs=0.002)


@given_settings(max_examples=30)
@given(st.lists(st.sampled_from([1, 2, 2, 2, 3, 3, 4, 5]), min_size=5, max_size=80), SEEDS)
def test_classes_are_even_after_oversampling(labels, seed):
    """With integer labels, all classes that occur have the same share."""
    labels = np.array(labels)
    sizes = class_shares(labels[draw_epoch(labels, 5, np.random.default_rng(seed))]).sum(axis=0)
    assert set(np.flatnonzero(sizes)) == set(np.unique(labels) - 1)
    assert np.ptp(sizes[sizes > 0]) <= 1


@given(st.sampled_from([2, 3, 4, 7, 9]), st.data())
def test_an_epoch_draws_any_number_of_classes_evenly(size, data):
    labels = data.draw(st.lists(st.integers(1, size), min_size=1, max_size=80))
    counts = np.bincount(draw_epoch(np.array(labels, float), size, np.random.default_rng(0)))
    drawn = [
        sum(counts[index] for index, own in enumerate(labels) if own == n) for n in set(labels)
    ]
    assert sum(drawn) == size * np.bincount(labels).max()
    assert max(drawn) - min(drawn) <= 1
    for number in set(labels):
        own = [counts[index] for index, label in enumerate(labels) if label == number]
        assert max(own) - min(own) <= 1
        assert min(own) > 0


def test_classes_are_roughly_even_after_oversampling_with_halfway_labels():
    rng = np.random.default_rng(3)
    values = [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]
    labels = rng.choice(values, 1000, p=[0.02, 0.1, 0.25, 0.2, 0.2, 0.08, 0.1, 0.03, 0.02])
    drawn = np.mean(
        [class_shares(labels[draw_epoch(labels, 5, rng)]).mean(axis=0) for _ in range(20)], 0
    )
    # A halfway label drawn for the first or last class counts half for the neighbouring class, so
    # these two classes are a bit below 0.2.
    assert class_shares(labels).mean(axis=0).max() > 0.38
    assert drawn == pytest.approx(np.full(5, 0.2), abs=0.08)


def sampler_of(store, **options):
    """A sampler of recordings 0, 1 and 3, with a pool from two stores."""
    gather = CropGatherer(store, 16)
    other = replace(store, frames=store.frames.copy())
    pool = UnlabelledPool([gather, CropGatherer(other, 16)], [[0, 2], [1, 3]])
    chosen = {"pool": pool, "batch_size": 4, "unlabelled_batch_size": 4, "even_classes": 5}
    chosen |= options
    return Sampler(gather, np.array([0, 1, 3]), np.array([1.0, 2.0, 2.0]), **chosen)


def test_batches_do_not_depend_on_the_order_of_steps(store):
    """Two equal epochs give equal tensors for a step, whichever steps were read before it."""
    rng = lambda: np.random.default_rng([1, 7])  # noqa: E731
    first, again = sampler_of(store).epoch(rng()), sampler_of(store).epoch(rng())
    assert len(first) == 2
    for step in (1, 0):
        for ours, theirs in zip(first[step], again[step], strict=True):
            assert torch.equal(ours, theirs)
    other = sampler_of(store).epoch(np.random.default_rng([1, 8]))
    assert not torch.equal(first[0][0], other[0][0])


def test_positions_of_a_batch_are_those_of_its_crops(store):
    sampler = sampler_of(store, batch_size=5, unlabelled_batch_size=5)
    epoch = sampler.epoch(np.random.default_rng(0))
    crops, positions, unlabelled = epoch[0]
    assert crops.shape == unlabelled.shape == (5, 1, 16, 128)
    for crop, position in zip(crops, positions, strict=True):
        frames = store.spectrogram([0, 1, 3][position])
        middle = crop[0, 8].numpy()
        assert (frames == middle).all(axis=1).any()


def test_stores_of_the_pool_are_drawn_by_their_number_of_words(store):
    """Recordings 0 and 2 of one store have two words, 1 and 3 of the other have three."""
    sampler = sampler_of(store)
    locations = sampler.pool.draw(500, 8, np.random.default_rng(0))
    sizes = np.array([[len(part) for part in step] for step in locations])
    assert (sizes.sum(axis=1) == 8).all()
    assert sizes[:, 0].sum() / 4000 == pytest.approx(0.4, abs=0.03)
    assert {len(sampler.pool.cut(step)) for step in locations} == {8}


def test_pools_without_words_or_with_different_settings_are_refused(store):
    gather = CropGatherer(store, 16)
    with pytest.raises(InputError, match=r"training\.unlabelled.*words"):
        UnlabelledPool([gather], [[2]])
    other = replace(store, settings=SpectrogramSettings(dynamic_range=60))
    with pytest.raises(InputError, match=r"training\.unlabelled.*settings"):
        UnlabelledPool([gather, CropGatherer(other, 16)], [[0], [0]])


@given(st.lists(stores(), min_size=1, max_size=3), SEEDS, st.data())
def test_pools_of_fewer_hours_are_part_of_those_with_more(drawn, seed, data):
    """Whole recordings with words are used, in the same order, until the hours are reached."""
    rng = np.random.default_rng(seed)
    usable = [np.flatnonzero(rng.random(len(store.recordings)) < 0.7) for store in drawn]
    pairs = list(zip(drawn, usable, strict=True))
    total = sum(hours_with_words(*pair).sum() for pair in pairs)
    low, high = sorted(data.draw(st.floats(1e-9, 1.5 * total + 1e-6)) for _ in range(2))
    pools = [limit_hours(pairs, hours, np.random.default_rng(seed)) for hours in (low, high)]
    for (store, indices), (_, fewer), (_, more) in zip(pairs, *pools, strict=True):
        assert set(fewer) <= set(more) <= set(indices)
        assert (hours_with_words(store, more) > 0).all()
    used = [np.concatenate([hours_with_words(*pair) for pair in pool]) for pool in pools]
    for hours, lengths in zip((low, high), used, strict=True):
        assert lengths.sum() >= min(hours, total) - 1e-12
        # Without one of its recordings, the last one, the pool would be too small.
        assert not len(lengths) or lengths.sum() - lengths.max() < hours


def test_folds_take_recordings_in_the_same_order(store):
    """Recordings that a fold holds out are skipped, and the others keep their order."""
    for seed in range(20):
        taken = []
        for allowed in (np.arange(4), np.array([0, 1])):
            pools = [
                limit_hours([(store, allowed)], hours, np.random.default_rng(seed))
                for hours in (1e-9, 1)
            ]
            taken.append([set(indices) for ((_, indices),) in pools])
        (first, everything), (first_of_two, both) = taken
        assert (everything, both) == ({0, 1, 3}, {0, 1}), "recording 2 has no words"
        assert first_of_two == first or not first <= both


def hours_with_words(store, indices):
    lengths = np.diff(store.offsets) * (np.diff(store.word_offsets) > 0)
    return lengths[indices] / store.settings.frame_rate / 3600

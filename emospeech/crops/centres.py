"""The centres of crops: a random point in a random word, as in the paper.

Recordings and words are given by their index in the store. A centre is a frame, counted from the
start of its recording.
"""

import numpy as np

from emospeech.runtime.rng import named_rng
from emospeech.spectrograms.store import Store


def draw_centres(store: Store, recordings: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random centre for each recording, int64 of shape (batch,).

    A word of the recording is drawn uniformly, then a point in time within the word. The centre is
    the frame nearest to this point. In a recording without words all frames are equally likely.
    """
    recordings = np.asarray(recordings)
    return _centres(store, recordings, rng.random((2, len(recordings))))


def draw_fixed_centres(
    store: Store, recordings: np.ndarray, seed: int, crop: int = 0
) -> np.ndarray:
    """Return a random centre for each recording that depends only on its id, `seed` and `crop`.

    `crop` counts from 0; each one is a different crop of the same recording.
    """
    recordings = np.asarray(recordings)
    draws = []
    for index in recordings:
        rng = named_rng(seed, store.recordings[index])
        draws.append(rng.random((crop + 1, 2))[crop])
    return _centres(store, recordings, np.reshape(draws, (-1, 2)).T)


def spread_centres(store: Store, recording: int, count: int) -> np.ndarray:
    """Return `count` centres spread evenly over the words of a recording, int64 of shape (count,).

    The words are concatenated and divided into `count` equal parts; a centre is the middle of a
    part. A recording without words is divided as a whole.
    """
    words = slice(*store.word_offsets[recording : recording + 2])
    start, end = store.word_start[words], store.word_end[words]
    recordings = np.full(count, recording)
    if not len(start):
        start = np.zeros(1)
        end = _last_frames(store, recordings[:1]) / store.settings.frame_rate
    ends = np.cumsum(end - start)  # of the concatenated words
    middles = (np.arange(count) + 0.5) / count * ends[-1]
    word = np.searchsorted(ends, middles)
    return _frames(store, recordings, end[word] - (ends[word] - middles))


def draw_pool(
    store: Store, words: np.ndarray, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return recordings and centres of `count` crops; their words are drawn from `words`."""
    drawn = words[rng.integers(len(words), size=count)]
    recordings = np.searchsorted(store.word_offsets, drawn, side="right") - 1
    start, end = store.word_start[drawn], store.word_end[drawn]
    return recordings, _frames(store, recordings, start + rng.random(count) * (end - start))


def words_of(store: Store, recordings: np.ndarray) -> np.ndarray:
    """Return the indices of all words in the given recordings, int64."""
    spans = [np.arange(*store.word_offsets[index : index + 2]) for index in recordings]
    return np.concatenate([np.empty(0, np.int64), *spans])


def _centres(store, recordings, draws):
    """Return centres; `draws` (2, batch) in [0, 1) select a word and a point in the word."""
    first = store.word_offsets[recordings]
    count = store.word_offsets[recordings + 1] - first
    start, end = np.zeros(len(recordings)), _last_frames(store, recordings)
    end = end / store.settings.frame_rate
    has_words = count > 0
    word = (first + (draws[0] * count).astype(np.int64))[has_words]
    start[has_words], end[has_words] = store.word_start[word], store.word_end[word]
    return _frames(store, recordings, start + draws[1] * (end - start))


def _frames(store, recordings, times):
    """Return the frames nearest to times in seconds; frame i is centred on i / frame_rate."""
    nearest = np.rint(times * store.settings.frame_rate).astype(np.int64)
    return np.clip(nearest, 0, _last_frames(store, recordings))


def _last_frames(store, recordings):
    return store.offsets[recordings + 1] - store.offsets[recordings] - 1

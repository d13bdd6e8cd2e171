"""Where crops are centred: a random point in a random word, as the paper draws them."""

import hashlib

import numpy as np


def draw_centres(store, recordings, rng):
    """Return a centre frame for each recording (numbers in the store), int64 of shape (batch,).

    A word of the recording is drawn, each as likely, then a point in its time range; the nearest
    frame is the centre. A recording without words has its centre anywhere.
    """
    recordings = np.asarray(recordings)
    return _centres(store, recordings, rng.random((2, len(recordings))))


def draw_fixed_centres(store, recordings, seed, crop=0):
    """Return a centre for each recording that depends on its name, `seed` and `crop` alone.

    `crop` counts from 0: a recording that is seen several times has that many centres.
    """
    recordings = np.asarray(recordings)
    names = [store.recordings[number] for number in recordings]
    draws = [_named(name, seed).random((crop + 1, 2))[crop] for name in names]
    return _centres(store, recordings, np.reshape(draws, (-1, 2)).T)


def spread_centres(store, number, count):
    """Return `count` centres spread evenly over the words of recording `number`, int64 (count,).

    The words are laid end to end and cut into `count` equal parts; a centre is the middle of one.
    In a recording without words the parts are those of the whole.
    """
    words = slice(*store.word_offsets[number : number + 2])
    start, end = store.word_start[words], store.word_end[words]
    recordings = np.full(count, number)
    if not len(start):
        start = np.zeros(1)
        end = _last_frames(store, recordings[:1]) / store.settings.frame_rate
    ends = np.cumsum(end - start)  # of the words laid end to end
    middles = (np.arange(count) + 0.5) / count * ends[-1]
    word = np.searchsorted(ends, middles)
    return _frames(store, recordings, end[word] - (ends[word] - middles))


def draw_pool(store, words, rng, count):
    """Return recordings and centres for `count` words drawn evenly from `words` (numbers).

    Used for unlabelled audio, where each word of the pool is as likely as any other.
    """
    drawn = words[rng.integers(len(words), size=count)]
    recordings = np.searchsorted(store.word_offsets, drawn, side="right") - 1
    times = _between(store.word_start[drawn], store.word_end[drawn], rng.random(count))
    return recordings, _frames(store, recordings, times)


def words_of(store, recordings):
    """Return the numbers of all words of the given recordings, int64."""
    spans = [np.arange(*store.word_offsets[number : number + 2]) for number in recordings]
    return np.concatenate([np.empty(0, np.int64), *spans])


def _centres(store, recordings, draws):
    first = store.word_offsets[recordings]
    count = store.word_offsets[recordings + 1] - first
    duration = _last_frames(store, recordings) / store.settings.frame_rate
    start, end = np.zeros(len(recordings)), duration
    worded = count > 0
    word = (first + (draws[0] * count).astype(np.int64))[worded]
    start[worded], end[worded] = store.word_start[word], store.word_end[word]
    return _frames(store, recordings, _between(start, end, draws[1]))


def _frames(store, recordings, times):
    """Return the frames nearest to times in seconds; frame i is centred on i / frame_rate."""
    nearest = np.rint(times * store.settings.frame_rate).astype(np.int64)
    return np.clip(nearest, 0, _last_frames(store, recordings))


def _last_frames(store, recordings):
    return store.offsets[recordings + 1] - store.offsets[recordings] - 1


def _between(start, end, share):
    return start + share * (end - start)


def _named(name, seed):
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])

"""Recordings that hold the same sound, found by content: names and paths may differ."""

import numpy as np

from emospeech.spectrograms.store import Store


def equal_recordings(
    store: Store, numbers: np.ndarray, other: Store, other_numbers: np.ndarray
) -> list[tuple[int, int]]:
    """Return the pairs (i, j) whose spectrograms are equal.

    i is one of `numbers` in `store` and j one of `other_numbers` in `other`; a recording is not
    paired with itself. Equal samples give equal frames, whatever the file format. Recordings that
    are all floor hold no sound and pair with none. Stores of different settings have no pairs.
    """
    if store.settings != other.settings:
        return []
    by_key = {}
    for number in other_numbers:
        by_key.setdefault(_key(other, number), []).append(number)
    candidates = [
        (int(number), int(match))
        for number in numbers
        for match in by_key.get(_key(store, number), ())
        if (store.frames is not other.frames) or number != match
    ]
    return [pair for pair in candidates if _equal_sound(store, pair[0], other, pair[1])]


def _key(store, number):
    length = store.offsets[number + 1] - store.offsets[number]
    return int(length), int(store.checksums[number])


def _equal_sound(store, number, other, match):
    ours, theirs = _frames(store, number), _frames(other, match)
    return np.array_equal(ours, theirs) and bool((ours != store.frames[-1]).any())


def _frames(store, number):
    return store.frames[store.offsets[number] : store.offsets[number + 1]]

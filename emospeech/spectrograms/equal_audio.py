"""Recordings with the same audio, found by content because names and paths may differ."""

from collections import defaultdict

import numpy as np

from emospeech.spectrograms.store import Store


def equal_recordings(
    store: Store, indices: np.ndarray, other: Store, other_indices: np.ndarray
) -> list[tuple[int, int]]:
    """Return the pairs (i, j) of recordings with equal spectrograms.

    i is one of `indices` in `store` and j one of `other_indices` in `other`; a recording is not
    paired with itself. Equal samples give equal frames in all file formats. Recordings whose frames
    all have the floor value are silent and not paired. Stores with different settings have no
    pairs.
    """
    if store.settings != other.settings:
        return []
    matches = defaultdict(list)
    for index in other_indices:
        matches[_key(other, index)].append(int(index))
    same = store.frames is other.frames
    return [
        (int(index), match)
        for index in indices
        for match in matches.get(_key(store, index), ())
        if not (same and index == match)
        and np.array_equal(store.stored_frames(index), other.stored_frames(match))
        and (store.stored_frames(index) != store.frames[-1]).any()
    ]


def _key(store, index):
    return int(store.offsets[index + 1] - store.offsets[index]), int(store.checksums[index])

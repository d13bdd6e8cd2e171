"""The locations of crops in a store."""

import numpy as np

from emospeech.spectrograms.store import Store


def locate_crops(
    store: Store, recordings: np.ndarray, centres: np.ndarray, width: int, edge: str
) -> np.ndarray:
    """Return the locations of crops of `width` frames, int64 of shape (batch, 3).

    A location is the first frame of the crop, which may be outside its recording, and the first
    and last frame of the recording, as indices of frames in the store. `recordings` are indices in
    the store and `centres` frames counted from the start of each; both are integer arrays of shape
    (batch,).
    """
    first, end = store.offsets[recordings], store.offsets[recordings + 1]
    start = first + first_frames(centres, width, edge, end - first)
    return np.stack([start, first, end - 1], axis=1)


def first_frames(
    centres: np.ndarray, width: int, edge: str, n_frames: np.ndarray | int
) -> np.ndarray:
    """Return the first frames of crops, counted from the start of each recording, int64 (batch,).

    `n_frames` are the numbers of frames of the recordings.
    """
    start = centres - width // 2
    return start.clip(max=n_frames - width).clip(min=0) if edge == "shift" else start

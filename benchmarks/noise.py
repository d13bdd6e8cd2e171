"""Recordings of noise, in a store of the project and in the HDF5 file of the reference.

`noise_in_memory` also works on the machine of `benchmarks.gpu`, which lacks soundfile.
"""

import zlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from benchmarks.reference import CropDataset
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import Store, create_store, offsets_of, open_store

SETTINGS = SpectrogramSettings()
UTTERANCE_SECONDS = 4.46  # mean of IEMOCAP
WORDS = 10  # of each recording


@dataclass(frozen=True)
class NoiseCorpus:
    """Recordings of noise, in the project's store and in the reference's HDF5 file.

    Attributes:
        store: The project's store.
        words: Start and end of the words in seconds, (recordings, words, 2).
        reference: The path of the reference's file, which is written when it is needed.
        referenced: The number of recordings in that file.
    """

    store: Store
    words: np.ndarray
    reference: Path
    referenced: int

    @property
    def lengths(self) -> np.ndarray:
        """The numbers of frames, (recordings,)."""
        return np.diff(self.store.offsets)

    def reference_crops(self, width: int, count: int | None = None) -> CropDataset:
        """Return the reference dataset of crops of the first `count` recordings."""
        if not self.reference.exists():
            with h5py.File(self.reference, "w", locking=False) as file:
                for index in range(self.referenced):
                    file[str(index)] = self.store.spectrogram(index)
        words = self.words[: self.referenced][:count]
        return CropDataset(self.reference, words, SETTINGS.frame_rate, width)


def write_noise(folder: Path, hours: float) -> NoiseCorpus:
    """Write `hours` of utterances to the store `noise.h5`."""
    path, (words, lengths, noise) = folder / "noise.h5", _draw(hours, UTTERANCE_SECONDS)
    names = _names(len(lengths))
    table = pd.DataFrame(words.reshape(-1, 2), columns=["start", "end"])
    table.insert(0, "recording", np.repeat(names, WORDS))
    recordings = pd.DataFrame({"recording": names, "path": names})
    create_store(path, recordings, table, lengths.tolist(), SETTINGS)
    with h5py.File(path, "r+", locking=False) as file:
        frames: Any = file["frames"]
        checksums: Any = file["checksums/frames"]
        _fill(frames, noise, lengths.sum())
        bounds = pairwise(offsets_of(lengths))
        checksums[:] = [zlib.crc32(frames[first:last]) for first, last in bounds]
    return NoiseCorpus(open_store(path), words, folder / "reference.h5", len(lengths))


def noise_in_memory(folder: Path, hours: float, seconds: float, referenced: int) -> NoiseCorpus:
    """Return `hours` of recordings with a mean length of `seconds`, in a store in memory.

    At most `referenced` recordings are written to the reference's file, in `folder`.
    """
    words, lengths, noise = _draw(hours, seconds)
    total = int(lengths.sum())
    frames = np.empty((total + 1, SETTINGS.rows), SETTINGS.dtype)
    _fill(frames, noise, total)
    frames[-1] = SETTINGS.floor_frame()
    store = Store(
        frames=frames,
        offsets=offsets_of(lengths),
        recordings=tuple(_names(len(lengths))),
        word_start=words[..., 0].ravel(),
        word_end=words[..., 1].ravel(),
        word_offsets=offsets_of(np.full(len(lengths), WORDS)),
        checksums=np.zeros(len(lengths), np.uint32),
        settings=SETTINGS,
        irregular=np.zeros(len(lengths), np.uint8),
    )
    return NoiseCorpus(store, words, folder / "reference.h5", min(referenced, len(lengths)))


def _draw(hours: float, seconds: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return words, (recordings, words, 2), lengths in frames, and a block of noise frames."""
    rng = np.random.default_rng(0)
    durations = rng.uniform(0.5, 1.5, round(hours * 3600 / seconds)) * seconds
    starts = rng.uniform(0, durations[:, None] - 0.3, (len(durations), WORDS))
    noise = rng.uniform(-1, 1, (2**16, SETTINGS.rows)).astype(SETTINGS.dtype)
    words = np.stack([starts, starts + 0.3], axis=2)
    return words, (durations * SETTINGS.frame_rate).astype(int), noise


def _names(count: int) -> list[str]:
    return [f"utterance-{index:06d}" for index in range(count)]


def _fill(frames: Any, noise: np.ndarray, total: int) -> None:
    """Repeat a block of noise in the first `total` rows of an array or dataset."""
    for start in range(0, total, len(noise)):
        end = min(start + len(noise), total)
        frames[start:end] = noise[: end - start]

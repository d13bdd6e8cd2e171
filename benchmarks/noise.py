"""Recordings of noise, in a store of the project and in the HDF5 file of the reference."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from benchmarks.reference import CropDataset
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import Store, create_store, open_store
from emospeech.training.noise import WORDS, noise_store

SETTINGS = SpectrogramSettings()


@dataclass(frozen=True)
class NoiseCorpus:
    """Recordings of noise, in the project's store and in the reference's HDF5 file.

    Attributes:
        store: The project's store.
        reference: The path of the reference's file, which is written when it is needed.
        referenced: The number of recordings in that file, by default all.
    """

    store: Store
    reference: Path
    referenced: int | None = None

    @property
    def lengths(self) -> np.ndarray:
        """The numbers of frames, (recordings,)."""
        return np.diff(self.store.offsets)

    @property
    def words(self) -> np.ndarray:
        """Start and end of the words in seconds, (recordings, words, 2)."""
        return np.stack([self.store.word_start, self.store.word_end], 1).reshape(-1, WORDS, 2)

    def reference_crops(self, width: int, count: int | None = None) -> CropDataset:
        """Return the reference dataset of crops of the first `count` recordings."""
        words = self.words[: self.referenced]
        if not self.reference.exists():
            with h5py.File(self.reference, "w", locking=False) as file:
                for index in range(len(words)):
                    file[str(index)] = self.store.spectrogram(index)
        return CropDataset(self.reference, words[:count], SETTINGS.frame_rate, width)


def write_noise(folder: Path, hours: float) -> NoiseCorpus:
    """Write `hours` of utterances to the store `noise.h5`."""
    path, store = folder / "noise.h5", noise_store(SETTINGS, hours)
    recordings = pd.DataFrame({"recording": store.recordings, "path": store.recordings})
    words = pd.DataFrame({"start": store.word_start, "end": store.word_end})
    words.insert(0, "recording", np.repeat(store.recordings, WORDS))
    create_store(path, recordings, words, np.diff(store.offsets).tolist(), SETTINGS)
    checksums = [zlib.crc32(store.stored_frames(index).data) for index in range(len(recordings))]
    with h5py.File(path, "r+", locking=False) as file:
        file["frames"][:] = store.frames  # pyright: ignore
        file["checksums/frames"][:] = checksums  # pyright: ignore
    return NoiseCorpus(open_store(path), folder / "reference.h5")

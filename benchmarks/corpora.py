"""Inputs of the benchmarks: synthetic speech corpora, and spectrogram stores of noise."""

import zlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from benchmarks.reference import CropDataset
from emospeech.corpora.ami import read_ami
from emospeech.corpora.iemocap import read_iemocap
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import Store, create_store, open_store
from emospeech.synthetic import ami, iemocap

SETTINGS = SpectrogramSettings()
UTTERANCE_SECONDS = 4.46  # mean of IEMOCAP


@dataclass(frozen=True)
class Audio:
    """The tables of a corpus, and the folder that contains its files."""

    recordings: pd.DataFrame
    words: pd.DataFrame
    root: Path

    @property
    def seconds(self) -> float:
        """The total duration."""
        return float(self.recordings["duration"].to_numpy().sum())

    @property
    def files(self) -> list[Path]:
        """The audio files."""
        return [self.root / path for path in self.recordings["path"]]


def synthetic_iemocap(root: Path, utterances: int) -> Audio:
    """Write the synthetic IEMOCAP below `root`: many short files."""
    iemocap.write_iemocap(root, iemocap.IemocapSettings(utterances=utterances), workers=2)
    found = read_iemocap(root)
    return Audio(found.recordings, found.words, root)


def synthetic_ami(root: Path, meetings: int, hours: float) -> Audio:
    """Write the synthetic AMI below `root`: a few long files."""
    ami.write_ami(root, ami.AmiSettings(meetings=meetings, hours=hours), workers=2)
    folder = root / "amicorpus"
    found = read_ami(folder, root / ami.ANNOTATIONS)
    return Audio(found.recordings, found.words, folder)


@dataclass(frozen=True)
class NoiseCorpus:
    """Utterances of noise frames, in the project's store and in the reference's HDF5 file."""

    folder: Path
    words: np.ndarray  # (recordings, words, 2): start and end in seconds
    lengths: np.ndarray  # (recordings,): frames

    def store(self) -> Store:
        """Open the project's store."""
        return open_store(self.folder / "noise.h5")

    def reference_crops(self, width: int, count: int | None = None) -> CropDataset:
        """Return the reference dataset of crops of the first `count` recordings."""
        path = self.folder / "reference.h5"
        return CropDataset(path, self.words[:count], SETTINGS.frame_rate, width)


def write_noise(folder: Path, hours: float) -> NoiseCorpus:
    """Write `hours` of noise as utterances with ten words each."""
    rng = np.random.default_rng(0)
    seconds = rng.uniform(0.5, 1.5, round(hours * 3600 / UTTERANCE_SECONDS)) * UTTERANCE_SECONDS
    lengths = (seconds * SETTINGS.frame_rate).astype(int)
    starts = rng.uniform(0, seconds[:, None] - 0.3, (len(seconds), 10))
    words = np.stack([starts, starts + 0.3], axis=2)
    noise = rng.uniform(-1, 1, (2**16, SETTINGS.rows)).astype(np.float32)
    _write_store(folder / "noise.h5", words, lengths, noise)
    with h5py.File(folder / "reference.h5", "w", locking=False) as file:
        for index, length in enumerate(lengths):
            file[str(index)] = noise[:length]
    return NoiseCorpus(folder, words, lengths)


def _write_store(path, words, lengths, noise):
    names = [f"utterance-{index:06d}" for index in range(len(lengths))]
    recordings = pd.DataFrame({"recording": names, "path": names})
    table = pd.DataFrame(words.reshape(-1, 2), columns=["start", "end"])
    table.insert(0, "recording", np.repeat(names, words.shape[1]))
    create_store(path, recordings, table, lengths.tolist(), SETTINGS)
    frames, total = noise.astype(SETTINGS.dtype), lengths.sum()
    with h5py.File(path, "r+", locking=False) as file:
        stored: Any = file["frames"]
        checksums: Any = file["checksums/frames"]
        for start in range(0, total, len(frames)):
            end = min(start + len(frames), total)
            stored[start:end] = frames[: end - start]
        offsets = pairwise(np.cumsum([0, *lengths]))
        checksums[:] = [zlib.crc32(stored[first:last]) for first, last in offsets]

"""What is measured on: speech of the synthetic corpora, and stores of made-up frames."""

import zlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from benchmarks import usual
from emospeech.corpora.ami import AmiSettings, read_ami
from emospeech.corpora.iemocap import read_iemocap
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import create_store, open_store
from emospeech.synthetic import ami, iemocap

SETTINGS = SpectrogramSettings()
SECONDS = 4.46  # of an utterance of IEMOCAP, on average


@dataclass(frozen=True)
class Audio:
    """Tables of a corpus, and the folder that their paths start from."""

    recordings: pd.DataFrame
    words: pd.DataFrame
    root: Path

    @property
    def seconds(self):
        return self.recordings["duration"].sum()

    @property
    def files(self):
        return [self.root / path for path in self.recordings["path"]]


def utterances(root, count):
    """Return the synthetic IEMOCAP, written below `root`: many short files."""
    iemocap.write_iemocap(root, iemocap.IemocapSettings(utterances=count), workers=2)
    found = read_iemocap(root)
    return Audio(found.recordings, found.words, root)


def meetings(root, count, hours):
    """Return the synthetic AMI, written below `root`: a few long files."""
    ami.write_ami(root, ami.AmiSettings(meetings=count, hours=hours), workers=2)
    folder = root / "amicorpus"
    found = read_ami(folder, root / ami.ANNOTATIONS, AmiSettings())
    return Audio(found.recordings, found.words, folder)


@dataclass(frozen=True)
class MadeUp:
    """Utterances whose frames are noise, in a store of ours and in the usual file."""

    folder: Path
    words: np.ndarray  # (recordings, words, 2): start and end in seconds
    lengths: np.ndarray  # (recordings,) frames

    def store(self):
        return open_store(self.folder / "made-up.h5")

    def usual_crops(self, width, count=None):
        """Return the usual Dataset of crops of the first `count` recordings."""
        words = self.words[:count]
        return usual.Crops(self.folder / "usual.h5", words, SETTINGS.frame_rate, width)


def made_up(folder, hours):
    """Write `hours` of made-up utterances to `folder`, ten words in each."""
    rng = np.random.default_rng(0)
    seconds = rng.uniform(0.5, 1.5, round(hours * 3600 / SECONDS)) * SECONDS
    lengths = (seconds * SETTINGS.frame_rate).astype(int)
    starts = rng.uniform(0, seconds[:, None] - 0.3, (len(seconds), 10))
    found = MadeUp(folder, np.stack([starts, starts + 0.3], axis=2), lengths)
    noise = rng.uniform(-1, 1, (2**16, SETTINGS.rows)).astype(np.float32)
    _write_store(found, noise)
    with h5py.File(folder / "usual.h5", "w", locking=False) as file:
        for number, length in enumerate(lengths):
            file[str(number)] = noise[:length]
    return found


def _write_store(made_up, noise):
    names = [f"utterance-{number:06d}" for number in range(len(made_up.lengths))]
    recordings = pd.DataFrame({"recording": names, "path": names})
    words = pd.DataFrame(made_up.words.reshape(-1, 2), columns=["start", "end"])
    words.insert(0, "recording", np.repeat(names, made_up.words.shape[1]))
    path = made_up.folder / "made-up.h5"
    create_store(path, recordings, words, made_up.lengths.tolist(), SETTINGS)
    frames, total = noise.astype(SETTINGS.dtype), made_up.lengths.sum()
    with h5py.File(path, "r+", locking=False) as file:
        for start in range(0, total, len(frames)):
            end = min(start + len(frames), total)
            file["frames"][start:end] = frames[: end - start]
        starts = np.cumsum([0, *made_up.lengths])
        pieces = (file["frames"][slice(*ends)] for ends in pairwise(starts))
        file["checksums/frames"][:] = [zlib.crc32(piece) for piece in pieces]

"""What is measured on: speech of the embedded corpora, and stores of made-up frames."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from emospeech.corpora.ami import AmiSettings, read_ami
from emospeech.corpora.embedded import ami, iemocap
from emospeech.corpora.iemocap import read_iemocap
from emospeech.spectrograms.layout import create_store

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
    """Return the embedded IEMOCAP, written below `root`: many short files."""
    iemocap.write_iemocap(root, iemocap.IemocapSettings(utterances=count), workers=2)
    found = read_iemocap(root)
    return Audio(found.recordings, found.words, root)


def meetings(root, count, hours):
    """Return the embedded AMI, written below `root`: a few long files."""
    ami.write_ami(root, ami.AmiSettings(meetings=count, hours=hours), workers=2)
    folder = root / "amicorpus"
    found = read_ami(folder, root / ami.ANNOTATIONS, AmiSettings())
    return Audio(found.recordings, found.words, folder)


def made_up_store(path, hours, settings):
    """Write a store of utterances whose frames are noise; return the words of each recording."""
    rng = np.random.default_rng(0)
    seconds = rng.uniform(0.5, 2, round(hours * 3600 / SECONDS / 1.25)) * SECONDS
    lengths = (seconds * settings.frame_rate).astype(int)
    names = [f"utterance-{number:06d}" for number in range(len(lengths))]
    recordings = pd.DataFrame({"recording": names, "path": names})
    starts = rng.uniform(0, seconds[:, None] - 0.3, (len(names), 10))
    words = np.stack([starts, starts + 0.3], axis=2)  # (recordings, 10, 2)
    table = pd.DataFrame(words.reshape(-1, 2), columns=["start", "end"])
    table.insert(0, "recording", np.repeat(names, 10))
    create_store(path, recordings, table, lengths.tolist(), settings)
    with h5py.File(path, "r+") as file:
        noise = rng.uniform(-1, 1, (2**16, settings.rows)).astype(settings.dtype)
        for start in range(0, lengths.sum(), len(noise)):
            end = min(start + len(noise), lengths.sum())
            file["frames"][start:end] = noise[: end - start]
    return words, lengths

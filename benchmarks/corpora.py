"""The audio of the benchmarks: synthetic speech corpora."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emospeech.corpora.ami import read_ami
from emospeech.corpora.iemocap import read_iemocap
from emospeech.synthetic import ami, iemocap


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

"""Small things that many tests need."""

import os

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import settings

from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.shards import write_store
from emospeech.spectrograms.store import open_store

# The same examples in every run, so that a change breaks a test and not chance; a run that looks
# for more (see test_corpora_fuzz.py) takes new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
if "FUZZ" not in os.environ:
    settings.load_profile("steady")

RATE = 16000
SETTINGS = SpectrogramSettings()


def write_tables(folder, seconds, words):
    """Write noise of the given lengths as wavs; return the tables of recordings and words.

    `words` holds (recording number, start, end).
    """
    rng = np.random.default_rng(0)
    names = [f"utterance-{number:02d}" for number in range(len(seconds))]
    for name, length in zip(names, seconds, strict=True):
        noise = 0.1 * rng.standard_normal(round(length * RATE))
        soundfile.write(folder / f"{name}.wav", noise, RATE)
    recordings = pd.DataFrame({"recording": names, "path": [f"{name}.wav" for name in names]})
    words = pd.DataFrame(words, columns=["recording", "start", "end"])
    words["recording"] = [names[number] for number in words["recording"]]
    return recordings, words


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """A store of four recordings; the third has no word."""
    folder = tmp_path_factory.mktemp("store")
    words = [(0, 0.2, 0.5), (0, 0.6, 1.4), (1, 0.0, 0.3), (3, 1.0, 1.1), (3, 1.2, 2.9)]
    tables = write_tables(folder, [1.5, 0.4, 0.9, 3.0], words)
    write_store(folder / "store.h5", *tables, folder, SETTINGS)
    return open_store(folder / "store.h5")

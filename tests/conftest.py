"""Fixtures and helpers that several test modules use."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import settings

from emospeech.corpora.corpus_tables import RECORDING_COLUMNS
from emospeech.folds import FoldSettings, make_folds
from emospeech.spectrograms.extraction import write_store
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import open_store

# The same examples in every run, so that failures are reproducible. Fuzzing (see
# test_corpora_fuzz.py) uses new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
if "FUZZ" not in os.environ:
    settings.load_profile("steady")

ROOT = Path(__file__).parents[1]
RATE = 16000
SETTINGS = SpectrogramSettings()
CORPUS_ROWS = 32  # of the spectrograms in `corpus`


def run_python(script, *arguments, cwd=None, **environment):
    """Run a Python script given as text; return the finished process with its output."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def write_tables(folder, seconds, words):
    """Write noise of the given lengths as wavs; return the tables of recordings and words.

    `words` are tuples (index of the recording, start, end).
    """
    rng = np.random.default_rng(0)
    names = [f"utterance-{index:02d}" for index in range(len(seconds))]
    for name, length in zip(names, seconds, strict=True):
        noise = 0.1 * rng.standard_normal(round(length * RATE))
        soundfile.write(folder / f"{name}.wav", noise, RATE)
    recordings = pd.DataFrame({"recording": names, "path": [f"{name}.wav" for name in names]})
    words = pd.DataFrame(words, columns=["recording", "start", "end"])
    words["recording"] = [names[index] for index in words["recording"]]
    return recordings, words


def file_digests(root):
    """Return {path below root: SHA-256} of all files."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """A store of four recordings; the third has no words."""
    folder = tmp_path_factory.mktemp("store")
    words = [(0, 0.2, 0.5), (0, 0.6, 1.4), (1, 0.0, 0.3), (3, 1.0, 1.1), (3, 1.2, 2.9)]
    tables = write_tables(folder, [1.5, 0.4, 0.9, 3.0], words)
    write_store(folder / "store.h5", *tables, folder, SETTINGS)
    return open_store(folder / "store.h5")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """Two sessions of two speakers with nine recordings each; one recording has no label."""
    folder = tmp_path_factory.mktemp("corpus")
    seconds = np.random.default_rng(0).uniform(0.4, 1.0, 36)
    recordings, words = write_tables(folder, seconds, [(i, 0.1, 0.3) for i in range(36)])
    recordings["session"] = np.repeat(["Ses01", "Ses02"], 18)
    recordings["gender"] = np.tile(np.repeat(["F", "M"], 9), 2)
    recordings["speaker"] = recordings["session"] + recordings["gender"]
    recordings["valence"] = np.tile([1, 1.5, 2, 2.5, 3, 3.5, 4, 5, np.nan], 4)
    recordings["activation"] = np.tile([2, 2, 3, 3, 3, 4, 4, 4, np.nan], 4)
    recordings["duration"] = seconds
    recordings.reindex(columns=RECORDING_COLUMNS).to_csv(folder / "recordings.csv", index=False)
    settings = SpectrogramSettings(rows=CORPUS_ROWS)
    write_store(folder / "store.h5", recordings, words, folder, settings)
    make_folds(recordings, FoldSettings(2)).to_csv(folder / "folds.csv", index=False)
    return folder


def corpus_paths(folder, **others):
    """Return the inputs of a job that opens the labelled corpus in `folder`, and others."""
    paths = {"store": folder / "store.h5", "ratings": [], "votes": []}
    paths |= {name: folder / f"{name}.csv" for name in ("recordings", "folds")}
    return SimpleNamespace(**paths | others)

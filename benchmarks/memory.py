"""Peak memory of making a store, at 1 and at 10 hours of audio."""

import os
import re
import resource
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from benchmarks.rows import PEAK_UNIT, Row
from emospeech.spectrograms.extraction import write_store
from emospeech.spectrograms.settings import SpectrogramSettings

RATE = 16000
UTTERANCE = 4.5  # seconds


def rows(folder):
    """Return the row on memory; the audio is written to `folder`."""
    few, many = (peak_megabytes(folder, hours) for hours in (1, 10))
    note = "peak of a process that makes a store of one recording and as much audio in utterances"
    return [Row("memory-10h-vs-1h", many, few, "MB", f"{note}, 10 hours in all; other: 1 hour")]


def peak_megabytes(folder, hours):
    """Return the peak memory of a new process that makes a store of `hours` of audio."""
    noise = (np.random.default_rng(0).standard_normal(60 * RATE) * 1000).astype(np.int16)
    long, short = folder / f"long-{hours}.wav", folder / "short.wav"
    with soundfile.SoundFile(long, "w", RATE, 1, "PCM_16") as audio:
        for _ in range(30 * hours):
            audio.write(noise)
    soundfile.write(short, noise[: round(UTTERANCE * RATE)], RATE)
    paths = [long.name]
    for number in range(round(hours * 1800 / UTTERANCE)):
        paths.append(f"short-{number:05d}.wav")
        (folder / paths[-1]).unlink(missing_ok=True)
        os.link(short, folder / paths[-1])
    recordings = pd.DataFrame({"recording": paths, "path": paths})
    words = pd.DataFrame({"recording": paths, "start": 0.0, "end": 1.0})
    with get_context("spawn").Pool(1) as pool:  # a new process, whose peak is its own
        return pool.apply(_make, (folder, recordings, words))


def process_peak():
    """Return the peak memory of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: getrusage counts what the parent held before this process began
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PEAK_UNIT


def _make(folder, recordings, words):
    write_store(folder / "store.h5", recordings, words, folder, SpectrogramSettings())
    return process_peak()

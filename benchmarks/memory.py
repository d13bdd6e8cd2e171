"""Peak memory of extraction with 1 and 10 hours of audio."""

import os
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from benchmarks.measurement import Measurement, peak_megabytes
from emospeech.spectrograms.extraction import write_store
from emospeech.spectrograms.settings import SpectrogramSettings

RATE = 16000
UTTERANCE_SECONDS = 4.5


def measure(folder: Path) -> list[Measurement]:
    """Measure extraction in new processes; the audio is written to `folder`."""
    few, many = (extraction_peak(folder, hours) for hours in (1, 10))
    note = (
        "peak of a process that extracts one long recording and as much audio in utterances, "
        "10 hours in total; reference: 1 hour"
    )
    return [Measurement("memory-10h-vs-1h", many, few, "MB", note)]


def extraction_peak(folder: Path, hours: int) -> float:
    """Return the peak memory in MB of a new process that extracts `hours` of audio."""
    noise = (np.random.default_rng(0).standard_normal(60 * RATE) * 1000).astype(np.int16)
    long, short = folder / f"long-{hours}.wav", folder / "short.wav"
    with soundfile.SoundFile(long, "w", RATE, 1, "PCM_16") as audio:
        for _ in range(30 * hours):
            audio.write(noise)
    soundfile.write(short, noise[: round(UTTERANCE_SECONDS * RATE)], RATE)
    paths = [long.name]
    for index in range(round(hours * 1800 / UTTERANCE_SECONDS)):
        paths.append(f"short-{index:05d}.wav")
        (folder / paths[-1]).unlink(missing_ok=True)
        os.link(short, folder / paths[-1])
    recordings = pd.DataFrame({"recording": paths, "path": paths})
    words = pd.DataFrame({"recording": paths, "start": 0.0, "end": 1.0})
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_extract, (folder, recordings, words))


def _extract(folder, recordings, words):
    write_store(folder / "store.h5", recordings, words, folder, SpectrogramSettings())
    return peak_megabytes()

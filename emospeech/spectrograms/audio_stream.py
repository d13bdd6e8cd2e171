"""Audio files as streams of mono samples at a given sampling rate, in bounded memory."""

from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import soxr

from emospeech.corpora.audio import measure_audio, open_audio, read_blocks
from emospeech.spectrograms.irregularities import AudioStatistics

BLOCK = 2**18  # samples per read (16 s at 16 kHz), so that intermediate results fit in the cache


def count_samples(path: str | Path, sample_rate: int) -> int:
    """Return the number of samples of an audio file at `sample_rate`."""
    length = measure_audio(path)
    return length.samples * sample_rate // length.sample_rate


def stream_samples(
    path: str | Path, sample_rate: int, statistics: AudioStatistics | None = None
) -> Iterator[np.ndarray]:
    """Yield blocks of mono float32 samples at `sample_rate`, `count_samples` in total.

    Channels are averaged; other sampling rates are resampled (soxr, HQ). `statistics` collects the
    power of the channels and of their mean.

    Raises:
        CorpusError: The file cannot be decoded completely.
    """
    with open_audio(path) as audio:
        rate = audio.samplerate
        resampler = soxr.ResampleStream(rate, sample_rate, 1)
        read = yielded = 0
        end = np.empty((0, 1), np.float32)
        for block, following in pairwise(chain(read_blocks(audio, BLOCK), [end])):
            read += len(block)
            samples = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1)
            if statistics is not None:
                statistics.add_samples(block, samples)
            if rate != sample_rate:
                samples = resampler.resample_chunk(samples, last=following is end)
            samples = samples[: read * sample_rate // rate - yielded]
            yielded += len(samples)
            yield samples
    if missing := read * sample_rate // rate - yielded:
        yield np.zeros(missing, np.float32)  # the resampler may return one sample less

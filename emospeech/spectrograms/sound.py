"""Audio files as a stream of mono samples at one sampling rate, in bounded memory."""

import numpy as np
import soxr

from emospeech.corpora.audio import measure_audio
from emospeech.corpora.decoding import open_audio, read_blocks

BLOCK = 2**18  # samples read at a time, 16 s at 16 kHz: what is made of them stays in the caches


def count_samples(path, sample_rate):
    """Return the number of samples that an audio file has at `sample_rate`."""
    length = measure_audio(path)
    return length.samples * sample_rate // length.sample_rate


def stream_samples(path, sample_rate, statistics=None):
    """Yield an audio file piece by piece: mono float32 at `sample_rate`, `count_samples` in all.

    Files with several channels are averaged, other sampling rates resampled (soxr, HQ).
    `statistics` are the AudioStatistics that collect the power of the channels and of their mean.

    Raises:
        CorpusError: The file cannot be read as audio, or not to its end.
    """
    with open_audio(path) as audio:
        rate = audio.samplerate
        resampler = soxr.ResampleStream(rate, sample_rate, 1)
        read = given = 0
        for block, last in _with_last(read_blocks(audio, BLOCK)):
            read += len(block)
            chunk = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1)
            if statistics is not None:
                statistics.add_samples(block, chunk)
            if rate != sample_rate:
                chunk = resampler.resample_chunk(chunk, last=last)
            chunk = chunk[: read * sample_rate // rate - given]
            given += len(chunk)
            yield chunk
    if missing := read * sample_rate // rate - given:
        yield np.zeros(missing, np.float32)  # a resampled end may be a sample short


def _with_last(blocks):
    """Yield each block and whether it is the last one."""
    previous = next(blocks, None)
    while previous is not None:
        following = next(blocks, None)
        yield previous, following is None
        previous = following

"""From decibels to the values of a crop.

    value = 1 + 2 (dB - reference) / dynamic_range,  no lower than `bottom` and no higher than 1

The reference, which has the value 1, is the maximum of the recording, or a fixed level.
"""

import tempfile

import numpy as np

from emospeech.spectrograms.transform import SILENCE, filter_bank, stream_decibels

HELD = 2**26  # bytes of decibels kept in memory, 35 minutes; the rest waits on the disk


def spectrogram(path, settings):
    """Return the spectrogram of an audio file, float32 of shape (frames, rows) in [bottom, 1]."""
    return np.concatenate(list(stream_values(path, settings)))


def stream_values(path, settings, folder=None, statistics=None):
    """Yield the spectrogram of an audio file in blocks of frames, float32 of shape (frames, rows).

    The maximum is known at the end only, so the decibels of a long recording wait in a nameless
    file in `folder`: memory does not grow with the recording. `statistics` are the AudioStatistics
    of the recording, complete when the last block was yielded.
    """
    with tempfile.SpooledTemporaryFile(HELD, dir=folder) as spool:
        maximum, sizes = -np.inf, []
        for block in stream_decibels(path, settings, statistics):
            maximum = max(maximum, block.max())
            sizes.append(block.nbytes)
            spool.write(block.data)
        spool.seek(0)
        reference = full_scale(settings) if settings.amplitude == "fixed" else maximum
        for size in sizes:
            block = np.frombuffer(spool.read(size), np.float32).reshape(-1, settings.rows)
            values = to_values(block, reference, maximum, settings)
            if statistics is not None:
                statistics.add_values(values)
            yield values


def to_values(decibels, reference, maximum, settings):
    """Return decibels as values; digital silence is all bottom, not all maximum."""
    if maximum < SILENCE:
        return np.full_like(decibels, settings.bottom)
    values = (decibels - np.float32(reference)) * np.float32(2 / settings.dynamic_range)
    values += 1
    return np.clip(values, settings.bottom, 1, out=values)


def full_scale(settings):
    """Return the level of the loudest cell that a sine of full scale can make, in dB.

    Its amplitude 1 gives a bin of sum(window) / 2 = n_fft / 4, weighted by the largest filter.
    """
    return 10 * np.log10(filter_bank(settings).max() * (settings.n_fft / 4) ** 2)

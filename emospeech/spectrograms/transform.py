"""From samples to frames: 128 rows of decibels, one window after the other.

The paper takes windows of 1024 samples at 16 kHz and pictures of 128 rows. A 1024-point transform
has 513 bins, so the rows are mel bands here, or means of equal parts of the linear axis.
"""

from functools import cache
from itertools import chain

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import rfft
from scipy.sparse import csr_array

from emospeech.runtime.errors import InputError
from emospeech.runtime.import_lock import import_lock
from emospeech.spectrograms.sound import count_samples, stream_samples

with import_lock("librosa"):
    import librosa.core.convert
    import librosa.filters

AMIN = 1e-10  # power below which a bin is silence, as in librosa.power_to_db
SILENCE = -99.99  # dB: a cell below it holds AMIN, give or take its rounding
TILE = 128  # windows transformed at a time: their bins stay in the processor's cache


def count_frames(path, settings):
    """Return the number of frames of an audio file: 1 + samples // hop_length."""
    return 1 + count_samples(path, settings.sample_rate) // settings.hop_length


def stream_decibels(path, settings, statistics=None):
    """Yield the frames of an audio file in blocks, float32 of shape (frames, rows), in dB.

    Frame i is centred on sample i * hop_length; the audio counts as silent beyond its ends. A cell
    is 10 log10(max(power, 1e-10)), with the power of a Hann window through the filter bank.
    `statistics` are the AudioStatistics that collect the power of the rows.
    """
    window, filters = _window_and_filters(settings)
    stream = stream_samples(path, settings.sample_rate, statistics)
    for samples in _whole_windows(stream, settings):
        windows = sliding_window_view(samples, settings.n_fft)[:: settings.hop_length]
        frames = np.empty((len(windows), settings.rows), np.float32)
        for start in range(0, len(windows), TILE):
            tile = slice(start, start + TILE)
            bins = rfft(windows[tile] * window, overwrite_x=True)  # (tile, bins)
            power = bins.real**2 + bins.imag**2
            frames[tile] = (filters @ np.ascontiguousarray(power.T)).T
        if statistics is not None:
            statistics.add_power(frames)
        np.maximum(frames, AMIN, out=frames)
        # The natural logarithm is vectorised in numpy, that to the base 10 is not.
        np.log(frames, out=frames)
        frames *= np.float32(10 / np.log(10))
        yield frames


@cache
def filter_bank(settings):
    """Return the weights that take power bins to rows, float32 of shape (rows, 1 + n_fft / 2).

    Raises InputError where a row holds no bin.
    """
    if settings.frequency_scale == "mel":
        filters = _mel(settings)
    else:
        frequencies = librosa.fft_frequencies(sr=settings.sample_rate, n_fft=settings.n_fft)
        bins = np.flatnonzero((frequencies >= settings.fmin) & (frequencies <= settings.fmax))
        filters = np.zeros((settings.rows, len(frequencies)), np.float32)
        for row, part in enumerate(np.array_split(bins, settings.rows)):
            filters[row, part] = 1 / max(len(part), 1)
    empty = np.flatnonzero(~filters.any(axis=1))
    if len(empty):
        problem = f"is {settings.rows}, but then row {empty[0]} holds no bin of the transform"
        raise InputError("spectrograms.rows", f"{problem}; take fewer rows or a longer n_fft")
    return filters


@cache
def _window_and_filters(settings):
    window = librosa.filters.get_window("hann", settings.n_fft).astype(np.float32)
    return window, csr_array(filter_bank(settings))  # sparse: most bins of a row are 0


def _mel(settings):
    return librosa.filters.mel(
        sr=settings.sample_rate,
        n_fft=settings.n_fft,
        n_mels=settings.rows,
        fmin=settings.fmin,
        fmax=settings.fmax,
    )


def _whole_windows(stream, settings):
    """Yield the samples of a stream in blocks of whole windows; together they make all frames."""
    edge = np.zeros(settings.n_fft // 2, np.float32)
    held = edge
    for chunk in chain(stream, [edge]):
        held = np.concatenate([held, chunk])
        n_frames = (len(held) - settings.n_fft) // settings.hop_length + 1
        if n_frames > 0:
            yield held[: (n_frames - 1) * settings.hop_length + settings.n_fft]
            held = held[n_frames * settings.hop_length :]

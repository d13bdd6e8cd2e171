"""From audio to spectrograms with values in [-1, 1].

    value = 1 + 2 (dB - reference) / dynamic_range,  clipped to [bottom, 1]

The reference level, which has the value 1, is the maximum of the recording or a fixed level.
"""

import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import rfft
from scipy.signal.windows import hann
from scipy.sparse import csr_array

from emospeech.spectrograms.audio_stream import count_samples, stream_samples
from emospeech.spectrograms.filter_bank import filter_bank
from emospeech.spectrograms.irregularities import AudioStatistics
from emospeech.spectrograms.settings import SpectrogramSettings

AMIN = 1e-10  # power below which a cell counts as silent, as in librosa.power_to_db
SILENCE = -99.99  # dB, just above the level of a cell with the minimum power AMIN
TILE = 128  # windows per transform, so that their bins fit in the processor's cache
SPOOL_SIZE = 2**26  # bytes of decibels, 35 minutes of audio; longer recordings are kept on disk


def count_frames(path: str | Path, settings: SpectrogramSettings) -> int:
    """Return the number of frames of an audio file: 1 + samples // hop_length."""
    return 1 + count_samples(path, settings.sample_rate) // settings.hop_length


def spectrogram(path: str | Path, settings: SpectrogramSettings) -> np.ndarray:
    """Return the spectrogram of an audio file, float32 of shape (frames, rows) in [bottom, 1]."""
    return np.concatenate(list(stream_values(path, settings)))


def stream_values(
    path: str | Path,
    settings: SpectrogramSettings,
    folder: str | None = None,
    statistics: AudioStatistics | None = None,
    spool_size: int = SPOOL_SIZE,
) -> Iterator[np.ndarray]:
    """Yield the spectrogram of an audio file in blocks of frames, float32 of shape (frames, rows).

    The maximum is known only at the end, so the decibels of a recording are kept in memory or, from
    `spool_size` bytes on, in an unnamed file in `folder`. Memory use therefore does not grow with
    the length of the recording. `statistics` is complete after the last block.
    """
    with tempfile.SpooledTemporaryFile(spool_size, dir=folder) as spool:
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


def stream_decibels(
    path: str | Path, settings: SpectrogramSettings, statistics: AudioStatistics | None = None
) -> Iterator[np.ndarray]:
    """Yield the frames of an audio file in blocks, float32 of shape (frames, rows), in dB.

    Frame i is centred on sample i * hop_length; the audio is padded with zeros at both ends. A cell
    is 10 log10(max(power, 1e-10)), with the power of a Hann window after the filter bank.
    """
    window, filters = _window_and_filters(settings)
    stream = stream_samples(path, settings.sample_rate, statistics)
    for samples in _complete_windows(stream, settings):
        windows = sliding_window_view(samples, settings.n_fft)[:: settings.hop_length]
        frames = np.empty((len(windows), settings.rows), np.float32)
        for start in range(0, len(windows), TILE):
            tile = slice(start, start + TILE)
            # scipy's type hint of the result is wrong.
            bins: Any = rfft(windows[tile] * window, overwrite_x=True)  # (tile, bins)
            power = bins.real**2 + bins.imag**2
            frames[tile] = (filters @ np.ascontiguousarray(power.T)).T
        if statistics is not None:
            statistics.add_power(frames)
        np.maximum(frames, AMIN, out=frames)
        # numpy vectorizes the natural logarithm, but not log10.
        np.log(frames, out=frames)
        frames *= np.float32(10 / np.log(10))
        yield frames


def to_values(
    decibels: np.ndarray, reference: float, maximum: float, settings: SpectrogramSettings
) -> np.ndarray:
    """Return decibels as values; in digital silence all of them are `bottom`."""
    if maximum < SILENCE:
        return np.full_like(decibels, settings.bottom)
    values = (decibels - np.float32(reference)) * np.float32(2 / settings.dynamic_range)
    values += 1
    return np.clip(values, settings.bottom, 1, out=values)


def full_scale(settings: SpectrogramSettings) -> float:
    """Return the level of the loudest cell that a full-scale sine can produce, in dB.

    Its amplitude 1 gives a bin of sum(window) / 2 = n_fft / 4, weighted by the largest filter.
    """
    return 10 * np.log10(filter_bank(settings).max() * (settings.n_fft / 4) ** 2)


@cache
def _window_and_filters(settings):
    window = hann(settings.n_fft, sym=False).astype(np.float32)
    return window, csr_array(filter_bank(settings))  # sparse: most weights are 0


def _complete_windows(stream, settings):
    """Yield the samples of a stream in blocks of complete windows, which give all frames."""
    padding = np.zeros(settings.n_fft // 2, np.float32)
    samples = padding
    for chunk in chain(stream, [padding]):
        samples = np.concatenate([samples, chunk])
        n_frames = (len(samples) - settings.n_fft) // settings.hop_length + 1
        if n_frames > 0:
            yield samples[: (n_frames - 1) * settings.hop_length + settings.n_fft]
            samples = samples[n_frames * settings.hop_length :]

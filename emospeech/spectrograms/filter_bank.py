"""The filter bank from power bins to the rows of a spectrogram, and the frequencies of the rows.

The paper uses windows of 1024 samples at 16 kHz and spectrograms of 128 rows. A 1024-point Fourier
transform has 513 bins, so the rows are either mel bands or means over groups of adjacent bins.
"""

from functools import cache

import numpy as np

from emospeech.runtime.errors import InputError
from emospeech.runtime.import_lock import import_lock
from emospeech.spectrograms.settings import SpectrogramSettings

with import_lock("librosa"):
    import librosa.core.convert
    import librosa.filters


@cache
def filter_bank(settings: SpectrogramSettings) -> np.ndarray:
    """Return the weights of the power bins in each row, float32 of shape (rows, 1 + n_fft / 2).

    Raises:
        InputError: A row would contain no bin.
    """
    if settings.frequency_scale == "mel":
        filters = librosa.filters.mel(
            sr=settings.sample_rate,
            n_fft=settings.n_fft,
            n_mels=settings.rows,
            fmin=settings.fmin,
            fmax=settings.fmax,
        )
    else:
        frequencies = librosa.fft_frequencies(sr=settings.sample_rate, n_fft=settings.n_fft)
        bins = np.flatnonzero((frequencies >= settings.fmin) & (frequencies <= settings.fmax))
        filters = np.zeros((settings.rows, len(frequencies)), np.float32)
        for row, part in enumerate(np.array_split(bins, settings.rows)):
            filters[row, part] = 1 / max(len(part), 1)
    empty = np.flatnonzero(~filters.any(axis=1))
    if len(empty):
        problem = f"{settings.rows} is too many, row {empty[0]} would contain no frequency bin"
        raise InputError("spectrograms.rows", f"{problem}. Use fewer rows or a longer n_fft.")
    return filters


def row_edges(settings: SpectrogramSettings) -> np.ndarray:
    """Return the lower edge of each row and the upper edge of the last, in Hz, float64 (rows + 1,).

    Mel filters overlap: the edge between two is halfway, in mel, between their peaks. A linear row
    extends half a bin beyond the first and the last bin that it averages.
    """
    if settings.frequency_scale == "mel":
        # Corners and peaks of the filters are rows + 2 points, evenly spaced in mel. The edges are
        # halfway between them.
        count = 2 * settings.rows + 3
        points = librosa.mel_frequencies(count, fmin=settings.fmin, fmax=settings.fmax)
        return points[1::2]
    used = filter_bank(settings) > 0  # (rows, bins)
    first, end = used.argmax(axis=1), used[-1].nonzero()[0][-1] + 1
    return (np.append(first, end) - 0.5) * settings.sample_rate / settings.n_fft

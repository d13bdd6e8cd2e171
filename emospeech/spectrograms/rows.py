"""Which frequencies the rows of a spectrogram stand for."""

import numpy as np

from emospeech.runtime.import_lock import import_lock
from emospeech.spectrograms.transform import filter_bank

with import_lock("librosa"):
    import librosa.core.convert


def row_edges(settings):
    """Return where each row begins and the last one ends, in Hz, float64 of shape (rows + 1,).

    A mel filter overlaps its neighbours; its row reaches halfway, in mel, to their peaks. A linear
    row reaches half a bin beyond the first and the last bin that it averages.
    """
    if settings.frequency_scale == "mel":
        # The feet and peaks of the filters are rows + 2 points, evenly spaced in mel; between
        # them lie the edges.
        count = 2 * settings.rows + 3
        points = librosa.mel_frequencies(count, fmin=settings.fmin, fmax=settings.fmax)
        return points[1::2]
    held = filter_bank(settings) > 0  # (rows, bins)
    first, end = held.argmax(axis=1), held[-1].nonzero()[0][-1] + 1
    return (np.append(first, end) - 0.5) * settings.sample_rate / settings.n_fft

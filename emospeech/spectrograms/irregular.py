"""Recordings whose audio is unusual: counted while their spectrograms are made.

Each recording is decoded once for its spectrogram, and what is measured on the way says whether its
channels cancel each other, whether it is silent, and whether it was recorded at a lower sampling
rate than it is stored at. The store holds the result of each recording as an integer of flags.
"""

from enum import IntFlag

import numpy as np

from emospeech.spectrograms.rows import row_edges

CANCELLED = 0.01  # power of the mean of the channels, as a share of their mean power: -20 dB
NARROW = 1e-6  # power of the upper half of the band, as a share of all power: -60 dB
# A resampler leaves some power just above the band of the original. Rows that begin less than this
# factor above the middle of the band are not counted as its upper half.
TRANSITION = 1.125


class Irregularity(IntFlag):
    """What is unusual about the audio of a recording."""

    CHANNELS_CANCEL = 1
    SILENT = 2
    NARROW_BAND = 4


TEXTS = {
    Irregularity.CHANNELS_CANCEL: "channels cancel each other when they are averaged",
    Irregularity.SILENT: "recording is silent, its spectrogram is all floor",
    Irregularity.NARROW_BAND: "upper half of the band is empty, as after a lower sampling rate",
}


class AudioStatistics:
    """Power and level of one recording, collected block by block."""

    def __init__(self, settings):
        """`settings` are the SpectrogramSettings of the store."""
        self._settings = settings
        self._channels = self._mean = 0.0  # summed squares: mean over channels, mean of channels
        self._loudest = -np.inf  # value of the spectrogram
        edges = row_edges(settings)  # Hz
        upper = edges[:-1] >= TRANSITION * (settings.fmin + settings.fmax) / 2
        # A row holds the mean over its width; the columns sum the whole band and its upper half.
        self._weights = np.diff(edges)[:, None] * np.stack([np.ones_like(upper), upper], axis=1)
        self._powers = []  # of each frame, (frames, 2): whole band and upper half

    def add_samples(self, block, mean):
        """Add samples of shape (samples, channels), and their mean over the channels."""
        if block.shape[1] > 1:
            self._channels += np.square(block, dtype=np.float64).mean(axis=1).sum()
            self._mean += np.square(mean, dtype=np.float64).sum()

    def add_power(self, frames):
        """Add frames of power, of shape (frames, rows)."""
        self._powers.append(frames @ self._weights)

    def add_values(self, values):
        """Add frames of the finished spectrogram, of shape (frames, rows)."""
        self._loudest = max(self._loudest, values.max())

    def irregularities(self) -> Irregularity:
        """Return what is unusual about the recording, after its last block."""
        found = Irregularity(0)
        if self._mean < CANCELLED * self._channels:
            found |= Irregularity.CHANNELS_CANCEL
        if self._loudest <= self._settings.bottom:
            found |= Irregularity.SILENT
        if self._has_narrow_band():
            found |= Irregularity.NARROW_BAND
        return found

    def _has_narrow_band(self):
        """Return whether the upper half of the band is empty.

        Frames that reach over an end of the recording are left out: an abrupt end is a click, which
        has power at all frequencies.
        """
        outside = -(-self._settings.n_fft // (2 * self._settings.hop_length))  # at each end
        inside = np.concatenate(self._powers)[outside:-outside]
        whole, upper = inside.sum(axis=0)
        return bool(self._weights[:, 1].any() and upper < NARROW * whole)


def count_irregularities(flags):
    """Return {text: number of recordings} of an array of flags, without those that never occur."""
    counts = {text: int(np.count_nonzero(flags & flag)) for flag, text in TEXTS.items()}
    return {text: count for text, count in counts.items() if count}

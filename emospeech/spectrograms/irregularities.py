"""Detection of recordings with unusual audio while their spectrograms are extracted.

Each recording is decoded only once. The statistics collected in the process show whether its
channels cancel each other, whether it is silent, and whether it was recorded at a lower sampling
rate than that of its file. The store contains the result as an integer of flags per recording.
"""

from enum import IntFlag

import numpy as np

from emospeech.spectrograms.filter_bank import row_edges
from emospeech.spectrograms.settings import SpectrogramSettings

CANCELLED = 0.01  # power of the mean of the channels relative to their mean power: -20 dB
NARROW = 1e-6  # power of the upper half of the band relative to all power: -60 dB
# A resampler leaves some power just above the original band. The upper half of the band is
# therefore taken to start at this multiple of its middle frequency.
TRANSITION = 1.125


class Irregularity(IntFlag):
    """Properties of unusual audio."""

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

    def __init__(self, settings: SpectrogramSettings):
        self._bottom = settings.bottom
        self._channels = self._mean = 0.0  # summed squares: mean over channels, mean of channels
        self._maximum = -np.inf  # value of the spectrogram
        edges = row_edges(settings)  # Hz
        upper = edges[:-1] >= TRANSITION * (settings.fmin + settings.fmax) / 2
        # Weights that sum the power of the whole band and of its upper half: a row is a mean over
        # its width.
        self._weights = np.diff(edges)[:, None] * np.stack([np.ones_like(upper), upper], axis=1)
        self._powers = []  # of the frames, (frames, 2): whole band and upper half
        # Number of frames that extend beyond each end of the recording. An abrupt end is a click,
        # which has power at all frequencies.
        self._outside = -(-settings.n_fft // (2 * settings.hop_length))

    def add_samples(self, block: np.ndarray, mean: np.ndarray) -> None:
        """Add samples of shape (samples, channels), and their mean over the channels."""
        if block.shape[1] > 1:
            self._channels += np.square(block, dtype=np.float64).mean(axis=1).sum()
            self._mean += np.square(mean, dtype=np.float64).sum()

    def add_power(self, frames: np.ndarray) -> None:
        """Add frames of power, of shape (frames, rows)."""
        self._powers.append(frames @ self._weights)

    def add_values(self, values: np.ndarray) -> None:
        """Add frames of the finished spectrogram, of shape (frames, rows)."""
        self._maximum = max(self._maximum, values.max())

    def irregularities(self) -> Irregularity:
        """Return the flags of the recording, after its last block."""
        flags = Irregularity(0)
        if self._mean < CANCELLED * self._channels:
            flags |= Irregularity.CHANNELS_CANCEL
        if self._maximum <= self._bottom:
            flags |= Irregularity.SILENT
        inside = np.concatenate(self._powers)[self._outside : -self._outside]
        total, upper = inside.sum(axis=0)
        if self._weights[:, 1].any() and upper < NARROW * total:
            flags |= Irregularity.NARROW_BAND
        return flags


def count_irregularities(flags: np.ndarray) -> dict[str, int]:
    """Return {text: number of recordings} for an array of flags, without those that are 0."""
    counts = {text: int(np.count_nonzero(flags & flag)) for flag, text in TEXTS.items()}
    return {text: count for text, count in counts.items() if count}

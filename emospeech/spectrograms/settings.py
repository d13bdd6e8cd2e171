"""The settings of spectrograms, and how a store represents their values."""

from dataclasses import dataclass

import numpy as np

from emospeech.runtime.errors import InputError

FLOOR = -1.0  # the lowest value of a crop: `dynamic_range` dB or more below the maximum


@dataclass(frozen=True)
class SpectrogramSettings:
    """The settings of spectrograms and their store. Defaults are the paper's where it states them.

    Raises:
        InputError: Two settings contradict each other.
    """

    sample_rate: int = 16000  # Hz
    n_fft: int = 1024  # samples per window, 64 ms
    hop_length: int = 256  # samples between frames, 16 ms
    rows: int = 128
    frequency_scale: str = "mel"  # or "linear"
    fmin: float = 0.0  # Hz
    fmax: float = 8000.0  # Hz
    amplitude: str = "recording"  # or "crop": the maximum has value 1; or "fixed"
    dynamic_range: float = 80.0  # dB between the values 1 and -1
    dtype: str = "float16"  # of the store; or "uint8", half the size but less precise

    def __post_init__(self):
        self._refuse(self.hop_length > self.n_fft, "hop_length", "is longer than n_fft")
        self._refuse(self.fmin >= self.fmax, "fmin", "is not below fmax")
        self._refuse(self.fmax > self.sample_rate / 2, "fmax", "is above half of sample_rate")

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_length

    @property
    def bottom(self) -> float:
        """Lowest value in the store: -1, or -3 if each crop is scaled to its own maximum.

        The maximum of a crop may be as low as -1, and its dynamic range extends 2 below that.
        """
        return FLOOR if self.amplitude != "crop" else FLOOR - 2

    @property
    def step(self) -> float:
        """Distance between neighbouring values of a uint8 store."""
        return (1 - self.bottom) / 255

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Return values in the store's data type.

        With a dynamic range of 80 dB, the rounding error is at most 0.01 dB for float16 and 0.16 dB
        for uint8, or 0.04 dB and 0.31 dB if `amplitude` is "crop".
        """
        if self.dtype == "uint8":
            return np.rint((values - self.bottom) / self.step).astype(np.uint8)
        return values.astype(np.float16)

    def decode(self, stored: np.ndarray) -> np.ndarray:
        """Return the float32 values of frames in the store's data type."""
        if self.dtype == "uint8":
            return stored * np.float32(self.step) + np.float32(self.bottom)
        return stored.astype(np.float32)

    def floor_frame(self) -> np.ndarray:
        """Return the frame that crops show outside their recording, (1, rows) as in the store."""
        return self.encode(np.full((1, self.rows), self.bottom, np.float32))

    def _refuse(self, condition, key, problem):
        if condition:
            value = getattr(self, key)
            raise InputError(f"spectrograms.{key}", f"{value} {problem}. Change one of them.")

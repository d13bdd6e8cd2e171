"""What fixes a spectrogram and the store that holds it."""

from dataclasses import dataclass

from emospeech.runtime.errors import InputError

FLOOR = -1.0  # of a crop: a cell `dynamic_range` dB or more below the maximum


@dataclass(frozen=True)
class SpectrogramSettings:
    """The defaults are the paper's where it states them.

    Raises InputError for settings that no spectrogram can have.
    """

    sample_rate: int = 16000  # Hz
    n_fft: int = 1024  # samples of a window, 64 ms
    hop_length: int = 256  # samples between frames, 16 ms
    rows: int = 128
    frequency_scale: str = "mel"  # or "linear"
    fmin: float = 0.0  # Hz
    fmax: float = 8000.0  # Hz
    amplitude: str = "recording"  # whose maximum is 1: the recording's, the "crop"'s, or "fixed"
    dynamic_range: float = 80.0  # dB from 1 down to -1
    dtype: str = "float16"  # of the store; or "uint8", half the bytes and less exact

    def __post_init__(self):
        self._refuse(self.hop_length > self.n_fft, "hop_length", "is longer than n_fft")
        self._refuse(self.fmin >= self.fmax, "fmin", "is not below fmax")
        self._refuse(self.fmax > self.sample_rate / 2, "fmax", "is above half of sample_rate")

    @property
    def frame_rate(self):
        """Frames a second."""
        return self.sample_rate / self.hop_length

    @property
    def bottom(self):
        """The lowest value in the store: -1, or lower where a crop has a maximum of its own.

        A crop may be as quiet as the floor of its recording, so as much again is kept below it.
        """
        return FLOOR if self.amplitude != "crop" else FLOOR - 2

    @property
    def step(self):
        """The distance between neighbouring values of a uint8 store."""
        return (1 - self.bottom) / 255

    @property
    def rounding(self):
        """How far the store's type moves a value at most, in dB.

        Numbers of float16 up to 1 lie at most 2^-11 apart, up to 3 at most 2^-9; a value moves by
        half of that. At 80 dB that is 0.01 dB (0.04 with `crop`), for uint8 0.16 dB (0.31).
        """
        apart = 2.0**-11 if self.bottom == FLOOR else 2.0**-9
        return (self.step if self.dtype == "uint8" else apart) / 2 * self.dynamic_range / 2

    def _refuse(self, wrong, key, problem):
        if wrong:
            value = getattr(self, key)
            raise InputError(f"spectrograms.{key}", f"{value} {problem}; change one of them")

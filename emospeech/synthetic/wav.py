"""Writing of 16-bit wav files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from emospeech.runtime.files import atomic_path
from emospeech.synthetic.synthesizer import SAMPLE_RATE


@contextmanager
def open_wav(path: Path, channels: int = 1) -> Iterator[soundfile.SoundFile]:
    """Open a wav for writing; it replaces `path` when the block succeeds."""
    with (
        atomic_path(path) as temporary,
        soundfile.SoundFile(temporary, "w", SAMPLE_RATE, channels, "PCM_16") as wav,
    ):
        yield wav


def write_silence(path: Path, n_samples: int, channels: int = 1) -> None:
    """Write zeros, which occupy no space on file systems with sparse files."""
    with open_wav(path, channels) as wav:
        wav.seek(n_samples - 1)
        wav.write(np.zeros((1, channels), np.int16))


def to_int16(signal: np.ndarray) -> np.ndarray:
    """Return a signal in [-1, 1] as int16; larger values are clipped."""
    return np.round(np.clip(signal, -1, 1) * 32767).astype(np.int16)

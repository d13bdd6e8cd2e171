"""Writing wav files, the silent ones almost for nothing."""

import os
import struct

import numpy as np
import soundfile

from emospeech.runtime.files import atomic_path
from emospeech.synthetic.voice import SAMPLE_RATE


def write_wav(path, signal):
    """Write `signal`, float in [-1, 1], as a 16-bit wav of one channel."""
    with atomic_path(path) as temporary:
        soundfile.write(temporary, to_int16(signal), SAMPLE_RATE, subtype="PCM_16")


def to_int16(signal):
    """Return `signal`, float in [-1, 1], as 16-bit whole numbers; what lies beyond is cut off."""
    return np.round(np.clip(signal, -1, 1) * 32767).astype(np.int16)


def write_silence(path, n_samples, channels=1):
    """Write a 16-bit wav of zeros whose samples take no room on most file systems."""
    size, frame = 2 * channels * n_samples, 2 * channels
    header = struct.pack("<4sI4s4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16)
    header += struct.pack("<HHIIHH", 1, channels, SAMPLE_RATE, SAMPLE_RATE * frame, frame, 16)
    header += struct.pack("<4sI", b"data", size)
    with atomic_path(path) as temporary:
        temporary.write_bytes(header)
        os.truncate(temporary, len(header) + size)

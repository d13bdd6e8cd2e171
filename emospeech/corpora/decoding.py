"""Audio files in blocks of samples, decoded with libsndfile.

soundfile's own `blocks()` yields whole buffers where the decoder stops early, and does not read
files that libsndfile cannot seek in.
"""

import os
import re
import stat
from contextlib import contextmanager

import numpy as np
import soundfile

from emospeech.runtime.errors import CorpusError

FLOATS = ("FLOAT", "DOUBLE")  # subtypes that can store NaN and infinity
LOUDEST = 1e6  # samples of such a file may exceed 1, but not by this much
UNKNOWN = 2**62  # libsndfile gives a larger number of samples where the header has none
# Logged for a compressed wav: its samples, without those that fill up its last block.
FACT = re.compile(r"^fact\s*:.*\n\s*frames\s*: (\d+)", re.M)
BLOCK_SAMPLES = re.compile(r"^\s*Samples/Block\s*: (\d+)", re.M)


def check_file(path):
    """Raise CorpusError unless there is a plain file at `path` that can be reached."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        raise CorpusError(path, _reason_not_reached(error)) from error
    if not stat.S_ISREG(mode):
        raise CorpusError(path, "is not a file. Give the path of an audio file.")


@contextmanager
def open_audio(path):
    """Open an audio file for `read_blocks`.

    Raises:
        CorpusError: The file cannot be opened, or is not audio that libsndfile can read.
    """
    try:
        audio = _SequentialFile(str(path))
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        raise CorpusError(path, _reason_not_opened(path, error)) from error
    with audio:
        yield audio


def read_blocks(audio, size, dtype="float32"):
    """Yield the samples of an open file in arrays of shape (samples, channels), up to its end.

    Each array has `size` samples, the last one may have fewer.

    Raises:
        CorpusError: The audio cannot be decoded to its end, or contains values such as NaN.
    """
    left = samples_without_padding(audio)
    while left:
        try:
            block = audio.read(size, dtype, always_2d=True)[:left]
        except soundfile.SoundFileError as error:
            problem = f"cannot be decoded to its end ({_text_of(error)})"
            remedy = "Replace it, or convert the part that can be read to wav or flac."
            raise CorpusError(audio.name, f"{problem}. {remedy}") from error
        if not len(block):
            return
        # The comparison is false for NaN as well.
        if audio.subtype in FLOATS and not np.abs(block).max() < LOUDEST:
            problem = f"contains samples that are not numbers below {LOUDEST:g}"
            raise CorpusError(audio.name, f"{problem}. Replace it, or convert it again.")
        left -= len(block)
        yield block


def samples_without_padding(audio):
    """Return the number of samples that an open file has at most.

    A compressed wav ends with a whole block, whose padding can be loud. The `fact` chunk says where
    the audio ends; one that would remove more than the last two blocks is not trusted.
    """
    fact = FACT.search(audio.extra_info)
    if fact is None or is_linear(audio.subtype):
        return UNKNOWN
    block = BLOCK_SAMPLES.search(audio.extra_info)
    padding = audio.frames - int(fact[1])
    return int(fact[1]) if 0 < padding < 2 * int(block[1] if block else 320) else UNKNOWN


def is_linear(subtype):
    """Return whether the bytes of a subtype say how many samples there are."""
    return subtype in (*FLOATS, "ULAW", "ALAW") or subtype.startswith("PCM_")


class _SequentialFile(soundfile.SoundFile):
    """An audio file that is read from its start to its end.

    soundfile stops at the number of samples in the header and seeks after each read, unless the
    file is not seekable. Both fail for FLAC of unknown length.
    """

    def seekable(self):
        return False


def _reason_not_reached(error):
    """Return what an error of the system says about a file, and what to do."""
    if isinstance(error, PermissionError):
        return "permission denied. Check the permissions of the file and its folders."
    return f"cannot be opened ({getattr(error, 'strerror', error)}). Check the path."


def _reason_not_opened(path, error):
    """Return why a file cannot be opened as audio, and what to do."""
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except (OSError, ValueError) as fault:  # ValueError: a name that cannot be encoded
        return _reason_not_reached(fault)
    if head[4:8] == b"ftyp":
        return "is MPEG-4 audio (m4a), which cannot be read. Convert it to wav or flac."
    problem = f"is not readable as audio ({_text_of(error)})"
    return f"{problem}. Replace it, or convert it to wav or flac."


def _text_of(error):
    """Return the text of an error without the path, which libsndfile repeats."""
    return str(getattr(error, "error_string", error)).strip().rstrip(".")

"""Reading of audio files with libsndfile: blocks of samples, lengths and digests.

The layout of a spectrogram store is fixed before any audio is decoded, so `measure_audio` must
return exactly the number of samples that `read_blocks` yields. The header is sufficient for PCM and
for intact FLAC files. Other formats are decoded once, because their headers may contain estimates
or may predate the truncation of the file.

soundfile's own `blocks()` pads the last block if the decoder stops early, and does not support
files that libsndfile cannot seek in.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Literal, NamedTuple

import numpy as np
import soundfile

from emospeech.corpora.containers import check_container
from emospeech.corpora.issues import IssueCounts
from emospeech.runtime.errors import CorpusError

WAV = "[wW][aA][vV]"  # the suffix as a pattern for `glob`, which is case-sensitive
BLOCK = 2**18  # samples decoded at a time
LOWEST_RATE, HIGHEST_RATE = 4000, 384_000  # Hz; most headers with other rates are damaged
MP3_TOLERANCE = 2 * 1152  # samples; error of the estimated length of an MP3 file
MAX_DURATION_ERROR = 0.1  # seconds; difference between the stated duration and that of the file
SHORTENED = "audio shorter than its header states"
FLOATS = ("FLOAT", "DOUBLE")  # subtypes that can store NaN and infinity
MAX_AMPLITUDE = 1e6  # samples of these subtypes may exceed 1; this or more is an error
UNKNOWN = 2**62  # libsndfile returns a larger number of samples if the header has none
# Logged for a compressed wav: its samples, without the padding of the last block.
FACT = re.compile(r"^fact\s*:.*\n\s*frames\s*: (\d+)", re.M)
BLOCK_SAMPLES = re.compile(r"^\s*Samples/Block\s*: (\d+)", re.M)
# Log lines of libsndfile if the header states more than the file contains: in bytes for wav, AIFF,
# AU and W64, in samples for RF64.
EXCESS_LENGTH = (
    re.compile(
        r"^\s*(?:data|SSND|Data Size|riff)\s*: (?P<stated>\d+) \(should be (?P<found>\d+)\)", re.M
    ),
    re.compile(r"frame count (?P<found>\d+) does not match .*'ds64' chunk of (?P<stated>\d+)"),
)


class AudioLength(NamedTuple):
    """The length of an audio file."""

    samples: int  # of each channel, as decoded
    sample_rate: int  # Hz
    shortened: bool  # whether the header states a greater length

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self.samples / self.sample_rate


def audio_duration(path: str | os.PathLike, issues: IssueCounts) -> float:
    """Return the duration of an audio file in seconds and count truncated files."""
    length = measure_audio(path)
    issues.irregular[SHORTENED] += length.shortened
    return length.seconds


def measure_audio(path: str | os.PathLike) -> AudioLength:
    """Return the length of an audio file.

    Raises:
        CorpusError: The file is not readable as audio, or contains more audio than can be read.
    """
    with open_audio(path) as audio:
        stated, rate = min(audio.frames, _max_samples(audio)), audio.samplerate
        log = audio.extra_info
        tolerance = MP3_TOLERANCE if audio.format == "MP3" else 0
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            problem = f"has a sampling rate of {rate} Hz, not {LOWEST_RATE} to {HIGHEST_RATE} Hz"
            raise CorpusError(path, f"{problem}. Correct its header, or resample it.")
        check_container(path, audio.format, stated)
        exact = _has_exact_length(audio)
    samples = stated
    if not exact:
        with open_audio(path) as audio:
            samples = sum(map(len, read_blocks(audio, BLOCK)))
    if samples <= 0:
        raise CorpusError(path, "contains no samples. Replace it, or remove it.")
    shortened = samples + tolerance < stated < UNKNOWN
    return AudioLength(samples, rate, shortened or _has_excess_length(log))


def digest_audio(path: str | os.PathLike, seconds: float | None = None) -> bytes:
    """Return a digest of the sample rate and the samples, averaged over channels.

    Lossless conversion does not change it.

    Args:
        path: The audio file.
        seconds: The duration to read from the start of the file; None for all of it.
    """
    digest = hashlib.sha256()
    with open_audio(path) as audio:
        size = BLOCK if seconds is None else round(seconds * audio.samplerate)
        digest.update(str(audio.samplerate).encode())
        for block in islice(read_blocks(audio, size), None if seconds is None else 1):
            digest.update(block.mean(axis=1).tobytes())
    return digest.digest()


def check_file(path: str | os.PathLike) -> None:
    """Raise CorpusError unless `path` is an accessible regular file."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        raise CorpusError(path, _access_problem(error)) from error
    if not stat.S_ISREG(mode):
        raise CorpusError(path, "is not a file. Give the path of an audio file.")


@contextmanager
def open_audio(path: str | os.PathLike) -> Iterator[soundfile.SoundFile]:
    """Open an audio file for `read_blocks`.

    Raises:
        CorpusError: The file cannot be opened, or is not audio that libsndfile can read.
    """
    try:
        audio = _SequentialFile(os.fsencode(path))  # soundfile encodes text as valid UTF-8 only
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        raise CorpusError(path, _format_problem(path, error)) from error
    with audio:
        yield audio


def read_blocks(
    audio: soundfile.SoundFile, size: int, dtype: Literal["float32", "float64"] = "float32"
) -> Iterator[np.ndarray]:
    """Yield the samples of an open file in arrays of shape (size, channels).

    The last array may be shorter.

    Raises:
        CorpusError: The audio cannot be decoded completely, or contains invalid values such as NaN.
    """
    left = _max_samples(audio)
    while left:
        try:
            block = audio.read(size, dtype, always_2d=True)[:left]
        except soundfile.SoundFileError as error:
            problem = f"cannot be decoded completely ({_error_text(error)})"
            remedy = "Replace it, or convert the part that can be read to wav or flac."
            raise CorpusError(os.fsdecode(audio.name), f"{problem}. {remedy}") from error
        if not len(block):
            return
        # Not `>`, because comparisons with NaN are false.
        if audio.subtype in FLOATS and not np.abs(block).max() < MAX_AMPLITUDE:
            problem = f"contains samples that are not numbers below {MAX_AMPLITUDE:g}"
            raise CorpusError(
                os.fsdecode(audio.name), f"{problem}. Replace it, or convert it again."
            )
        left -= len(block)
        yield block


def _max_samples(audio: soundfile.SoundFile) -> int:
    """Return an upper bound on the number of samples of an open file.

    The last block of a compressed wav may end with loud padding. The `fact` chunk states where the
    audio ends. It is ignored if it would remove more than the last two blocks.
    """
    fact = FACT.search(audio.extra_info)
    if fact is None or _is_linear(audio.subtype):
        return UNKNOWN
    block = BLOCK_SAMPLES.search(audio.extra_info)
    padding = audio.frames - int(fact[1])
    return int(fact[1]) if 0 < padding < 2 * int(block[1] if block else 320) else UNKNOWN


def _is_linear(subtype: str) -> bool:
    """Return whether the size of the data determines the number of samples."""
    return subtype in (*FLOATS, "ULAW", "ALAW") or subtype.startswith("PCM_")


def _has_exact_length(audio: soundfile.SoundFile) -> bool:
    """Return whether the header states the decoded length. Moves the file position."""
    if audio.format == "FLAC":
        try:
            audio.seek(audio.frames - 1)
            return len(audio.read(1)) == 1
        except soundfile.SoundFileError:
            return False
    return _is_linear(audio.subtype)


def _has_excess_length(log: str) -> bool:
    """Return whether libsndfile logged that a header states more than the file contains."""
    matches = (match for pattern in EXCESS_LENGTH if (match := pattern.search(log)))
    return any(int(match["found"]) < int(match["stated"]) for match in matches)


class _SequentialFile(soundfile.SoundFile):
    """An audio file that is read from start to end.

    soundfile stops at the number of samples in the header and seeks after each read, unless the
    file is not seekable. Both fail for FLAC of unknown length.
    """

    def seekable(self):
        return False


def _access_problem(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "permission denied. Check the permissions of the file and its folders."
    return f"cannot be opened ({getattr(error, 'strerror', error)}). Check the path."


def _format_problem(path: str | os.PathLike, error: Exception) -> str:
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except (OSError, ValueError) as access_error:  # ValueError: the name cannot be encoded
        return _access_problem(access_error)
    if head[4:8] == b"ftyp":
        return "is MPEG-4 audio (m4a), which cannot be read. Convert it to wav or flac."
    problem = f"is not readable as audio ({_error_text(error)})"
    return f"{problem}. Replace it, or convert it to wav or flac."


def _error_text(error: Exception) -> str:
    """Return the text of an error without the path that libsndfile adds."""
    return str(getattr(error, "error_string", error)).strip().rstrip(".")

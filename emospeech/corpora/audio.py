"""The length of audio files.

A spectrogram store is laid out before anything is decoded, so `measure_audio` returns the number of
samples that `read_blocks` yields. The header of PCM audio and of an intact FLAC file is enough for
that; other formats are decoded once, because their headers may hold an estimate, or a number from
before the file was cut.
"""

import hashlib
import re
from itertools import islice
from typing import NamedTuple

import soundfile

from emospeech.corpora.containers import check_container
from emospeech.corpora.decoding import (
    UNKNOWN,
    is_linear,
    open_audio,
    read_blocks,
    samples_without_padding,
)
from emospeech.runtime.errors import CorpusError

WAV = "[wW][aA][vV]"  # the suffix in a pattern of `glob`, which is case-sensitive
BLOCK = 2**18  # samples that are decoded at a time to count them
LOWEST_RATE, HIGHEST_RATE = 4000, 384_000  # Hz; a rate outside is a damaged header
ESTIMATE = 2 * 1152  # samples by which the length of an MP3 file without a header may be off

# What libsndfile logs about a header that states more than the file contains: wav, AIFF, AU, W64 in
# bytes; RF64 in samples.
STATED_MORE = (
    re.compile(
        r"^\s*(?:data|SSND|Data Size|riff)\s*: (?P<stated>\d+) \(should be (?P<found>\d+)\)", re.M
    ),
    re.compile(r"frame count (?P<found>\d+) does not match .*'ds64' chunk of (?P<stated>\d+)"),
)


class AudioLength(NamedTuple):
    """The length of an audio file."""

    samples: int  # of each channel, as many as decoding gives
    sample_rate: int  # Hz
    shortened: bool  # the header states more

    @property
    def seconds(self) -> float:
        return self.samples / self.sample_rate


def audio_duration(path, tally):
    """Return the length of the audio file at `path` in seconds.

    `tally` counts a file that ends before its header says; its length is what can be read.

    Raises:
        CorpusError: The file cannot be read as audio, or contains more audio than can be read.
    """
    length = measure_audio(path)
    count_shortened(length, tally)
    return length.seconds


def count_shortened(length, tally):
    """Count an AudioLength that is shorter than its header says."""
    if length.shortened:
        tally.irregular["audio shorter than its header says"] += 1


def measure_audio(path) -> AudioLength:
    """Return the length of the audio file at `path`.

    Raises:
        CorpusError: The file cannot be read as audio, or contains more audio than can be read.
    """
    with open_audio(path) as audio:
        stated, rate = min(audio.frames, samples_without_padding(audio)), audio.samplerate
        log = audio.extra_info
        tolerance = ESTIMATE if audio.format == "MP3" else 0
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise CorpusError(
                path, f"has a sampling rate of {rate} Hz. Replace it, or correct its header."
            )
        check_container(path, audio.format, stated)
        exact = _has_exact_length(audio)
    samples = stated
    if not exact:
        with open_audio(path) as audio:
            samples = sum(map(len, read_blocks(audio, BLOCK)))
    if samples <= 0:
        raise CorpusError(path, "contains no samples. Replace it, or remove it.")
    shortened = samples + tolerance < stated < UNKNOWN
    return AudioLength(samples, rate, shortened or _states_more(log))


def digest_audio(path, seconds=None):
    """Return a digest of the samples of an audio file, the same in every lossless format.

    Only the first `seconds` are read if they are given. Channels are averaged.
    """
    digest = hashlib.sha256()
    with open_audio(path) as audio:
        size = BLOCK if seconds is None else round(seconds * audio.samplerate)
        digest.update(str(audio.samplerate).encode())
        for block in islice(read_blocks(audio, size), None if seconds is None else 1):
            digest.update(block.mean(axis=1).tobytes())
    return digest.digest()


def _has_exact_length(audio):
    """Return whether the header of an open file states what decoding gives; moves in the file."""
    if audio.format == "FLAC":
        try:
            audio.seek(audio.frames - 1)
            return len(audio.read(1)) == 1
        except soundfile.SoundFileError:
            return False
    return is_linear(audio.subtype)


def _states_more(log):
    """Return whether libsndfile logged that a header states more than the file contains."""
    found = (match for pattern in STATED_MORE if (match := pattern.search(log)))
    return any(int(match["found"]) < int(match["stated"]) for match in found)

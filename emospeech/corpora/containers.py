"""Detection of files that contain more audio than libsndfile reads.

libsndfile stops at the length in the header without an error. Audio would be lost silently from wav
files with an unfinished header, concatenated files, and MP3 files of variable bitrate without a
header.
"""

import mmap
import os
import struct
from functools import lru_cache

from emospeech.runtime.errors import CorpusError

REMEDY = "Convert it to wav or flac with a tool that reads all of it, such as ffmpeg."
# kbit/s by (is MPEG 1, layer). The first and last of the 16 indices are not bitrates.
BITRATES = {
    (True, 1): range(32, 449, 32),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
SAMPLE_RATES = (44100, 48000, 32000)  # Hz, of MPEG 1
DIVISORS = {3: 1, 2: 2, 0: 4}  # of the sampling rate, by version: MPEG 1, 2 and 2.5
# Upper bound on the samples of an MP3 file that are not played: encoder delay and padding (12 bits
# each), the header frame and the last frame.
NOT_PLAYED = 2 * 4095 + 2 * 1152


def check_container(path: str | os.PathLike, audio_format: str, samples: int) -> None:
    """Raise CorpusError if a file contains more audio than libsndfile reads.

    Args:
        path: The audio file.
        audio_format: Its format as named by libsndfile.
        samples: The maximum number of samples per channel that libsndfile reads.
    """
    checks = {"WAV": _check_wav, "WAVEX": _check_wav, "OGG": _check_ogg, "MP3": _check_mp3}
    if audio_format not in checks:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if problem := checks[audio_format](data, samples):
            raise CorpusError(path, f"{problem}. {REMEDY}")


def _check_wav(data: mmap.mmap, samples: int) -> str | None:
    """Look for audio after the data chunk: an unset chunk size, or a concatenated file."""
    offset, size = 12, 0
    while data[:4] == b"RIFF" and (chunk := _chunk_header(data, offset)):
        name, size = chunk
        offset += 8 + size + size % 2
        if name == b"data":
            break
    else:
        return None
    while chunk := _chunk_header(data, offset):
        name, length = chunk
        is_valid = all(32 <= byte < 127 for byte in name) and offset + 8 + length <= len(data)
        if name == b"RIFF" or not is_valid:
            break
        offset += 8 + length + length % 2
    left = len(data) - offset
    if left > size or data[offset : offset + 4] == b"RIFF":
        return f"has a data size of {size} bytes in its header, but {left} more bytes follow"
    return None


def _chunk_header(data: mmap.mmap, offset: int) -> tuple[bytes, int] | None:
    """Return the name and size of the RIFF chunk at an offset, None at the end of the file."""
    header = data[offset : offset + 8]
    return struct.unpack("<4sI", header) if len(header) == 8 else None


def _check_ogg(data: mmap.mmap, samples: int) -> str | None:
    """Look for a first page of a stream (flag 2) after a later page of another (flag 0)."""
    if -1 < data.find(b"OggS\0\0") < data.rfind(b"OggS\0\2"):
        return "contains several Ogg streams, of which only the first can be read"
    return None


def _check_mp3(data: mmap.mmap, samples: int) -> str | None:
    counted = count_mpeg_samples(data)
    if counted > samples + NOT_PLAYED:
        return f"contains {counted} samples, of which only {samples} can be read"
    return None


def count_mpeg_samples(data: bytes | mmap.mmap) -> int:
    """Return the number of samples in the frames of MPEG audio (ISO 11172-3 and 13818-3).

    Tags and other bytes between frames are skipped.
    """
    offset = samples = 0
    while 0 <= offset < len(data) - 3:
        if data[offset : offset + 3] == b"ID3":  # the size of an ID3v2 tag has 7 bits per byte
            header = data[offset : offset + 10]
            offset += len(header) + sum(
                (byte & 0x7F) << 7 * i for i, byte in enumerate(reversed(header[6:]))
            )
            continue
        size, count = _mpeg_frame(data[offset : offset + 4])
        following = data[offset + size : offset + size + 4]
        # One header can occur by chance; two at the right distance cannot.
        if size and (len(following) < 4 or _mpeg_frame(following)[0]):
            offset += size
            samples += count
        else:
            offset = data.find(b"\xff", offset + 1)
    return samples


@lru_cache(maxsize=1024)
def _mpeg_frame(header: bytes) -> tuple[int, int]:
    """Return the numbers of bytes and samples of the frame with a 4-byte header, 0 if invalid."""
    bits = int.from_bytes(header, "big")
    version, layer = bits >> 19 & 3, 4 - (bits >> 17 & 3)
    bitrate, rate = bits >> 12 & 15, bits >> 10 & 3
    if bits >> 21 != 0x7FF or version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return 0, 0
    is_mpeg1 = version == 3
    kbits = BITRATES[is_mpeg1, layer][bitrate - 1]
    hertz = SAMPLE_RATES[rate] // DIVISORS[version]
    samples = 384 if layer == 1 else 1152 if is_mpeg1 or layer == 2 else 576
    slot = 4 if layer == 1 else 1  # bytes
    padding = bits >> 9 & 1  # slots
    return (samples // 8 // slot * kbits * 1000 // hertz + padding) * slot, samples

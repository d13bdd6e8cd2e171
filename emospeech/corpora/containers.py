"""Files that contain more audio than libsndfile reads from them.

libsndfile stops at the length in the header without an error. A wav whose header was never
completed, files that were joined byte by byte, and MP3 files of variable bitrate without a header
would lose audio silently.
"""

import mmap
import struct
from functools import lru_cache

from emospeech.runtime.errors import CorpusError

REMEDY = "Convert it to wav or flac with a tool that reads all of it, such as ffmpeg."
# kbit/s by (is MPEG 1, layer); the first and last of the 16 indices have no bitrate.
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
# Samples of an MP3 file that are not played: encoder delay and padding have 12 bits each, and the
# header and the last frame take one frame each.
NOT_PLAYED = 2 * 4095 + 2 * 1152


def check_container(path, form, samples):
    """Raise CorpusError where a file contains more audio than libsndfile reads.

    Args:
        path: The audio file.
        form: Its format, as libsndfile names it.
        samples: The number of samples of a channel that libsndfile reads at most.
    """
    check = {"WAV": _check_wav, "WAVEX": _check_wav, "OGG": _check_ogg, "MP3": _check_mp3}.get(form)
    if check is None:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if problem := check(data, samples):
            raise CorpusError(path, f"{problem}. {REMEDY}")


def _check_wav(data, samples):
    """Find audio behind the data chunk: its size was never filled in, or a second file follows."""
    place, size = 12, 0
    while data[:4] == b"RIFF" and (chunk := _chunk(data, place)):
        name, size = chunk
        place += 8 + size + size % 2
        if name == b"data":
            break
    else:
        return None
    while (chunk := _chunk(data, place)) and chunk[0] != b"RIFF" and _fits(data, place, *chunk):
        place += 8 + chunk[1] + chunk[1] % 2
    left = len(data) - place
    if left > size or data[place : place + 4] == b"RIFF":
        return f"has a data size of {size} bytes in its header, but {left} more bytes follow"
    return None


def _chunk(data, place):
    """Return the name and size of the chunk at a place, None at the end of the file."""
    head = data[place : place + 8]
    return struct.unpack("<4sI", head) if len(head) == 8 else None


def _fits(data, place, name, size):
    """Return whether a place can hold this chunk: its name is text, and it ends in the file."""
    return all(32 <= byte < 127 for byte in name) and place + 8 + size <= len(data)


def _check_ogg(data, samples):
    """Find a page that begins a stream behind one that does not."""
    later = data.find(b"OggS\0\0")
    if -1 < later < data.rfind(b"OggS\0\2"):
        return "contains several Ogg streams, of which only the first can be read"
    return None


def _check_mp3(data, samples):
    """Count the samples of all frames: a header or an estimate may state fewer."""
    counted = count_mpeg_samples(data)
    if counted > samples + NOT_PLAYED:
        return f"contains {counted} samples, of which only {samples} can be read"
    return None


def count_mpeg_samples(data):
    """Return the number of samples in the frames of MPEG audio (ISO 11172-3 and 13818-3).

    Tags and other bytes between frames are skipped. `data` is bytes or a mapped file.
    """
    place = samples = 0
    while 0 <= place < len(data) - 3:
        head = data[place : place + 4]
        if head[:3] == b"ID3":
            place += _id3_size(data[place : place + 10])
            continue
        size, count = _mpeg_frame(head)
        following = data[place + size : place + size + 4]
        # One header can occur by chance, two at the right distance cannot.
        if size and (len(following) < 4 or _mpeg_frame(following)[0]):
            place += size
            samples += count
        else:
            place = data.find(b"\xff", place + 1)
    return samples


def _id3_size(head):
    """Return the bytes of an ID3v2 tag with this header of 10 bytes."""
    size = 0
    for byte in head[6:]:
        size = size << 7 | byte & 0x7F
    return size + len(head)


@lru_cache(maxsize=1024)
def _mpeg_frame(head):
    """Return the bytes and samples of the frame with this header of 4 bytes; 0 if it is none."""
    bits = int.from_bytes(head, "big")
    version, layer = bits >> 19 & 3, 4 - (bits >> 17 & 3)
    bitrate, rate = bits >> 12 & 15, bits >> 10 & 3
    if bits >> 21 != 0x7FF or version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return 0, 0
    first = version == 3
    kbits = BITRATES[first, layer][bitrate - 1]
    hertz = SAMPLE_RATES[rate] // DIVISORS[version]
    samples = 384 if layer == 1 else 1152 if first or layer == 2 else 576
    unit = 4 if layer == 1 else 1  # bytes
    size = samples // 8 // unit * kbits * 1000 // hertz + (bits >> 9 & 1)
    return size * unit, samples

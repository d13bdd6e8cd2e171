"""The spectrogram store on disk: one HDF5 file a corpus, laid out before a frame is known.

    frames         (frames + 1, rows) float16 or uint8: all recordings one behind the other, time
                   first; the last line is floor, for crops that reach over an edge
    offsets        (recordings + 1,) int64: recording i is frames[offsets[i]:offsets[i + 1]]
    recordings     (recordings,) str: their ids
    words/start    (words,) float64: seconds from the start of the recording
    words/end      (words,) float64
    words/offsets  (recordings + 1,) int64: the words of recording i
    checksums/frames, checksums/audio  (recordings,) uint32: CRC-32 of the bytes of each recording's
                   frames, and of the audio file that they were made from
    irregular      (recordings,) uint8: flags of what is unusual about the audio of each recording,
                   1 channels cancel, 2 silent, 4 no sound in the upper half of the band
    settings       a group whose attributes are the SpectrogramSettings
    versions       a group whose attributes are the versions of what made the store

Each small dataset has the CRC-32 of its bytes as attribute `crc32`; the file has the attributes
`format`, `version` and `made_from`, a SHA-256 of the settings and of both tables of the corpus.

Frames and checksums lie in one piece each and are not compressed, so their place in the file is
known from the start: several processes fill them in without HDF5, and readers map them into memory.
"""

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version

import h5py
import numpy as np
import soundfile

from emospeech.spectrograms.stored import floor_line

FORMAT = "emospeech spectrogram store"
VERSION = 3
DESCRIPTIONS = {
    "frames": "spectrogram lines of all recordings, time first; the last one is floor",
    "offsets": "recording i is frames[offsets[i]:offsets[i + 1]]",
    "recordings": "ids of the recordings",
    "words/start": "seconds from the start of the recording",
    "words/end": "seconds from the start of the recording",
    "words/offsets": "the words of recording i are offsets[i] to offsets[i + 1]",
    "checksums/frames": "CRC-32 of the frames of each recording",
    "checksums/audio": "CRC-32 of the audio file of each recording",
    "irregular": "flags: 1 channels cancel, 2 silent, 4 no sound in the upper half of the band",
}
# Filled later, piece by piece; beside the frames these have one value for each recording.
BY_RECORDING = {"checksums/frames": "<u4", "checksums/audio": "<u4", "irregular": "u1"}
FILLED = ("frames", *BY_RECORDING)


@dataclass(frozen=True)
class Places:
    """Where the bytes of the datasets that are filled later begin in the file."""

    frames: int
    frame_checksums: int
    audio_checksums: int
    irregular: int


def create_store(path, recordings, words, lengths, settings):
    """Write a store to `path` that lacks only what is filled later.

    `recordings` and `words` are the tables of a corpus, `lengths` the frames of each recording.
    """
    order = {recording: number for number, recording in enumerate(recordings["recording"])}
    number = words["recording"].map(order).to_numpy(np.int64)
    sort = np.argsort(number, kind="stable")
    with h5py.File(path, "w", libver="v110", locking=False) as file:
        file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
        file.attrs["made_from"] = fingerprint_of(recordings, words, settings)
        file.create_group("settings").attrs.update(asdict(settings))
        file.create_group("versions").attrs.update(versions())
        file["offsets"] = offsets_of(lengths)
        file["recordings"] = recordings["recording"].to_numpy(object)
        file.create_group("words")  # made beside a dataset, it would hold the time of day
        file["words/start"] = words["start"].to_numpy(np.float64)[sort]
        file["words/end"] = words["end"].to_numpy(np.float64)[sort]
        file["words/offsets"] = offsets_of(np.bincount(number, minlength=len(recordings)))
        for name, dtype in BY_RECORDING.items():
            _reserve(file, name, len(recordings), dtype)
        frames = _reserve(file, "frames", (sum(lengths) + 1, settings.rows), settings.dtype)
        frames[-1:] = floor_line(settings)
        for name, description in DESCRIPTIONS.items():
            file[name].attrs["description"] = description
            if name not in FILLED:
                file[name].attrs["crc32"] = checksum(file[name])


def places_of(path):
    """Return the `Places` of the store at `path`."""
    with h5py.File(path, "r", locking=False) as file:
        return Places(*(file[name].id.get_offset() for name in FILLED))


def fingerprint_of(recordings, words, settings):
    """Return the SHA-256, as hex digits, of what a store is made from, but for the audio itself."""
    digest = hashlib.sha256(json.dumps([VERSION, asdict(settings)], sort_keys=True).encode())
    for table, columns in ((recordings, ["recording", "path"]), (words, ["recording"])):
        digest.update(json.dumps(table[columns].to_numpy(str).tolist()).encode())
    digest.update(words[["start", "end"]].to_numpy(np.float64).tobytes())
    return digest.hexdigest()


def checksum(dataset):
    """Return the CRC-32 of the values of a small dataset; strings as UTF-8, one a line."""
    if h5py.check_string_dtype(dataset.dtype):
        return np.uint32(zlib.crc32("\n".join(dataset.asstr()[:]).encode()))
    return np.uint32(zlib.crc32(dataset[:].tobytes()))


def offsets_of(lengths):
    """Return where each of several runs begins, and where the last one ends, int64."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


@cache
def versions():
    """Return {name: version} of what the values in a store depend on."""
    names = ("h5py", "librosa", "numpy", "scipy", "soundfile", "soxr")
    return {name: version(name) for name in names} | {
        "libsndfile": soundfile.__libsndfile_version__
    }


def _reserve(file, name, shape, dtype):
    """Return a new dataset that has its place in the file, and nothing written to it."""
    places = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    places.set_layout(h5py.h5d.CONTIGUOUS)
    places.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    return file.create_dataset(name, shape, dtype, dcpl=places, fill_time="never")

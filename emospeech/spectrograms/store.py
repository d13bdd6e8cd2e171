"""The spectrogram store: one HDF5 file per corpus, with the concatenated frames of all recordings.

Frames, checksums and flags are contiguous and not compressed, so their positions in the file are
known when it is created: several processes write them without the HDF5 library, and readers
memory-map the frames.

The attributes of the file are `format`, `version` and `made_from`, a SHA-256 of the settings and of
both tables of the corpus. The attributes of the groups `settings` and `versions` are the
SpectrogramSettings and the versions of the libraries used. Each small dataset has the CRC-32 of its
bytes as attribute `crc32`.
"""

import hashlib
import json
import os
import zlib
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from emospeech.runtime.errors import InputError, access_error
from emospeech.runtime.files import check_readable
from emospeech.spectrograms.settings import SpectrogramSettings

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "emospeech spectrogram store"
VERSION = 3
DATASETS = {  # stored as the attribute `description`
    # (frames + 1, rows) float16 or uint8: the last one pads crops that exceed their recording
    "frames": "spectrogram lines of all recordings, time first; the last one is floor",
    # (recordings + 1,) int64
    "offsets": "recording i is frames[offsets[i]:offsets[i + 1]]",
    # (recordings,) str
    "recordings": "ids of the recordings",
    # (words,) float64, (words,) float64 and (recordings + 1,) int64
    "words/start": "seconds from the start of the recording",
    "words/end": "seconds from the start of the recording",
    "words/offsets": "the words of recording i are offsets[i] to offsets[i + 1]",
    # (recordings,) each, see BY_RECORDING
    "checksums/frames": "CRC-32 of the frames of each recording",
    "checksums/audio": "CRC-32 of the audio file of each recording",
    "irregular": "flags: 1 channels cancel, 2 silent, 4 no sound in the upper half of the band",
}
# Written after the file was created: the frames, and one value per recording.
BY_RECORDING = {"checksums/frames": "<u4", "checksums/audio": "<u4", "irregular": "u1"}
FILLED_LATER = ("frames", *BY_RECORDING)


@dataclass(frozen=True, eq=False)  # each store equals itself only, so it can be hashed
class Store:
    """An open store. A recording is identified by its index."""

    frames: np.ndarray  # (frames + 1, rows), memory-mapped; the last one has the floor value
    offsets: np.ndarray  # (recordings + 1,)
    recordings: tuple[str, ...]
    word_start: np.ndarray  # (words,) seconds
    word_end: np.ndarray  # (words,) seconds
    word_offsets: np.ndarray  # (recordings + 1,)
    checksums: np.ndarray  # (recordings,) CRC-32 of the frames
    settings: SpectrogramSettings
    irregular: np.ndarray  # (recordings,) flags of Irregularity
    path: Path | None = None  # None for a store in memory

    def stored_frames(self, index: int) -> np.ndarray:
        """Return the frames of a recording in the store's data type, (frames, rows)."""
        return self.frames[self.offsets[index] : self.offsets[index + 1]]

    def spectrogram(self, index: int) -> np.ndarray:
        """Return the spectrogram of a recording, float32 of shape (frames, rows)."""
        return self.settings.decode(self.stored_frames(index))

    def summary(self) -> str:
        """Return one line about the contents of the store."""
        hours = self.offsets[-1] / self.settings.frame_rate / 3600
        without_words = (np.diff(self.word_offsets) == 0).sum()
        return (
            f"{len(self.recordings)} recordings of {hours:.2f} hours, "
            f"{len(self.word_start)} words, {without_words} recordings without words, "
            f"{self.frames.nbytes / 1e6:.0f} MB of frames"
        )


def create_store(
    path: Path,
    recordings: "pd.DataFrame",
    words: "pd.DataFrame",
    lengths: list[int],
    settings: SpectrogramSettings,
) -> None:
    """Create the store of a corpus, complete except for the datasets in FILLED_LATER.

    `lengths` are the numbers of frames of the recordings.
    """
    index = recordings.set_index("recording").index.get_indexer(words["recording"].to_numpy())
    sort = np.argsort(index, kind="stable")
    with h5py.File(path, "w", libver="v110", locking=False) as file:
        file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
        file.attrs["made_from"] = input_hash(recordings, words, settings)
        file.create_group("settings").attrs.update(asdict(settings))
        file.create_group("versions").attrs.update(versions())
        file["offsets"] = offsets_of(lengths)
        file["recordings"] = recordings["recording"].to_numpy(object)
        file.create_group("words")  # created implicitly, it would contain the time of day
        file["words/start"] = words["start"].to_numpy(np.float64)[sort]
        file["words/end"] = words["end"].to_numpy(np.float64)[sort]
        file["words/offsets"] = offsets_of(np.bincount(index, minlength=len(recordings)))
        for name, dtype in BY_RECORDING.items():
            _allocate(file, name, len(recordings), dtype)
        frames = _allocate(file, "frames", (sum(lengths) + 1, settings.rows), settings.dtype)
        frames[-1:] = settings.floor_frame()
        for name, description in DATASETS.items():
            file[name].attrs["description"] = description
            if name not in FILLED_LATER:
                file[name].attrs["crc32"] = _checksum(file[name])


def file_positions(path: Path) -> dict[str, int]:
    """Return the position in the file of each dataset in FILLED_LATER, in bytes."""
    with h5py.File(path, "r", locking=False) as file:
        return {name: file[name].id.get_offset() for name in FILLED_LATER}


def open_store(path: str | Path) -> Store:
    """Open the store at `path` and check everything but the frames, which `check_store` reads.

    Raises:
        InputError: The file is damaged, or not a store of this version.
    """
    check_readable(path)
    try:
        # Without locking, because some network file systems do not support it.
        with h5py.File(path, "r", locking=False) as file:
            _refuse(path, file.attrs.get("format") != FORMAT, "is not a spectrogram store")
            found = file.attrs["version"]
            _refuse(path, found != VERSION, f"is a store of version {found}, not {VERSION}")
            for name in DATASETS:
                _refuse(path, name not in file, f"has no dataset {name}")
                if name not in FILLED_LATER:
                    changed = _checksum(file[name]) != file[name].attrs["crc32"]
                    _refuse(path, changed, f"was changed after it was written: {name}")
            store = _read(path, file)
    except (OSError, KeyError, ValueError) as error:
        problem = f"is not a complete spectrogram store ({error})"
        raise InputError(path, f"{problem}. Delete it; the next run creates it again.") from error
    _check_shapes(path, store)
    return store


def check_store(path: str | Path) -> Store:
    """Open the store at `path` and check all of it, including the frames.

    Raises:
        InputError: The store is damaged; the message names the first damaged recording.
    """
    store = open_store(path)
    for index, recording in enumerate(store.recordings):
        changed = zlib.crc32(store.stored_frames(index).data) != store.checksums[index]
        _refuse(path, changed, f"was changed after it was written: the frames of {recording}")
    return store


def made_from(path: str | Path) -> str:
    """Return the hash of the inputs of the store at `path`, or "" if the file does not exist."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            return str(file.attrs["made_from"])
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise access_error(path, error) from error


def input_hash(
    recordings: "pd.DataFrame", words: "pd.DataFrame", settings: SpectrogramSettings
) -> str:
    """Return the SHA-256, as hex digits, of the inputs of a store except the audio files."""
    digest = hashlib.sha256(json.dumps([VERSION, asdict(settings)], sort_keys=True).encode())
    for table, columns in ((recordings, ["recording", "path"]), (words, ["recording"])):
        digest.update(json.dumps(table[columns].to_numpy(str).tolist()).encode())
    digest.update(words[["start", "end"]].to_numpy(np.float64).tobytes())
    return digest.hexdigest()


def offsets_of(lengths: list[int] | np.ndarray) -> np.ndarray:
    """Return the start of each of several consecutive runs and the end of the last, int64."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


@cache
def versions() -> dict[str, str]:
    """Return the versions of the libraries that the values in a store depend on."""
    import soundfile  # only for extraction, so that a training run starts faster

    names = ("h5py", "librosa", "numpy", "scipy", "soundfile", "soxr")
    return {name: version(name) for name in names} | {
        "libsndfile": soundfile.__libsndfile_version__
    }


def _allocate(file, name, shape, dtype):
    """Return a new dataset that has allocated space in the file but no values yet."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    return file.create_dataset(name, shape, dtype, dcpl=properties, fill_time="never")


def _checksum(dataset):
    """Return the CRC-32 of the values of a small dataset; strings as UTF-8, one per line."""
    if h5py.check_string_dtype(dataset.dtype):
        return np.uint32(zlib.crc32("\n".join(dataset.asstr()[:]).encode()))
    return np.uint32(zlib.crc32(dataset[:].tobytes()))


def _read(path, file):
    frames = file["frames"]
    end = frames.id.get_offset() + frames.id.get_storage_size()
    size = os.path.getsize(path)
    _refuse(path, size < end, f"is truncated: it has {size} bytes, its frames end at {end}")
    return Store(
        # Copy-on-write: jobs share the pages as long as none of them writes.
        frames=np.memmap(path, frames.dtype, "c", frames.id.get_offset(), frames.shape),
        offsets=file["offsets"][:],
        recordings=tuple(file["recordings"].asstr()[:]),
        word_start=file["words/start"][:],
        word_end=file["words/end"][:],
        word_offsets=file["words/offsets"][:],
        checksums=file["checksums/frames"][:],
        irregular=file["irregular"][:],
        settings=_settings(file["settings"].attrs),
        path=Path(path),
    )


def _settings(attributes):
    """Return the settings of a store; a KeyError names one that is missing or unknown."""
    defaults = asdict(SpectrogramSettings())
    different = sorted(set(attributes) ^ set(defaults))
    if different:
        raise KeyError(f"unknown or missing setting {different[0]}")
    types = {name: type(default) for name, default in defaults.items()}
    return SpectrogramSettings(**{name: types[name](attributes[name]) for name in types})


def _check_shapes(path, store):
    """Raise InputError if the datasets of a store do not match each other."""
    n_recordings, n_words = len(store.recordings), len(store.word_start)
    _check_offsets(path, "offsets", store.offsets, n_recordings, len(store.frames) - 1, 1)
    _check_offsets(path, "words/offsets", store.word_offsets, n_recordings, n_words, 0)
    shape, settings = store.frames.shape[1:], store.settings
    _refuse(path, shape != (settings.rows,), f"has frames of shape {shape}")
    _refuse(path, store.frames.dtype != settings.dtype, f"has {store.frames.dtype} frames")
    floor = settings.decode(store.frames[-1])
    _refuse(path, (floor != settings.bottom).any(), "was changed: its last frame is not floor")


def _check_offsets(path, name, offsets, count, end, shortest):
    fits = len(offsets) == count + 1 and offsets[0] == 0 and offsets[-1] == end
    wrong = not fits or (np.diff(offsets) < shortest).any()
    _refuse(path, wrong, f"has {name} that do not match its {count} recordings")


def _refuse(path, condition, problem):
    if condition:
        raise InputError(path, f"{problem}. Delete it; the next run creates it again.")

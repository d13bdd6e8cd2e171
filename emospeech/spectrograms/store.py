"""Reading a store, and saying what is wrong with one."""

import os
import zlib
from dataclasses import dataclass, fields
from pathlib import Path

import h5py
import numpy as np

from emospeech.runtime.errors import InputError, access_error
from emospeech.runtime.files import check_readable
from emospeech.spectrograms.layout import DESCRIPTIONS, FILLED, FORMAT, VERSION, checksum
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.stored import decode


@dataclass(frozen=True)
class Store:
    """An open store; `frames` is mapped, not read."""

    frames: np.ndarray  # (frames + 1, rows), the last line is floor
    offsets: np.ndarray  # (recordings + 1,)
    recordings: tuple[str, ...]
    word_start: np.ndarray  # (words,) seconds
    word_end: np.ndarray  # (words,) seconds
    word_offsets: np.ndarray  # (recordings + 1,)
    checksums: np.ndarray  # (recordings,) CRC-32 of the frames
    settings: SpectrogramSettings
    irregular: np.ndarray  # (recordings,) flags of Irregularity
    path: Path | None = None  # of the file; None for a store in memory

    def spectrogram(self, number):
        """Return the spectrogram of a recording, float32 of shape (frames, rows)."""
        return decode(self.frames[self.offsets[number] : self.offsets[number + 1]], self.settings)

    def summary(self):
        """Return a line on what the store holds."""
        hours = self.offsets[-1] / self.settings.frame_rate / 3600
        parts = [
            f"{len(self.recordings)} recordings of {hours:.2f} hours",
            f"{len(self.word_start)} words",
            f"{(np.diff(self.word_offsets) == 0).sum()} recordings without one",
            f"{self.frames.nbytes / 1e6:.0f} MB of frames",
        ]
        return ", ".join(parts)


def open_store(path):
    """Return the `Store` at `path`; InputError, which says what is wrong, where it is none.

    All is checked but the frames themselves, which `check_store` reads.
    """
    check_readable(path)
    try:
        # Without locking, so that it opens on network file systems that know no locks.
        with h5py.File(path, "r", locking=False) as file:
            _refuse(path, file.attrs.get("format") != FORMAT, "is no spectrogram store")
            found = file.attrs["version"]
            _refuse(path, found != VERSION, f"is a store of version {found}, not {VERSION}")
            for name in DESCRIPTIONS:
                _refuse(path, name not in file, f"has no dataset {name}")
                if name not in FILLED:
                    wrong = checksum(file[name]) != file[name].attrs["crc32"]
                    _refuse(path, wrong, f"was changed after it was made: {name}")
            store = _read(path, file)
    except (OSError, KeyError, ValueError) as error:
        raise InputError(path, f"is no whole spectrogram store ({error}); delete it") from error
    _check_shapes(path, store)
    return store


def made_from(path):
    """Return the SHA-256 of what the store at `path` was made from; empty where it is gone."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            return file.attrs["made_from"]
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise access_error(path, error) from error


def check_store(path):
    """Open the store at `path` and read all of it; InputError names the first wrong recording."""
    store = open_store(path)
    for number, recording in enumerate(store.recordings):
        frames = store.frames[store.offsets[number] : store.offsets[number + 1]]
        wrong = zlib.crc32(frames) != store.checksums[number]
        _refuse(path, wrong, f"was changed after it was made: the frames of {recording}")
    return store


def _read(path, file):
    frames = file["frames"]
    end = frames.id.get_offset() + frames.id.get_storage_size()
    size = os.path.getsize(path)
    _refuse(path, size < end, f"was cut short: it has {size} bytes, its frames end at {end}")
    return Store(
        # Copy-on-write: the pages are shared with other jobs as long as nobody writes.
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
    types = {field.name: field.type for field in fields(SpectrogramSettings)}
    different = sorted(set(attributes) ^ set(types))
    if different:
        raise KeyError(f"unknown or missing setting {different[0]}")
    return SpectrogramSettings(**{name: kind(attributes[name]) for name, kind in types.items()})


def _check_shapes(path, store):
    """Refuse a store whose parts do not fit each other."""
    n_recordings, n_words = len(store.recordings), len(store.word_start)
    _check_offsets(path, "offsets", store.offsets, n_recordings, len(store.frames) - 1, 1)
    _check_offsets(path, "words/offsets", store.word_offsets, n_recordings, n_words, 0)
    shape = store.frames.shape[1:]
    _refuse(path, shape != (store.settings.rows,), f"has frames of shape {shape}")
    _refuse(path, store.frames.dtype != store.settings.dtype, f"has {store.frames.dtype} frames")
    floor = decode(store.frames[-1], store.settings)
    _refuse(path, (floor != store.settings.bottom).any(), "was changed: its last line is no floor")


def _check_offsets(path, name, offsets, count, end, shortest):
    fits = len(offsets) == count + 1 and offsets[0] == 0 and offsets[-1] == end
    wrong = not fits or (np.diff(offsets) < shortest).any()
    _refuse(path, wrong, f"has {name} that do not fit its {count} recordings")


def _refuse(path, wrong, problem):
    if wrong:
        raise InputError(path, f"{problem}; delete it, and the next run makes it anew")

"""The spectrogram store: one HDF5 file a corpus.

    frames       (frames, rows) float16   all recordings one behind the other, time first
    offsets      (recordings + 1,) int64  recording i is frames[offsets[i]:offsets[i + 1]]
    recordings   (recordings,) str        their ids, sorted
    words/start  (words,) float64         seconds from the start of the recording
    words/end    (words,) float64
    words/offsets (recordings + 1,) int64 the words of recording i

The frames lie in one piece, uncompressed, so that a reader maps them into memory and concurrent
jobs share the pages. float16 rounds a value in [-1, 1] by at most 2^-12, which is 0.01 dB of 80.
"""

import json
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from emospeech.faults import InputError
from emospeech.files import written_whole
from emospeech.parallel import ordered_map
from emospeech.spectrograms.transform import SpectrogramSettings, count_frames, spectrogram

VERSION = 1


@dataclass(frozen=True)
class Store:
    """An open store; `frames` is mapped, not read."""

    frames: np.ndarray  # (frames, rows) float16
    offsets: np.ndarray  # (recordings + 1,)
    recordings: tuple[str, ...]
    word_start: np.ndarray  # (words,) seconds
    word_end: np.ndarray  # (words,) seconds
    word_offsets: np.ndarray  # (recordings + 1,)
    settings: SpectrogramSettings


def write_store(path, recordings, words, root, settings, workers=1):
    """Extract the spectrograms of a corpus into a store at `path`.

    `recordings` and `words` are the tables of the corpus, `root` the folder that its paths start
    from. The bytes do not depend on `workers`.
    """
    files = [Path(root) / name for name in recordings["path"]]
    lengths = [count_frames(file, settings) for file in files]
    with written_whole(path) as beside, h5py.File(beside, "w", libver="v110") as file:
        file.attrs["version"] = VERSION
        file.attrs["settings"] = json.dumps(asdict(settings), sort_keys=True)
        file["offsets"] = _offsets(lengths)
        file["recordings"] = recordings["recording"].to_numpy(object)
        _write_words(file.create_group("words"), recordings, words)
        shape = (sum(lengths), settings.rows)
        frames = file.create_dataset("frames", shape, np.float16)
        start = 0
        for part in ordered_map(partial(_extract, settings=settings), files, workers, ahead=2):
            frames[start : start + len(part)] = part
            start += len(part)


def open_store(path):
    """Return the `Store` at `path`; InputError where it is no whole store of this version."""
    try:
        # Without locking, so that it opens on network file systems that know no locks.
        with h5py.File(path, "r", locking=False) as file:
            if file.attrs.get("version") != VERSION:
                found = file.attrs.get("version")
                raise InputError(path, f"is a store of version {found}, not {VERSION}; delete it")
            return _read(path, file)
    except (OSError, KeyError) as error:
        raise InputError(path, f"is not a whole spectrogram store ({error}); delete it") from error


def _read(path, file):
    frames = file["frames"]
    return Store(
        # Copy-on-write: the pages are shared with other jobs as long as nobody writes.
        frames=np.memmap(path, frames.dtype, "c", frames.id.get_offset(), frames.shape),
        offsets=file["offsets"][:],
        recordings=tuple(file["recordings"].asstr()[:]),
        word_start=file["words/start"][:],
        word_end=file["words/end"][:],
        word_offsets=file["words/offsets"][:],
        settings=SpectrogramSettings(**json.loads(file.attrs["settings"])),
    )


def _extract(file, settings):
    return spectrogram(file, settings).astype(np.float16)


def _write_words(group, recordings, words):
    order = {recording: number for number, recording in enumerate(recordings["recording"])}
    number = words["recording"].map(order).to_numpy(np.int64)
    sort = np.argsort(number, kind="stable")
    group["start"] = words["start"].to_numpy(np.float64)[sort]
    group["end"] = words["end"].to_numpy(np.float64)[sort]
    group["offsets"] = _offsets(np.bincount(number, minlength=len(recordings)))


def _offsets(lengths):
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)

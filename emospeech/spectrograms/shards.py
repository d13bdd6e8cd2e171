"""Making a store: several processes write shards of it straight to their place in the file.

    .iemocap.part.h5    the store while it is made, created whole but for its frames
    .iemocap.part.done  what is made, in a line, then a line for each shard that is finished

A shard is a run of recordings of two minutes, or a longer recording by itself. Its frames go where
they belong, so nothing is joined or copied at the end: the file takes its name. After a kill the
next call keeps the shards that have a line and whose frames have their checksum. The line is a key
to the state of the audio files, so the shard of a changed file is made anew.
"""

import hashlib
import logging
import os
import time
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from emospeech.runtime.errors import CorpusError
from emospeech.runtime.files import disk_full_as_input_error, write_text
from emospeech.runtime.parallel import ordered_map
from emospeech.spectrograms.irregular import AudioStatistics
from emospeech.spectrograms.layout import (
    BY_RECORDING,
    Places,
    create_store,
    fingerprint_of,
    offsets_of,
    places_of,
    versions,
)
from emospeech.spectrograms.levels import stream_values
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.stored import encode
from emospeech.spectrograms.transform import count_frames

log = logging.getLogger(__name__)

SHARD = 120  # seconds of audio
CHECKED = 2**24  # bytes read at a time for a checksum


def write_store(path, recordings, words, root, settings, workers=1):
    """Extract the spectrograms of a corpus into a store at `path`.

    `recordings` and `words` are the tables of the corpus, `root` the folder that its paths start
    from. The bytes depend neither on `workers` nor on how often the making was interrupted.
    """
    began, path = time.perf_counter(), Path(path)
    part, done = (path.with_name(f".{path.stem}.part.{suffix}") for suffix in ("h5", "done"))
    files = [Path(root, name).absolute() for name in recordings["path"]]
    lengths = list(ordered_map(partial(count_frames, settings=settings), files, workers))
    title = f"{fingerprint_of(recordings, words, settings)} {sum(lengths)} {versions()}"
    keys = _kept(part, done, title)
    with disk_full_as_input_error(path):
        if keys is None:
            done.unlink(missing_ok=True)  # first, so that no line ever speaks of another file
            path.parent.mkdir(parents=True, exist_ok=True)
            create_store(part, recordings, words, lengths, settings)
            write_text(done, f"{title}\n")
            keys = set()
        writer = ShardWriter(part, done, places_of(part), settings)
        shards = list(_shards(files, lengths, settings))
        missing = [shard for shard in shards if shard.key not in keys or not writer.is_whole(shard)]
        log.info("%d shards, %d of them made before", len(shards), len(shards) - len(missing))
        # The longest first, so that no process is left alone with one at the end.
        missing.sort(key=lambda shard: sum(shard.lengths), reverse=True)
        for _ in ordered_map(writer, missing, workers):
            pass
    os.replace(part, path)
    done.unlink()
    hours = sum(lengths) / settings.frame_rate / 3600
    log.info("%.2f hours of audio in %.1f s", hours, time.perf_counter() - began)


@dataclass(frozen=True)
class Shard:
    """A run of recordings and where it begins."""

    files: tuple[Path, ...]
    lengths: tuple[int, ...]  # frames of each
    recording: int  # number of the first
    frame: int  # number of the first

    @property
    def key(self):
        """Return the line of the shard: it changes with its place and with its audio files."""
        states = [(file.stat().st_size, file.stat().st_mtime_ns) for file in self.files]
        text = repr((self.files, self.lengths, self.recording, self.frame, states))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class ShardWriter:
    """Makes shards of the store at `part`, each in one process."""

    part: Path
    done: Path
    places: Places
    settings: SpectrogramSettings

    def __call__(self, shard):
        """Write the frames of a shard and the values of each recording, then its line."""
        key = shard.key  # of the files as they are before they are read
        rows = list(map(self._write, shard.files, self._places(shard), shard.lengths))
        places = (self.places.frame_checksums, self.places.audio_checksums, self.places.irregular)
        columns = zip(places, zip(*rows, strict=True), BY_RECORDING.values(), strict=True)
        with open(self.part, "r+b") as store:
            for place, values, dtype in columns:
                store.seek(place + np.dtype(dtype).itemsize * shard.recording)
                store.write(np.array(values, dtype).tobytes())
        with open(self.done, "a", encoding="utf-8") as done:
            done.write(f"{key}\n")

    def is_whole(self, shard):
        """Return whether the frames of a shard have the checksums that stand beside them."""
        with open(self.part, "rb") as store:
            store.seek(self.places.frame_checksums + 4 * shard.recording)
            told = np.frombuffer(store.read(4 * len(shard.files)), np.uint32)
            sizes = [length * self._line for length in shard.lengths]
            places = self._places(shard)
            return told.tolist() == [_checksum(store, *x) for x in zip(places, sizes, strict=True)]

    def _write(self, file, place, length):
        """Write the `length` frames of an audio file to their place.

        Returns the checksums of the frames and of the file, and the Irregularity of its audio.
        """
        checksum, missing, statistics = 0, length, AudioStatistics(self.settings)
        with open(self.part, "r+b") as store:
            store.seek(place)
            for values in stream_values(file, self.settings, self.part.parent, statistics):
                missing -= len(values)
                if missing < 0:
                    break  # the place behind is that of another recording
                frames = encode(values, self.settings).data
                store.write(frames)
                checksum = zlib.crc32(frames, checksum)
        if missing:
            problem = f"does not have the {length} frames that were counted"
            raise CorpusError(file, f"{problem}. Do not change it during the run; start again.")
        with open(file, "rb") as audio:
            audio_checksum = _checksum(audio, 0, file.stat().st_size)
        return checksum, audio_checksum, statistics.irregularities()

    def _places(self, shard):
        """Return where the frames of each recording begin in the file."""
        first = offsets_of(shard.lengths)[:-1] + shard.frame
        return (self.places.frames + first * self._line).tolist()

    @property
    def _line(self):
        """The bytes of a frame."""
        return self.settings.rows * np.dtype(self.settings.dtype).itemsize


def _kept(part, done, title):
    """Return the lines of the shards that a killed call finished, None where there is none."""
    if not (part.exists() and done.exists()):
        return None
    first, *lines = done.read_text(encoding="utf-8").splitlines() or [""]
    return set(lines) if first == title else None


def _shards(files, lengths, settings):
    """Yield the shards of a corpus in order."""
    offsets, first = offsets_of(lengths), 0
    for last in range(1, len(files) + 1):
        long = offsets[last] - offsets[first] >= SHARD * settings.frame_rate
        if long or last == len(files):
            run = slice(first, last)
            yield Shard(tuple(files[run]), tuple(lengths[run]), first, int(offsets[first]))
            first = last


def _checksum(file, start, size):
    """Return the CRC-32 of `size` bytes of an open file, read piece by piece."""
    file.seek(start)
    value = 0
    while size and (piece := file.read(min(size, CHECKED))):
        value, size = zlib.crc32(piece, value), size - len(piece)
    return value

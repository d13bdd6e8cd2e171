"""Extraction of spectrograms into a store: several processes write to one file.

    .iemocap.part.h5    the unfinished store, created with everything but the frames
    .iemocap.part.done  a line that identifies the inputs, then a line for each finished shard

A shard is a run of recordings of two minutes in total, or one longer recording. Its frames are
written to their final position, so nothing is merged at the end: the file is renamed. After a kill,
the next call keeps the shards that have a line and whose frames match their checksums. The line is
a hash that includes the size and modification time of the audio files, so a changed file is
extracted again.
"""

import hashlib
import logging
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from emospeech.corpora.audio import MAX_DURATION_ERROR
from emospeech.runtime.errors import CorpusError
from emospeech.runtime.files import disk_full_as_input_error, write_text
from emospeech.runtime.processes import ordered_map
from emospeech.spectrograms.irregularities import AudioStatistics
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import (
    BY_RECORDING,
    Store,
    create_store,
    file_positions,
    input_hash,
    offsets_of,
    versions,
)
from emospeech.spectrograms.transform import count_frames, stream_values

log = logging.getLogger(__name__)

SHARD = 120  # seconds of audio
CHUNK = 2**24  # bytes read at a time for a checksum


def in_memory_store(path: str | Path, spans: np.ndarray, settings: SpectrogramSettings) -> Store:
    """Return a store in memory with the audio file at `path` as its only recording.

    `spans` (n, 2) are used as its words, in seconds. Raises CorpusError if the file is not audio.
    """
    statistics = AudioStatistics(settings)
    values = stream_values(path, settings, statistics=statistics)
    frames = np.concatenate([*map(settings.encode, values), settings.floor_frame()])
    return Store(
        frames=frames,
        offsets=np.array([0, len(frames) - 1]),
        recordings=(Path(path).name,),
        word_start=spans[:, 0],
        word_end=spans[:, 1],
        word_offsets=np.array([0, len(spans)]),
        checksums=np.array([zlib.crc32(frames[:-1].data)], np.uint32),
        irregular=np.array([statistics.irregularities()], np.uint8),
        settings=settings,
    )


def write_store(
    path: str | Path,
    recordings: pd.DataFrame,
    words: pd.DataFrame,
    root: str | Path,
    settings: SpectrogramSettings,
    workers: int = 1,
) -> None:
    """Extract the spectrograms of a corpus into a store at `path`, with `workers` processes.

    The paths of the recordings are relative to `root`. The bytes of the store depend neither on
    `workers` nor on interruptions.

    Raises:
        CorpusError: A file cannot be read, or does not have the duration in `recordings`.
    """
    path = Path(path)
    part, done = (path.with_name(f".{path.stem}.part.{suffix}") for suffix in ("h5", "done"))
    files = [Path(root, name).absolute() for name in recordings["path"]]
    lengths = list(ordered_map(partial(count_frames, settings=settings), files, workers))
    if "duration" in recordings:
        _check_durations(files, lengths, recordings["duration"], settings)
    title = f"{input_hash(recordings, words, settings)} {sum(lengths)} {versions()}"
    finished = _finished_shards(part, done, title)
    with disk_full_as_input_error(path):
        if finished is None:
            # Deleted before `part` is replaced: its lines must not refer to shards of a new file.
            done.unlink(missing_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            create_store(part, recordings, words, lengths, settings)
            write_text(done, f"{title}\n")
            finished = set()
        writer = ShardWriter(part, done, file_positions(part), settings)
        shards = list(_shards(files, lengths, settings))
        missing = [x for x in shards if x.key not in finished or not writer.is_intact(x)]
        hours, kept = sum(lengths) / settings.frame_rate / 3600, len(shards) - len(missing)
        log.info("%.2f hours of audio in %d shards, %d already done", hours, len(shards), kept)
        # The longest first, so that no process works alone on a long one at the end.
        missing.sort(key=lambda shard: sum(shard.lengths), reverse=True)
        for _ in ordered_map(writer, missing, workers):
            pass
    os.replace(part, path)
    done.unlink()


@dataclass(frozen=True)
class Shard:
    """A run of recordings and its position in the store."""

    files: tuple[Path, ...]
    lengths: tuple[int, ...]  # frames of each
    recording: int  # index of the first
    frame: int  # index of the first

    @property
    def key(self) -> str:
        """The line of the shard, a hash of its position and of the state of its files."""
        states = [(file.stat().st_size, file.stat().st_mtime_ns) for file in self.files]
        text = repr((self.files, self.lengths, self.recording, self.frame, states))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class ShardWriter:
    """Extracts shards into the store at `part`, each in one process."""

    part: Path
    done: Path
    positions: dict[str, int]  # see `file_positions`
    settings: SpectrogramSettings

    def __call__(self, shard: Shard) -> None:
        """Write the frames, checksums and flags of a shard, then its line in the `.done` file."""
        key = shard.key  # computed first, so that a file that changes during extraction is detected
        runs = zip(shard.files, self._byte_ranges(shard), shard.lengths, strict=True)
        rows = [self._write(file, position, length) for file, (position, _), length in runs]
        columns = zip(BY_RECORDING.items(), zip(*rows, strict=True), strict=True)
        with open(self.part, "r+b") as store:
            for (name, dtype), values in columns:
                store.seek(self.positions[name] + np.dtype(dtype).itemsize * shard.recording)
                store.write(np.array(values, dtype).tobytes())
        with open(self.done, "a", encoding="utf-8") as done:
            done.write(f"{key}\n")

    def is_intact(self, shard: Shard) -> bool:
        """Return whether the frames of a shard match the checksums in the file."""
        with open(self.part, "rb") as store:
            store.seek(self.positions["checksums/frames"] + 4 * shard.recording)
            expected = np.frombuffer(store.read(4 * len(shard.files)), np.uint32).tolist()
            return expected == [_checksum(store, *range_) for range_ in self._byte_ranges(shard)]

    def _write(self, file, position, length):
        """Write the `length` frames of an audio file at `position`.

        Returns the checksums of the frames and of the file, and the flags of its audio.
        """
        checksum, missing, statistics = 0, length, AudioStatistics(self.settings)
        with open(self.part, "r+b") as store:
            store.seek(position)
            for values in stream_values(file, self.settings, str(self.part.parent), statistics):
                missing -= len(values)
                if missing < 0:
                    break  # the next bytes belong to another recording
                frames = self.settings.encode(values).data
                store.write(frames)
                checksum = zlib.crc32(frames, checksum)
        if missing:
            problem = f"does not have the expected {length} frames"
            raise CorpusError(file, f"{problem}. Do not change it during the run; start again.")
        with open(file, "rb") as audio:
            audio_checksum = _checksum(audio, 0, file.stat().st_size)
        return checksum, audio_checksum, statistics.irregularities()

    def _byte_ranges(self, shard):
        """Return (position, size) of the frames of each recording in the file, in bytes."""
        size = self.settings.rows * np.dtype(self.settings.dtype).itemsize  # of a frame
        ends = self.positions["frames"] + size * (shard.frame + offsets_of(shard.lengths))
        return [(start, end - start) for start, end in pairwise(ends.tolist())]


def _check_durations(files, lengths, durations, settings):
    """Raise CorpusError if a file does not have the duration in its table, in seconds."""
    for file, length, duration in zip(files, lengths, durations, strict=True):
        seconds = (length - 1) / settings.frame_rate
        if abs(seconds - duration) > MAX_DURATION_ERROR + 1 / settings.frame_rate:
            problem = f"lasts {seconds:.2f} s, but {duration:.2f} s when the corpus was read"
            raise CorpusError(file, f"{problem}. Delete the corpus's recordings.csv and run again.")


def _finished_shards(part, done, title):
    """Return the lines of the shards that are finished, None if the store has to be created."""
    if not (part.exists() and done.exists()):
        return None
    first, *lines = done.read_text(encoding="utf-8").splitlines() or [""]
    return set(lines) if first == title else None


def _shards(files, lengths, settings) -> Iterator[Shard]:
    """Yield the shards of a corpus in order."""
    offsets, first = offsets_of(lengths), 0
    for last in range(1, len(files) + 1):
        is_long = offsets[last] - offsets[first] >= SHARD * settings.frame_rate
        if is_long or last == len(files):
            run = slice(first, last)
            yield Shard(tuple(files[run]), tuple(lengths[run]), first, int(offsets[first]))
            first = last


def _checksum(file, start, size):
    """Return the CRC-32 of `size` bytes of an open file, read in chunks."""
    file.seek(start)
    value = 0
    while size and (chunk := file.read(min(size, CHUNK))):
        value, size = zlib.crc32(chunk, value), size - len(chunk)
    return value

"""Windows over a long recording, and their crops, which are cut while the audio is read.

        |   every   |   every   |   every   |  rest |     a recording
              ^           ^           ^         ^         centres of the crops, one per window

A window is an interval of `every` seconds; the last one may be shorter. Its crops are centred in
the middles of equal parts of it: a single one in the middle of the window. The width of a crop is
that of the network, so it may be shorter or longer than the window. The edges of the recording are
those of the crops of training.

The memory does not grow with the length of the recording, apart from a few numbers per second.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from emospeech.crops.gather import crop_values
from emospeech.crops.locations import first_frames
from emospeech.spectrograms.irregularities import AudioStatistics
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.transform import count_frames, stream_values

BATCH = 32  # crops
SPOOL_SIZE = 2**22  # bytes of decibels in memory, 2 minutes of audio; the others are kept on disk


class CropShape(NamedTuple):
    """How a network expects its crops."""

    width: int  # frames
    edge: str  # see CropSettings


def divide_recording(duration: float, every: float) -> np.ndarray:
    """Return the windows of a recording, float64 (windows, 2): start and end in seconds."""
    count = max(int(np.ceil(duration / every - 1e-9)), 1)
    edges = np.append(np.round(np.arange(count) * every, 6), duration)
    return np.stack([edges[:-1], edges[1:]], axis=1)


def window_centres(windows: np.ndarray, crops: int, frame_rate: float) -> np.ndarray:
    """Return the centres of `crops` crops per window as frames, int64 (windows, crops)."""
    start, end = windows.T[:, :, None]
    times = start + (end - start) * (np.arange(crops) + 0.5) / crops
    return np.rint(times * frame_rate).astype(np.int64)


def share_of_speech(windows: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Return the share of each window that is speech, float64 (windows,).

    `spans` (n, 2) are the sorted, disjoint spans of speech in seconds.
    """
    if not len(spans):
        return np.zeros(len(windows))
    durations = np.cumsum(spans[:, 1] - spans[:, 0])
    # The duration of speech before the start and the end of each span.
    before = np.stack([np.append(0, durations[:-1]), durations], axis=1)
    seconds = np.diff(np.interp(windows, spans.ravel(), before.ravel()))[:, 0]
    return np.round(seconds / np.diff(windows)[:, 0], 4)


def stream_crops(
    path: str | Path,
    settings: SpectrogramSettings,
    centres: np.ndarray,
    shapes: Iterable[CropShape],
    statistics: AudioStatistics,
) -> Iterator[dict[CropShape, torch.Tensor]]:
    """Yield batches of crops of a recording, {shape: float32 (batch, 1, width, rows)}.

    Args:
        path: The audio file.
        settings: The settings of its spectrogram.
        centres: The centres of the crops, increasing frames of the recording, int64 (n,).
        shapes: The shapes of the crops.
        statistics: Collects irregularities of the audio; complete after the last batch.
    """
    n_frames = count_frames(path, settings)
    centres = centres.clip(max=n_frames - 1)
    firsts = {shape: first_frames(centres, *shape, n_frames) for shape in shapes}
    starts = np.min([*firsts.values()], axis=0).clip(min=0)
    ends = np.max([first + shape.width for shape, first in firsts.items()], axis=0)
    recording = _Frames(path, settings, statistics)
    for batch in np.array_split(np.arange(len(centres)), range(BATCH, len(centres), BATCH)):
        crops = {shape: [] for shape in firsts}
        for index in batch:
            recording.read(starts[index], min(ends[index], n_frames))
            for shape, first in firsts.items():
                crops[shape].append(recording.cut(first[index], shape.width))
        yield {
            shape: crop_values(torch.from_numpy(np.stack(cut)), settings)
            for shape, cut in crops.items()
        }
    recording.read(n_frames, n_frames)


class _Frames:
    """The frames of a recording that the next crops need, as they would be in a store."""

    def __init__(self, path, settings, statistics):
        blocks = stream_values(path, settings, statistics=statistics, spool_size=SPOOL_SIZE)
        self.blocks = map(settings.encode, blocks)
        self.floor = settings.floor_frame()
        self.frames, self.first = self.floor[:0], 0  # frames first, first + 1, ... of the recording

    def read(self, start, end):
        """Read up to the frame `end`, and drop those before `start`."""
        while self.first + len(self.frames) < end:
            self.drop(start)
            self.frames = np.concatenate([self.frames, next(self.blocks)])
        self.drop(start)

    def drop(self, start):
        dropped = min(max(start - self.first, 0), len(self.frames))
        self.frames, self.first = self.frames[dropped:], self.first + dropped

    def cut(self, start, width):
        """Return the frames from `start` on, (width, rows), outside of the recording the floor."""
        before = min(max(self.first - start, 0), width)
        inside = self.frames[max(start - self.first, 0) :][: width - before]
        after = width - before - len(inside)
        return np.concatenate([self.floor.repeat(before, 0), inside, self.floor.repeat(after, 0)])

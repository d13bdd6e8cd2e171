"""A store of one recording that is held in memory: for audio that is heard once."""

import zlib
from pathlib import Path

import numpy as np

from emospeech.spectrograms.irregular import AudioStatistics
from emospeech.spectrograms.levels import stream_values
from emospeech.spectrograms.store import Store
from emospeech.spectrograms.stored import encode, floor_line


def hold(path, spans, settings):
    """Return the `Store` of the audio file at `path`, with what a store on disk would hold of it.

    `spans` (n, 2) stand for its words, in seconds. Raises CorpusError for what is no audio.
    """
    statistics = AudioStatistics(settings)
    values = stream_values(path, settings, statistics=statistics)
    blocks = [encode(block, settings) for block in values]
    frames = np.concatenate([*blocks, floor_line(settings)])
    return Store(
        frames=frames,
        offsets=np.array([0, len(frames) - 1]),
        recordings=(Path(path).name,),
        word_start=spans[:, 0],
        word_end=spans[:, 1],
        word_offsets=np.array([0, len(spans)]),
        checksums=np.array([zlib.crc32(frames[:-1])], np.uint32),
        irregular=np.array([statistics.irregularities()], np.uint8),
        settings=settings,
    )

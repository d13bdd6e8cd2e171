"""A recording with its words and one evaluated crop, as a table of rectangles for a figure."""

import numpy as np
import pandas as pd

from emospeech.crops.centres import draw_fixed_centres
from emospeech.crops.gather import CropGatherer
from emospeech.spectrograms.filter_bank import row_edges
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import Store

LENGTH = 3  # preferred length of the recording, in crops
AROUND = 3  # crop widths of the recording that are shown on each side, if it is long
MIN_WORDS = 3  # preferred minimum number of words


def choose_example(store: Store, width: int) -> int:
    """Return the index of a recording that illustrates crops of `width` frames.

    It has at least MIN_WORDS words, or the most words of all recordings if none has as many. Of
    these recordings, it is the first one whose length is closest to LENGTH crops.
    """
    words, frames = np.diff(store.word_offsets), np.diff(store.offsets)
    eligible = words >= min(MIN_WORDS, words.max())
    return int(np.where(eligible, np.abs(frames - LENGTH * width), np.inf).argmin())


def example_table(
    store: Store, words: pd.DataFrame, index: int, width: int, seed: int, edge: str = "floor"
) -> pd.DataFrame:
    """Return the contents of the figure of recording `index`: a row for each part.

    `words` is words.csv, whose order is that of the store. The columns are:

        recording   the id of the recording
        element     "cell" (of the spectrogram), "word", "crop" (its extent), "centre" (of the crop)
                    or "crop cell" (as in the input of a network)
        start, end  in seconds
        low, high   in Hz
        level       in dB relative to the spectrogram value 1
        word        the text of a word
    """
    name, indices = store.recordings[index], np.array([index])
    centre = draw_fixed_centres(store, indices, seed)  # (1,)
    gather = CropGatherer(store, width, edge=edge)
    first = int(gather.locate(indices, centre)[0, 0]) - int(store.offsets[index])
    crop = gather(indices, centre)[0, 0].numpy()  # (width, rows)
    rate = store.settings.frame_rate
    begin, end = max(0, first - AROUND * width), first + (AROUND + 1) * width
    borders = {"start": [(first - 0.5) / rate], "end": [(first + width - 0.5) / rate]}
    parts = [
        _cells("cell", store.spectrogram(index)[begin:end], begin, store.settings),
        _words_between(store, words, index, begin / rate, end / rate),
        pd.DataFrame({"element": ["crop"]} | borders),
        pd.DataFrame({"element": "centre", "start": centre / rate, "end": centre / rate}),
        _cells("crop cell", crop, first, store.settings),
    ]
    table = pd.concat(parts, ignore_index=True).assign(recording=name)
    columns = ["recording", "element", "start", "end", "low", "high", "level", "word"]
    return table.reindex(columns=columns)


def _words_between(store, words, index, begin, end):
    """Return a row for each word of a recording between two times, clipped to them."""
    spoken = slice(*store.word_offsets[index : index + 2])
    texts = words.loc[words["recording"] == store.recordings[index], "word"].to_numpy()
    start, stop = store.word_start[spoken], store.word_end[spoken]
    times = {"start": np.maximum(start, begin), "end": np.minimum(stop, end)}
    table = pd.DataFrame({"element": "word"} | times | {"word": texts})
    return table[(stop > begin) & (start < end)]


def _cells(element, values, first, settings: SpectrogramSettings):
    """Return a row for each cell of a spectrogram (frames, rows) whose first frame is `first`."""
    n_frames, rows = values.shape
    borders = (first + np.arange(n_frames + 1) - 0.5) / settings.frame_rate
    edges = row_edges(settings).round(2)
    levels = (values.astype(np.float64) - 1) * settings.dynamic_range / 2
    times = {"start": borders[:-1].repeat(rows), "end": borders[1:].repeat(rows)}
    bands = {"low": np.tile(edges[:-1], n_frames), "high": np.tile(edges[1:], n_frames)}
    return pd.DataFrame({"element": element} | times | bands | {"level": levels.ravel().round(2)})

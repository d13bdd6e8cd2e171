"""A recording, its words and the crop that evaluation cuts from it, as a table of rectangles."""

import numpy as np
import pandas as pd

from emospeech.crops.centres import draw_fixed_centres
from emospeech.crops.gather import CropGatherer
from emospeech.spectrograms.filter_bank import row_edges

LENGTH = 3  # crops: that of the recording that is shown, if there is one
AROUND = 3  # crops that are shown on either side of one in a long recording
WORDS = 3  # that it should have, at least


def choose_example(store, width):
    """Return the number of a recording that shows what a crop of `width` frames is.

    Of those with three words or more (or else as many as any has) it is the one whose length is
    nearest to three crops, of equals the first.
    """
    words, frames = np.diff(store.word_offsets), np.diff(store.offsets)
    worded = words >= min(WORDS, words.max())
    return int(np.where(worded, np.abs(frames - LENGTH * width), np.inf).argmin())


def example_table(store, words, number, width, seed, edge="floor"):
    """Return what there is to see of recording `number`: a row for each cell, word and line.

    Columns: `recording`; `element`: "cell" (of the spectrogram), "word", "crop" (where it lies),
    "centre" (of the crop) or "crop cell" (of the crop as a network sees it); `start` and `end` in
    seconds, `low` and `high` in Hz; `level` in dB, with 0 where the spectrogram has the value 1;
    `word`. `words` is words.csv, in whose order the store holds the words.
    """
    name, numbers = store.recordings[number], np.array([number])
    centre = draw_fixed_centres(store, numbers, seed)  # (1,)
    gather = CropGatherer(store, width, edge=edge)
    first = (gather.locate(numbers, centre)[0, 0] - store.offsets[number]).item()
    crop = gather(numbers, centre)[0, 0].numpy()  # (width, rows)
    rate, whole = store.settings.frame_rate, store.spectrogram(number)
    begin, end = max(0, first - AROUND * width), first + (AROUND + 1) * width
    borders = {"start": [(first - 0.5) / rate], "end": [(first + width - 0.5) / rate]}
    parts = [
        _cells("cell", whole[begin:end], begin, store.settings),
        _words_between(store, words, number, begin / rate, end / rate),
        pd.DataFrame({"element": ["crop"]} | borders),
        pd.DataFrame({"element": "centre", "start": centre / rate, "end": centre / rate}),
        _cells("crop cell", crop, first, store.settings),
    ]
    table = pd.concat(parts, ignore_index=True).assign(recording=name)
    return table[["recording", "element", "start", "end", "low", "high", "level", "word"]]


def _words_between(store, words, number, begin, end):
    """Return a row for each word of a recording that is heard between two times, cut to them."""
    spoken = slice(*store.word_offsets[number : number + 2])
    texts = words.loc[words["recording"] == store.recordings[number], "word"].to_numpy()
    times = {"start": store.word_start[spoken], "end": store.word_end[spoken]}
    table = pd.DataFrame({"element": "word"} | times | {"word": texts})
    table = table[(table["end"] > begin) & (table["start"] < end)]
    return table.assign(start=table["start"].clip(begin), end=table["end"].clip(upper=end))


def _cells(element, values, first, settings):
    """Return a row for each cell of a picture (frames, rows) whose first frame is `first`."""
    n_frames, rows = values.shape
    starts = (first + np.arange(n_frames) - 0.5) / settings.frame_rate
    ends = (first + np.arange(n_frames) + 0.5) / settings.frame_rate
    edges = row_edges(settings).round(2)
    levels = (values.astype(np.float64) - 1) * settings.dynamic_range / 2
    times = {"start": starts.repeat(rows), "end": ends.repeat(rows)}
    bands = {"low": np.tile(edges[:-1], n_frames), "high": np.tile(edges[1:], n_frames)}
    return pd.DataFrame({"element": element} | times | bands | {"level": levels.ravel().round(2)})

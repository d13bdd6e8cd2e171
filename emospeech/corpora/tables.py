"""The tables that every corpus is read into: recordings, their words, and what was left out."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from emospeech.runtime.errors import CorpusError, access_error
from emospeech.runtime.files import write_json, write_table

RECORDING_COLUMNS = [
    "recording",
    "path",
    "duration",
    "session",
    "speaker",
    "gender",
    "dialogue",
    "start",
    "end",
    "emotion",
    "valence",
    "activation",
    "dominance",
    "raters",
]
WORD_COLUMNS = ["recording", "speaker", "word", "start", "end"]
RATING_COLUMNS = ["recording", "rater", "kind", "valence", "activation", "dominance"]

# The columns that hold numbers, in either table; the others hold text.
NUMBERS = {"duration", "start", "end", "valence", "activation", "dominance", "raters"}
DECIMALS = 6  # a microsecond: far below a sample, and the written table is stable


@dataclass(frozen=True)
class Tally:
    """What a reader met that is not as it should be, counted by a readable name."""

    left_out: Counter = field(default_factory=Counter)  # is not in the tables
    irregular: Counter = field(default_factory=Counter)  # is in the tables all the same

    def as_dict(self):
        """Return both counters as plain dicts, without the names never met."""
        return {
            "left_out": {name: n for name, n in sorted(self.left_out.items()) if n},
            "irregular": {name: n for name, n in sorted(self.irregular.items()) if n},
        }


class Corpus(NamedTuple):
    """A corpus as tables.

    `recordings` has RECORDING_COLUMNS and is sorted by recording. `words` has WORD_COLUMNS and
    is sorted by recording, start and end. `summary` holds the counts that go into a JSON file.
    """

    recordings: pd.DataFrame
    words: pd.DataFrame
    summary: dict


class LabelledCorpus(NamedTuple):
    """A Corpus and what its labels were made of.

    `ratings` has RATING_COLUMNS with a row for each rater of each recording, the numbers as they
    stand in the file and NaN for a missing one. `transcripts` has the columns `recording`, `style`
    (improvised or scripted) and `transcript`, with a row for each recording.
    """

    recordings: pd.DataFrame
    words: pd.DataFrame
    summary: dict
    ratings: pd.DataFrame
    transcripts: pd.DataFrame


def rating_table(ratings):
    """Return the RATING_COLUMNS of `{recording: [Rating]}`, sorted by recording, kind and rater."""
    rows = [
        (name, row.rater, row.kind, row.valence, row.activation, row.dominance)
        for name, rated in ratings.items()
        for row in rated
    ]
    rows.sort(key=lambda row: (row[0], row[2], row[1]))
    return _typed(pd.DataFrame(rows, columns=RATING_COLUMNS))


def make_corpus(name, recordings, words, tally):
    """Return the Corpus of `recordings`, dicts by column, and `words`, tuples of WORD_COLUMNS.

    A recording need not have every column: text is then empty and a number is NaN.
    """
    recordings = pd.DataFrame(sorted(recordings, key=lambda row: row["recording"]))
    recordings = _typed(recordings.reindex(columns=RECORDING_COLUMNS))
    words = sorted(words, key=lambda row: (row[0], row[3], row[4], row[1], row[2]))
    words = _typed(pd.DataFrame(words, columns=WORD_COLUMNS))
    speakers = set(recordings["speaker"]) | set(words["speaker"])
    summary = {
        "corpus": name,
        "recordings": len(recordings),
        "hours": round(float(recordings["duration"].sum()) / 3600, 4),
        "words": len(words),
        "recordings without a word": len(set(recordings["recording"]) - set(words["recording"])),
        "speakers": len(speakers - {""}),
        "sessions": len(set(recordings["session"]) - {""}),
        **tally.as_dict(),
    }
    return Corpus(recordings, words, summary)


def _typed(table):
    """Return `table` with text as str, empty where there is none, and numbers as float64."""
    columns = {
        name: table[name].astype("float64")
        if name in NUMBERS
        else table[name].astype(object).where(table[name].notna(), "").astype(str)
        for name in table.columns
    }
    return pd.DataFrame(columns)


def write_corpus(corpus, recordings_path, words_path, summary_path):
    """Write the three parts of a Corpus: two CSV files and a JSON file.

    Seconds and ratings are rounded to 6 decimals, and `raters` is written as an integer.
    """
    recordings = corpus.recordings.round(DECIMALS)
    write_table(recordings_path, recordings.assign(raters=recordings["raters"].astype("Int64")))
    write_table(words_path, corpus.words.round(DECIMALS))
    write_json(summary_path, corpus.summary)


def write_labels(corpus, ratings_path, transcripts_path):
    """Write the ratings and transcripts of a LabelledCorpus as two CSV files, a 6 as `6`."""
    numbers = {
        name: [f"{value:.10g}" if np.isfinite(value) else "" for value in corpus.ratings[name]]
        for name in RATING_COLUMNS
        if name in NUMBERS
    }
    write_table(ratings_path, corpus.ratings.assign(**numbers))
    write_table(transcripts_path, corpus.transcripts)


def load_recordings(path):
    """Return the table of recordings at `path`: text as str, numbers as float64, NaN if empty.

    Raises CorpusError for a file that is not there, is no such table or lacks a duration.
    """
    return _load(path, RECORDING_COLUMNS, needed=["duration"])


def load_words(path):
    """Return the table of words at `path`; a word such as "null" or "NA" stays text.

    Raises CorpusError for a file that is not there, is no such table or lacks a time.
    """
    return _load(path, WORD_COLUMNS, needed=["start", "end"])


def load_ratings(path):
    """Return the table of ratings at `path`, NaN for a missing number.

    Raises CorpusError for a file that is not there or is no such table.
    """
    return _load(path, RATING_COLUMNS, needed=[])


def load_summary(path):
    """Return the summary at `path`, a dict; CorpusError for a file that holds none."""
    try:
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        raise access_error(path, error, CorpusError, "Build the corpus") from error
    except ValueError as error:
        raise CorpusError(path, f"is no summary ({error}); build the corpus") from error


def _load(path, columns, needed):
    numbers = [name for name in columns if name in NUMBERS]
    try:
        table = pd.read_csv(
            path,
            dtype={name: "float64" if name in NUMBERS else str for name in columns},
            keep_default_na=False,
            na_values={name: [""] for name in numbers},
            encoding="utf-8",
        )
    except OSError as error:
        raise access_error(path, error, CorpusError, "Build the corpus") from error
    except ValueError as error:  # pandas' parser errors and bad UTF-8 are ValueErrors
        raise CorpusError(path, f"is no table of {','.join(columns)} ({error})") from error
    if missing := [name for name in columns if name not in table.columns]:
        raise CorpusError(path, f"lacks the column {', '.join(missing)}; build the corpus again")
    for name in needed:
        if not (finite := np.isfinite(table[name].to_numpy())).all():
            raise CorpusError(path, f"`{name}` needs a number", line=int(finite.argmin()) + 2)
    return table[columns]

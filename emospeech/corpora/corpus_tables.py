"""Tables of a corpus, such as its recordings and words, in memory and as CSV files.

The functions named `load_*` raise CorpusError for a file that is missing or invalid.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from emospeech.corpora.issues import IssueCounts
from emospeech.runtime.errors import CorpusError, access_error
from emospeech.runtime.files import write_json, write_table

DIMENSIONS = ("valence", "activation", "dominance")
RECORDING_COLUMNS = [
    *("recording", "path", "duration", "session", "speaker", "gender", "dialogue"),
    *("start", "end", "emotion", *DIMENSIONS, "raters"),
]
WORD_COLUMNS = ["recording", "speaker", "word", "start", "end"]
RATING_COLUMNS = ["recording", "rater", "kind", *DIMENSIONS]
VOTE_COLUMNS = ["recording", "rater", "emotion"]
TRANSCRIPT_COLUMNS = ["recording", "style", "transcript"]
NUMERIC_COLUMNS = {"duration", "start", "end", *DIMENSIONS, "raters"}  # all others are text
DECIMALS = 6  # of written times and labels: a microsecond is far below one sample


class Corpus(NamedTuple):
    """A corpus as tables.

    Attributes:
        recordings: RECORDING_COLUMNS, sorted by recording.
        words: WORD_COLUMNS, sorted by recording, start and end.
        summary: Sizes and issue counts, ready for JSON.
        ratings: RATING_COLUMNS, a row for each rater of each recording, NaN if missing. Those of
            IEMOCAP are as in its files; a manifest may have none.
        transcripts: TRANSCRIPT_COLUMNS, a row for each recording. `style` is improvised or
            scripted. Only for IEMOCAP.
        votes: VOTE_COLUMNS, a row for each emotion that a rater named for a recording. A corpus may
            have none.
    """

    recordings: pd.DataFrame
    words: pd.DataFrame
    summary: dict[str, Any]
    ratings: pd.DataFrame = pd.DataFrame(columns=RATING_COLUMNS)
    transcripts: pd.DataFrame = pd.DataFrame(columns=TRANSCRIPT_COLUMNS)
    votes: pd.DataFrame = pd.DataFrame(columns=VOTE_COLUMNS)


def make_table(rows: Iterable, columns: list[str]) -> pd.DataFrame:
    """Return a data frame with text as str ("" if missing) and numbers as float64.

    Args:
        rows: Tuples with a value for each column, or dicts, which may lack columns.
        columns: The columns of the table, in order.
    """
    table = pd.DataFrame(list(rows), columns=columns)
    text = [name for name in columns if name not in NUMERIC_COLUMNS]
    table[text] = table[text].astype(object).where(table[text].notna(), "").astype(str)
    return table.astype({name: "float64" for name in columns if name in NUMERIC_COLUMNS})


def make_corpus(
    name: str, recordings: Iterable[Mapping], words: Iterable[tuple], issues: IssueCounts
) -> Corpus:
    """Return the Corpus with these rows.

    Args:
        name: The name of the corpus, for the summary.
        recordings: Rows by column; missing columns are empty.
        words: Tuples of WORD_COLUMNS.
        issues: The issues found while reading, for the summary.
    """
    by_name = sorted(recordings, key=lambda row: row["recording"])
    in_order = sorted(words, key=lambda row: (row[0], row[3], row[4], row[1], row[2]))
    recording_table = make_table(by_name, RECORDING_COLUMNS)
    word_table = make_table(in_order, WORD_COLUMNS)
    ids, with_words = set(recording_table["recording"]), set(word_table["recording"])
    speakers = set(recording_table["speaker"]) | set(word_table["speaker"])
    summary = {
        "corpus": name,
        "recordings": len(recording_table),
        "hours": round(float(recording_table["duration"].sum()) / 3600, 4),
        "words": len(word_table),
        "recordings without a word": len(ids - with_words),
        "speakers": len(speakers - {""}),
        "sessions": len(set(recording_table["session"]) - {""}),
        **issues.to_dict(),
    }
    return Corpus(recording_table, word_table, summary)


def write_corpus(corpus: Corpus, folder: str | os.PathLike) -> None:
    """Write each table to a CSV file in a folder, and the summary to a JSON file."""
    recordings, ratings = corpus.recordings.round(DECIMALS), corpus.ratings
    digits = {name: ratings[name].map("{:.10g}".format, na_action="ignore") for name in DIMENSIONS}
    tables = {
        "recordings": recordings.assign(raters=recordings["raters"].astype("Int64")),
        "words": corpus.words.round(DECIMALS),
        "ratings": ratings.assign(**digits),
        "transcripts": corpus.transcripts,
        "votes": corpus.votes,
    }
    for name, table in tables.items():
        write_table(Path(folder, f"{name}.csv"), table)
    write_json(Path(folder, "summary.json"), corpus.summary)


def load_corpus(folder: str | os.PathLike) -> Corpus:
    """Load the files of `write_corpus`, except the transcripts."""
    return Corpus(
        load_recordings(Path(folder, "recordings.csv")),
        load_words(Path(folder, "words.csv")),
        load_summary(Path(folder, "summary.json")),
        load_ratings(Path(folder, "ratings.csv")),
        votes=load_votes(Path(folder, "votes.csv")),
    )


def to_five_points(value: float, scale: Sequence[float]) -> float:
    """Return a value on the scale (low, high), mapped linearly to the scale from 1 to 5."""
    low, high = scale
    factor = 4 / (high - low)
    return value * factor + (1 - low * factor)  # exact if the scale is already (1, 5)


def load_recordings(path: str | os.PathLike) -> pd.DataFrame:
    """Load a table of recordings, with NaN for empty numbers."""
    return _load_table(path, RECORDING_COLUMNS, required=["duration"])


def load_words(path: str | os.PathLike) -> pd.DataFrame:
    """Load a table of words; words such as "null" and "NA" stay text."""
    return _load_table(path, WORD_COLUMNS, required=["start", "end"])


def load_ratings(path: str | os.PathLike) -> pd.DataFrame:
    """Load a table of ratings; missing ratings are NaN."""
    return _load_table(path, RATING_COLUMNS, required=[])


def load_votes(path: str | os.PathLike) -> pd.DataFrame:
    """Load a table of votes."""
    return _load_table(path, VOTE_COLUMNS, required=[])


def load_summary(path: str | os.PathLike) -> dict[str, Any]:
    """Load the summary of a corpus."""
    try:
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        raise access_error(path, error, CorpusError, "Build the corpus") from error
    except ValueError as error:
        raise CorpusError(path, f"is not JSON ({error}). Build the corpus again.") from error


def _load_table(path: str | os.PathLike, columns: list[str], required: list[str]) -> pd.DataFrame:
    numeric = [name for name in columns if name in NUMERIC_COLUMNS]
    try:
        table = pd.read_csv(
            path,
            dtype={name: "float64" if name in numeric else str for name in columns},
            keep_default_na=False,
            na_values={name: [""] for name in numeric},
            encoding="utf-8",
        )
    except OSError as error:
        raise access_error(path, error, CorpusError, "Build the corpus") from error
    except ValueError as error:  # pandas' parser errors and bad UTF-8 are ValueErrors
        expected = ",".join(columns)
        problem = f"is not a table with the columns {expected} ({error})"
        raise CorpusError(path, f"{problem}. Build the corpus again.") from error
    if missing := [name for name in columns if name not in table.columns]:
        problem = f"lacks the column {', '.join(missing)}"
        raise CorpusError(path, f"{problem}. Build the corpus again.")
    for name in required:
        if not (finite := np.isfinite(table[name].to_numpy())).all():
            line = int(finite.argmin()) + 2  # the header is line 1
            raise CorpusError(path, f"`{name}` is empty. Build the corpus again.", line)
    return table[columns]

"""Checks that a manifest keeps recordings and speakers apart.

Folds are made from sessions and speakers, and a recording belongs to one part of a fold. The same
audio in two rows or a speaker with two spellings could end up in both training and test data.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from unicodedata import normalize

from emospeech.corpora.csv_rows import Row
from emospeech.corpora.measurements import group_equal_audio


def check_ids(rows: Iterable[Row]) -> None:
    """Raise CorpusError if two rows have the same recording id."""
    lines = {}
    for row in rows:
        name = row.text("recording", required=True)
        if name in lines:
            problem = f"`recording` is `{name}`, as on line {lines[name]}"
            raise row.error(f"{problem}. Use a unique id for each row.")
        lines[name] = row.line


def check_spellings(rows: Iterable[Row]) -> None:
    """Raise CorpusError if two names of sessions or speakers look alike or differ only in case."""
    first = {}
    for row in rows:
        for column in ("session", "speaker"):
            name = row.text(column)
            key = column, normalize("NFC", normalize("NFC", name).casefold())
            known, line = first.setdefault(key, (name, row.line))
            if name != known:
                problem = f"`{column}` is {_quote(name)}, but {_quote(known)} on line {line}"
                raise row.error(f"{problem}. Use the same spelling in all rows.")


def check_speakers(rows: Iterable[Row]) -> None:
    """Raise CorpusError if a speaker has two genders."""
    first = {}
    for row in rows:
        speaker, gender = row.text("speaker", required=True), row.text("gender")
        known, line = first.setdefault(speaker, (gender, row.line))
        if gender != known:
            problem = f"`gender` of {speaker} is `{gender}`, but `{known}` on line {line}"
            raise row.error(f"{problem}. Give each speaker one gender.")


def check_audio(rows: Sequence[Row], durations: Sequence[float], files: Sequence[Path]) -> None:
    """Raise CorpusError if two rows have the same audio, even in files of other formats."""
    for first, second, *_ in group_equal_audio(files, durations):
        path, known = rows[second].text("path"), rows[first]
        problem = f"`path` is `{path}`, which contains the same audio as `{known.text('path')}`"
        remedy = "Remove one of the rows, or give each row a file of its own"
        raise rows[second].error(f"{problem} on line {known.line}. {remedy}.")


def _quote(name: str) -> str:
    """Return a name for a message, with the code points of characters that may look alike."""
    return f"`{name}`" if name.isascii() else f"`{name}` ({name!a})"

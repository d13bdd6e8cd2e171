"""Checks that a manifest keeps recordings and speakers apart.

Folds are made from sessions and speakers, and a recording belongs to one part of a fold. The same
audio in two rows or a speaker with two spellings could end up in both training and test data.
"""

from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from unicodedata import normalize

from emospeech.corpora.audio import digest_audio
from emospeech.corpora.csv_rows import Row


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
    """Raise CorpusError if two rows have the same audio, even in files of other names or formats.

    Files of equal duration are compared by their first second, then completely.
    """
    groups = _group_equal(zip(rows, files, strict=True), durations)
    for seconds in (1, None):
        groups = [
            equal
            for group in groups
            for equal in _group_equal(group, [digest_audio(file, seconds) for _, file in group])
        ]
    for (first, _), (row, _), *_ in groups:
        known = f"`{first.text('path')}` on line {first.line}"
        problem = f"`path` is `{row.text('path')}`, which contains the same audio as {known}"
        raise row.error(f"{problem}. Remove one of the rows, or give each row a file of its own.")


def _quote(name: str) -> str:
    """Return a name for a message, with the code points of characters that may look alike."""
    return f"`{name}`" if name.isascii() else f"`{name}` ({name!a})"


def _group_equal(
    items: Iterable[tuple[Row, Path]], keys: Iterable[Hashable]
) -> list[list[tuple[Row, Path]]]:
    """Return the groups of at least two items with equal keys."""
    groups = {}
    for item, key in zip(items, keys, strict=True):
        groups.setdefault(key, []).append(item)
    return [group for group in groups.values() if len(group) > 1]

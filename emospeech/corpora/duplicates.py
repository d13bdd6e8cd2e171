"""Checks that no row of a manifest repeats another one under a different name.

Folds are made from sessions and speakers, and a recording belongs to one part of a fold. The same
audio in two files, or a speaker with two spellings, would train and test at once.
"""

from unicodedata import normalize

from emospeech.corpora.audio import digest_audio


def check_ids(rows):
    """Raise CorpusError for an id that an earlier row has."""
    lines = {}
    for row in rows:
        name = row.text("recording", required=True)
        if name in lines:
            raise row.fault(f"`recording` is `{name}`, as on line {lines[name]}; ids are unique")
        lines[name] = row.line


def check_spellings(rows):
    """Raise CorpusError for two spellings of a name that look the same or differ by case only."""
    first = {}
    for row in rows:
        for column in ("session", "speaker"):
            name = row.text(column)
            key = column, normalize("NFC", normalize("NFC", name).casefold())
            known, line = first.setdefault(key, (name, row.line))
            if name != known:
                problem = f"`{column}` is {_spelled(name)}, but {_spelled(known)} on line {line}"
                raise row.fault(f"{problem}. Use one spelling in all rows.")


def _spelled(name):
    """Return a name for a message, with its code points where they may look like others."""
    return f"`{name}`" if name.isascii() else f"`{name}` ({name!a})"


def check_audio(rows, recordings, files):
    """Raise CorpusError for audio that an earlier row has, under whatever name or format.

    Audio of equal duration is compared by its first second, and by all of it where that is equal.
    """
    durations = [recording["duration"] for recording in recordings]
    groups = _groups(zip(rows, files, strict=True), durations)
    for seconds in (1, None):
        groups = [
            equal
            for group in groups
            for equal in _groups(group, [digest_audio(file, seconds) for _, file in group])
        ]
    for (first, _), (row, _), *_ in groups:
        known = f"`{first.text('path')}` on line {first.line}"
        problem = f"`path` is `{row.text('path')}`, the same audio as {known}"
        raise row.fault(f"{problem}. Remove one of the rows, or cut a file of its own for each.")


def _groups(items, keys):
    """Return the items that have the same key as another one, in a list for each key."""
    groups = {}
    for item, key in zip(items, keys, strict=True):
        groups.setdefault(key, []).append(item)
    return [group for group in groups.values() if len(group) > 1]

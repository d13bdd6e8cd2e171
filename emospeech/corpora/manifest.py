"""Reader of any corpus that comes with a table of its recordings, and maybe one of its words.

The tables have the names of the columns that every corpus is read into. What a person or a script
wrote is checked here more strictly than a published release is: a fault stops the reading with its
line, since whoever wrote it can mend it. Times of words come from aligners and are counted instead,
as those of the releases are.

A recording is a whole file. `start` and `end` say where it lies in its dialogue and cut nothing out
of it; the same audio in two rows is therefore refused, since it might train and test at once.
So is a speaker in two sessions: a fold leaves a session out to test voices that it never heard.
"""

import re
from functools import partial
from pathlib import Path

from emospeech.corpora.audio import count_shortened, measure_audio
from emospeech.corpora.decoding import check_file
from emospeech.corpora.duplicates import check_audio, check_ids, check_spellings
from emospeech.corpora.rows import read_rows
from emospeech.corpora.speech import SpeechSettings, find_speech
from emospeech.corpora.tables import RECORDING_COLUMNS, WORD_COLUMNS, Tally, make_corpus
from emospeech.corpora.words import words_within
from emospeech.runtime.errors import CorpusError
from emospeech.runtime.processes import ordered_map

IDENTITY = ("recording", "path")
SPEAKER = ("session", "speaker", "gender")  # of a labelled corpus, whose folds are made of them
DIMENSIONS = ("valence", "activation", "dominance")
WORD_NEEDED = ("recording", "start", "end")
# An id names things on any disk and in any table.
NAME = re.compile(r"\w[\w.+-]*")
LONGEST_NAME = 200  # bytes; file systems allow 255
TOLERANCE = 0.1  # seconds that a stated duration may differ from the file's


def read_manifest(folder, name, labelled, multitask=False, speech=None, workers=1):
    """Return the Corpus called `name` that the tables in `folder` describe.

    A `labelled` corpus has sessions, speakers, genders and a valence, for `multitask` models an
    activation too; another needs recordings and their paths only. Paths start from `folder`.
    Without a `words.csv`, spans of speech found in the audio by `speech` (SpeechSettings) stand for
    the words. The tables do not depend on `workers`. Raises CorpusError with file and line.
    """
    folder, tally = Path(folder), Tally()
    tasks = DIMENSIONS[: 1 + multitask] if labelled else ()
    needed = (*IDENTITY, *(SPEAKER if labelled else ()), *tasks)
    path = folder / "recordings.csv"
    rows = list(read_rows(path, needed, RECORDING_COLUMNS, tally))
    if not rows:
        raise CorpusError(path, "holds no recording; give one a line")
    check_ids(rows)
    check_spellings(rows)
    if labelled:
        _check_speakers(rows)
    recordings = [_recording(row, labelled) for row in rows]
    files = [folder / row["path"] for row in recordings]
    _add_durations(rows, recordings, files, workers, tally)
    check_audio(rows, recordings, files)
    for task in tasks:
        _check_labels(path, task, recordings, tally)
    if (folder / "words.csv").exists():
        words = _words(folder / "words.csv", recordings, tally)
    else:
        words = _spans(files, recordings, speech or SpeechSettings(), workers, tally)
    return make_corpus(name, recordings, words, tally)


def _recording(row, labelled):
    """Return a row of the table of recordings, a dict by column."""
    name = row.text("recording", required=True)
    if not NAME.fullmatch(name) or len(name.encode()) > LONGEST_NAME:
        allowed = "letters, digits and _ . + -, no mark first"
        raise row.fault(f"`recording` is `{name}`, which cannot name a file; expected {allowed}")
    gender = row.text("gender", required=labelled)
    if gender not in (("F", "M") if labelled else ("F", "M", "")):
        raise row.fault(f"`gender` is `{gender}`; expected F or M")
    raters = row.number("raters", low=1, high=1000)
    if raters % 1 > 0:
        raise row.fault(f"`raters` is `{row.text('raters')}`; expected a whole number")
    start, end = row.number("start", low=0), row.number("end", low=0)
    if end < start:
        raise row.fault(f"`end` is {end:g}, before `start`, {start:g}")
    return {
        "recording": name,
        "path": row.text("path", required=True),
        "session": row.text("session", required=labelled),
        "speaker": row.text("speaker", required=labelled),
        "gender": gender,
        "dialogue": row.text("dialogue"),
        "start": start,
        "end": end,
        "emotion": row.text("emotion"),
        "raters": raters,
        **{dimension: row.number(dimension, low=1, high=5) for dimension in DIMENSIONS},
    }


def _add_durations(rows, recordings, files, workers, tally):
    """Set the `duration` of each recording, in seconds; a stated one must agree with it."""
    for row, file in zip(rows, files, strict=True):
        try:
            check_file(file)
        except CorpusError as error:
            raise row.fault(f"`path` is `{row.text('path')}`, and the file {error}") from error
    lengths = ordered_map(measure_audio, files, workers)
    for row, recording, file in zip(rows, recordings, files, strict=True):
        try:
            length = next(lengths)
        except CorpusError as error:
            raise row.fault(f"the file {error}") from error
        count_shortened(length, tally)
        stated = row.number("duration", low=0)
        if abs(stated - length.seconds) > TOLERANCE:
            problem = f"`duration` is {stated:g}, but {file} lasts {length.seconds:.2f} s"
            raise row.fault(f"{problem}; correct `path`, or leave `duration` empty")
        recording["duration"] = length.seconds


def _check_speakers(rows):
    """Raise CorpusError for a speaker with two genders or in two sessions."""
    first = {}
    for row in rows:
        speaker = row.text("speaker", required=True)
        for column in ("gender", "session"):
            value = row.text(column)
            known, line = first.setdefault((speaker, column), (value, row.line))
            if value != known:
                problem = f"`{column}` of {speaker} is `{value}`, but `{known}` on line {line}"
                raise row.fault(f"{problem}; a speaker has one gender and belongs to one session")


def _check_labels(path, task, recordings, tally):
    """Count the recordings without a label for `task`; none with one is an error."""
    lacking = sum(row[task] != row[task] for row in recordings)  # NaN differs from itself
    if lacking == len(recordings):
        raise CorpusError(path, f"no recording has a `{task}`; expected numbers from 1 to 5")
    tally.irregular[f"recording without {task}"] += lacking


def _words(path, recordings, tally):
    """Return the words of a table as tuples of WORD_COLUMNS, those outside left out and counted."""
    by_name = {row["recording"]: row for row in recordings}
    heard = {}  # the words of each speaker in each recording, in the order of the file
    for row in read_rows(path, WORD_NEEDED, WORD_COLUMNS, tally):
        name = row.text("recording", required=True)
        if name not in by_name:
            raise row.fault(f"`recording` is `{name}`, which recordings.csv does not have")
        times = [row.number(column, required=True) for column in ("start", "end")]
        speaker = row.text("speaker") or by_name[name]["speaker"]
        heard.setdefault((name, speaker), []).append((row.text("word"), *times))
    words = [
        (name, speaker, *word)
        for (name, speaker), found in heard.items()
        for word in words_within(found, by_name[name]["duration"], tally)
    ]
    if not words:
        problem = "holds no word that lies in its recording; give times in seconds"
        raise CorpusError(path, f"{problem}, or remove the file to have speech found in the audio")
    return words


def _spans(files, recordings, settings, workers, tally):
    """Return the spans of speech in the audio of each recording as words without a text."""
    words = []
    found = ordered_map(partial(find_speech, settings=settings), files, workers)
    for row, (spans, too_short) in zip(recordings, found, strict=True):
        tally.left_out["sound too short for speech"] += too_short
        tally.irregular["recording without speech found"] += not len(spans)
        words.extend(
            (row["recording"], row["speaker"], "", float(start), float(end)) for start, end in spans
        )
    tally.irregular["span of speech found in the audio, for want of words.csv"] += len(words)
    return words

"""Reader for Quechua Collao: acted emotions, with dimensional ratings by four raters.

The tables contain known errors. Each is handled by a rule, counted, and described in
docs/open-corpora.md. Labels are the means of the ratings, since the means in Labels.csv contain
errors of their own. There are no word times.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from emospeech.corpora.audio import WAV
from emospeech.corpora.check import CHECK_COLUMNS, compare, compare_measure, compare_values
from emospeech.corpora.corpus_tables import DIMENSIONS, RATING_COLUMNS, Corpus, make_table
from emospeech.corpora.csv_rows import NUMBER, read_rows
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.measurements import measure_corpus
from emospeech.corpora.registry import RELEASES
from emospeech.runtime.errors import CorpusError, access_error

CITATION = (
    "R. Y. G. Paccotacya-Yanque et al. A speech corpus of Quechua Collao for automatic dimensional "
    "emotion recognition. Scientific Data 9, 778, 2022. doi:10.1038/s41597-022-01855-9."
)
AUDIO = "Audios"
NAMES = dict(zip(DIMENSIONS, ("Valence", "Arousal", "Dominance"), strict=True))  # in the corpus
RATERS = ("N1", "N2", "N3", "N4")
LOWEST, HIGHEST = 1, 5  # of a rating
KNOWN_WRONG = ("22415", "N3")  # a recording and its rater
MAX_ERROR = 0.01  # difference between a printed mean and that of the ratings; it has few decimals
SHEET, SHEET_COLUMNS = "map", ("Audio", "Emotion", "Actor")
ACTOR = re.compile(r"\D*([1-6])\D*")  # a1 to a6
# Two public readers disagree on the genders of a4 and a5.
GENDERS = {"a1": "F", "a2": "M", "a3": "F", "a6": "M"}

# Contents of the release. The numbers by actor and emotion are those of a public reader, the
# repository QuechuaBase/SER-quechua-collao.
RECORDINGS, HOURS, EMOTIONS = 12420, 15, 9
BY_ACTOR = dict.fromkeys(("a1", "a2", "a3", "a4", "a5", "a6"), 2070) | {"a4": 2112, "a5": 2028}
BY_EMOTION = 1380


def read_quechua(root: str | Path, workers: int = 1) -> Corpus:
    """Read Quechua Collao from its unpacked archive.

    The folders Labels and Data may contain a folder of the same name, as in the archive, or not.
    Paths in the table of recordings are relative to `root`.

    Args:
        root: The folder that contains Audios, Labels and Data.
        workers: The number of processes, which does not change the tables.

    Raises:
        CorpusError: A table or an audio file is missing or damaged.
    """
    root, issues = Path(root), IssueCounts()
    ratings = {
        dimension: _read_ratings(_find_table(root, "Labels", f"{name}.csv"), issues)
        for dimension, name in NAMES.items()
    }
    wavs = {path.stem: path for path in (root / AUDIO).glob(f"[!.]*.{WAV}")}
    recordings, rows = [], []
    for name, emotion, actor in _read_map(_find_table(root, "Data", "Data.xlsx"), issues):
        path = wavs.pop(name, None)
        if path is None or not actor:
            reason = "of an unknown actor" if path else "without an audio file"
            issues.left_out[f"entry {reason}"] += 1
            continue
        given = {dimension: table.get(name, {}) for dimension, table in ratings.items()}
        for dimension, values in given.items():
            issues.irregular[f"recording without {dimension}"] += not values
        recordings.append(
            {
                "recording": name,
                "path": path.relative_to(root).as_posix(),
                "speaker": actor,
                "gender": GENDERS.get(actor, ""),
                "emotion": emotion,
                "raters": len(given["valence"]),
                **{dimension: _mean(values) for dimension, values in given.items()},
            }
        )
        rows += [
            (name, rater, "external", *(values.get(rater, math.nan) for values in given.values()))
            for rater in RATERS
            if any(rater in values for values in given.values())
        ]
    issues.left_out["audio file without an entry"] += len(wavs)
    if not recordings:
        remedy = f"Give the folder of Quechua Collao, which contains {AUDIO}"
        raise CorpusError(root / AUDIO, f"contains no recording of Data.xlsx. {remedy}.")
    unknown = sum(not row["gender"] for row in recordings)
    issues.irregular["recording of an actor of unknown gender"] += unknown
    _count_wrong_means(root, recordings, issues)
    corpus = measure_corpus("quechua", root, recordings, workers, issues)
    corpus.summary.update(licence=RELEASES["quechua"].licence, citation=CITATION)
    return corpus._replace(ratings=make_table(sorted(rows), RATING_COLUMNS))


def check_quechua(corpus: Corpus) -> pd.DataFrame:
    """Return a table of CHECK_COLUMNS that compares the corpus with the contents of its release.

    Emotions are counted by the names in the corpus.
    """
    recordings, emotions = corpus.recordings, corpus.recordings["emotion"].value_counts()
    rows = [
        compare("recordings", "all", RECORDINGS, len(recordings)),
        compare_measure("hours", HOURS, recordings["duration"].sum() / 3600, tolerance=0.5),
        compare("actors", "all", len(BY_ACTOR), recordings["speaker"].nunique()),
        *compare_values("recordings", BY_ACTOR, recordings["speaker"]),
        compare("emotions", "all", EMOTIONS, len(emotions)),
        *(compare("recordings", name, BY_EMOTION, n) for name, n in sorted(emotions.items())),
    ]
    return pd.DataFrame(rows, columns=CHECK_COLUMNS)


def _find_table(root: Path, folder: str, name: str) -> Path:
    """Return the path of a table, which is in the folder or in a folder of the same name in it."""
    paths = [root / folder / name, root / folder / folder / name]
    for path in paths:
        if path.is_file():
            return path
    raise CorpusError(paths[0], "does not exist. Unpack the archive again.")


def _name_of(number: str) -> str:
    """Return the name of a recording from a cell with its number or its file."""
    return Path(number).stem


def _read_ratings(path: Path, issues: IssueCounts) -> dict[str, dict[str, float]]:
    """Return {recording: {rater: rating}}; wrong ratings and those off the scale are left out."""
    ratings = {}
    columns = ("Audio", *RATERS)
    for row in read_rows(path, columns, columns, IssueCounts()):
        name = _name_of(row.text("Audio", required=True))
        if name in ratings:
            raise row.error(f"`Audio` is `{name}`, as in another row. Unpack the archive again.")
        ratings[name] = {}
        for rater in RATERS:
            value = _number(row.text(rater))
            if (name, rater) == KNOWN_WRONG:
                issues.left_out[f"rating known to be wrong in {path.name}"] += 1
            elif LOWEST <= value <= HIGHEST:
                ratings[name][rater] = value
            elif row.text(rater):
                issues.left_out[f"rating off the scale from 1 to 5 in {path.name}"] += 1
            else:
                issues.irregular[f"missing rating in {path.name}"] += 1
    return ratings


def _number(text: str) -> float:
    """Return a cell as a number, or NaN."""
    return float(text) if NUMBER.fullmatch(text) else math.nan


def _mean(values: dict[str, float]) -> float:
    return sum(values.values()) / len(values) if values else math.nan


def _read_map(path: Path, issues: IssueCounts) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the emotion and the actor (a1 to a6, "" if unknown) of each recording.

    The column File is not used. Of an actor with another name, such as `6-`, the digit counts.
    """
    try:
        table = pd.read_excel(path, sheet_name=SHEET, dtype=str, keep_default_na=False)
    except OSError as error:
        raise access_error(path, error, CorpusError) from error
    except Exception as error:  # damaged files cause many kinds of errors in the library
        problem = f"is not a workbook with a sheet `{SHEET}` ({error})"
        raise CorpusError(path, f"{problem}. Unpack the archive again.") from error
    if missing := [name for name in SHEET_COLUMNS if name not in table]:
        problem = f"lacks the column {', '.join(missing)} in the sheet `{SHEET}`"
        raise CorpusError(path, f"{problem}. Unpack the archive again.")
    known = set()
    for cells in table[list(SHEET_COLUMNS)].to_numpy(str):
        audio, emotion, actor = map(str.strip, cells)
        name, number = _name_of(audio), ACTOR.fullmatch(actor)
        if name in known:
            raise CorpusError(path, f"has two rows of recording {name}. Unpack the archive again.")
        known.add(name)
        speaker = f"a{number[1]}" if number else ""
        issues.irregular["actor with an invalid name"] += actor != speaker
        yield name, emotion, speaker


def _count_wrong_means(root: Path, recordings: list[dict[str, Any]], issues: IssueCounts) -> None:
    """Count the means in Labels.csv that differ from those of the ratings."""
    by_name = {row["recording"]: row for row in recordings}
    columns = ("Audio", *NAMES.values())
    try:
        path = _find_table(root, "Labels", "Labels.csv")
        rows = list(read_rows(path, columns, columns, IssueCounts()))
    except CorpusError:  # the table is not needed
        issues.irregular["Labels.csv cannot be read"] += 1
        return
    for row in rows:
        recording = by_name.get(_name_of(row.text("Audio")))
        for dimension, column in NAMES.items():
            # `not`, because comparisons with NaN are false.
            if recording and not abs(_number(row.text(column)) - recording[dimension]) <= MAX_ERROR:
                issues.irregular[f"{dimension} in Labels.csv differs from the mean rating"] += 1

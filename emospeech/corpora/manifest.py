"""Reader for any corpus with a manifest: recordings.csv and optional tables.

The optional tables are words.csv, ratings.csv and votes.csv.

The columns are those of the tables that all readers return. Unlike a published release, a manifest
can be corrected by its author, so the reader stops at an error and reports its line.
Word times come from aligners; words outside their recording are dropped and counted.

A recording is a complete file. `start` and `end` give its position in a dialogue and do not select
a part of it. Rows with the same audio are therefore rejected: they could end up in both training
and test data.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emospeech.corpora.audio import MAX_DURATION_ERROR, check_file
from emospeech.corpora.corpus_tables import (
    DIMENSIONS,
    RATING_COLUMNS,
    RECORDING_COLUMNS,
    VOTE_COLUMNS,
    WORD_COLUMNS,
    Corpus,
    make_corpus,
    make_table,
    to_five_points,
)
from emospeech.corpora.csv_rows import Row, read_rows
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.manifest_checks import (
    check_audio,
    check_ids,
    check_speakers,
    check_spellings,
)
from emospeech.corpora.measurements import detect_words, measure_durations
from emospeech.corpora.textgrids import find_textgrids, read_textgrid
from emospeech.corpora.votes import majority, vote_shares
from emospeech.corpora.words import Word, clip_words
from emospeech.runtime.errors import CorpusError

# Ids become names of files and groups in stores.
ID = re.compile(r"\w[\w.+-]*")
MAX_ID_BYTES = 200  # file systems allow 255
FIVE_POINTS = (1.0, 5.0)  # the scale of the labels in the tables
MAX_LABEL_ERROR = 0.01  # difference between a label and the mean of its ratings


@dataclass(frozen=True)
class ManifestSettings:
    """What a manifest must contain, and how it is read."""

    labelled: bool  # require speakers and labels, not only ids and paths
    tasks: Sequence[str] = ("valence",)  # columns of the labels that are required
    scale: Sequence[float] = FIVE_POINTS  # of labels and ratings, mapped linearly to 1 to 5
    textgrids: str | Path | None = None  # folder of the word times by forced alignment


def read_manifest(folder: str | Path, name: str, workers: int = 1, **settings: Any) -> Corpus:
    """Read a corpus from its manifest.

    Args:
        folder: The folder of the tables; paths in recordings.csv are relative to it. Without
            TextGrids and words.csv, speech detected in the audio replaces the words. With a
            ratings.csv, labels that recordings.csv lacks are the mean ratings; with a votes.csv,
            emotions that it lacks are those with the most votes.
        name: The name of the corpus, for the summary.
        workers: The number of processes, which does not change the tables.
        **settings: Fields of ManifestSettings.

    Raises:
        CorpusError: A table, a TextGrid or an audio file contains an error.
    """
    options = ManifestSettings(**settings)
    labelled, scale = options.labelled, options.scale
    folder, issues = Path(folder), IssueCounts()
    tasks = options.tasks if labelled else ()
    rated = labelled and (folder / "ratings.csv").exists()
    has_votes = labelled and (folder / "votes.csv").exists()
    stated = [name for name in tasks if not (rated if name in DIMENSIONS else has_votes)]
    required = ("recording", "path", *(("speaker",) if labelled else ()), *stated)
    path = folder / "recordings.csv"
    rows = list(read_rows(path, required, RECORDING_COLUMNS, issues))
    if not rows:
        raise CorpusError(path, "contains no recording. Add a row for each recording.")
    check_ids(rows)
    check_spellings(rows)
    if labelled:
        check_speakers(rows)
    recordings = [_parse_recording(row, labelled, scale) for row in rows]
    files = [folder / row["path"] for row in recordings]
    durations = _measure_durations(rows, files, workers, issues)
    recordings = [
        row | {"duration": seconds} for row, seconds in zip(recordings, durations, strict=True)
    ]
    check_audio(rows, durations, files)
    ratings = _read_ratings(folder / "ratings.csv", recordings, scale, issues) if rated else []
    votes = _read_votes(folder / "votes.csv", recordings, issues) if has_votes else []
    for task in tasks:
        unlabelled = sum(row[task] == "" or row[task] != row[task] for row in recordings)  # or NaN
        issues.irregular[f"recording without {task}"] += unlabelled
        if unlabelled == len(recordings):
            numbers = f"numbers from {scale[0]:g} to {scale[1]:g}"
            remedy = f"Use {numbers if task in DIMENSIONS else 'names of emotions'}"
            raise CorpusError(path, f"has no `{task}` in any row. {remedy}.")
    if options.textgrids is not None:
        words = _read_textgrids(Path(options.textgrids), files, recordings, issues)
    elif (folder / "words.csv").exists():
        words = _read_words(folder / "words.csv", recordings, issues)
    else:
        words = detect_words(files, recordings, workers, issues)
        issues.irregular["detected speech span instead of a word (no words.csv)"] += len(words)
    corpus = make_corpus(name, recordings, words, issues)
    if labelled:
        corpus.summary["scale"] = list(scale)
    return corpus._replace(
        ratings=make_table(sorted(ratings), RATING_COLUMNS),
        votes=make_table(sorted(votes), VOTE_COLUMNS),
    )


def _parse_recording(row: Row, labelled: bool, scale: Sequence[float]) -> dict[str, Any]:
    """Return the values of a row by column, without the duration."""
    name = row.text("recording", required=True)
    if not ID.fullmatch(name) or len(name.encode()) > MAX_ID_BYTES:
        allowed = "letters, digits and _ . + -, starting with a letter, a digit or _"
        raise row.error(f"`recording` is `{name}`, which cannot be a file name. Use {allowed}.")
    gender = row.text("gender")
    if gender not in ("F", "M", ""):
        raise row.error(f"`gender` is `{gender}`. Use F, M, or leave the cell empty.")
    raters = row.number("raters", low=1, high=1000)
    if raters % 1 > 0:
        raise row.error(f"`raters` is `{row.text('raters')}`. Use a whole number.")
    start, end = row.number("start", low=0), row.number("end", low=0)
    if end < start:
        raise row.error(f"`end` is {end:g}, before `start` at {start:g}. Correct one of them.")
    text = {column: row.text(column) for column in ("dialogue", "emotion")}
    text["speaker"] = row.text("speaker", required=labelled)
    text["session"] = row.text("session", is_name=labelled)
    numbers = _parse_labels(row, scale)
    path = row.text("path", required=True)
    times = {"start": start, "end": end}
    return {"recording": name, "path": path, "gender": gender, "raters": raters} | (
        text | times | numbers
    )


def _parse_labels(row: Row, scale: Sequence[float]) -> dict[str, float]:
    """Return {dimension: label from 1 to 5}, NaN if empty."""
    low, high = scale
    values = {dimension: row.number(dimension, low, high) for dimension in DIMENSIONS}
    return {dimension: to_five_points(value, scale) for dimension, value in values.items()}


def _read_ratings(
    path: Path, recordings: Sequence[dict], scale: Sequence[float], issues: IssueCounts
) -> list[tuple]:
    """Return the ratings as tuples of RATING_COLUMNS, and fill in missing labels of `recordings`.

    A missing label becomes the mean rating, and a missing `raters` the number of ratings.

    Labels that differ from the mean of their ratings are kept and counted.
    """
    by_name = {row["recording"]: row for row in recordings}
    lines, ratings = {}, []
    columns = [name for name in RATING_COLUMNS if name != "kind"]
    for row in read_rows(path, ("recording", "rater"), columns, issues):
        name, rater = _known_recording(row, by_name), row.text("rater", required=True)
        if (name, rater) in lines:
            problem = f"`rater` is `{rater}`, who already rated {name} on line {lines[name, rater]}"
            raise row.error(f"{problem}. Remove one of the rows.")
        lines[name, rater] = row.line
        ratings.append((name, rater, "external", *_parse_labels(row, scale).values()))
    rows = make_table(ratings, RATING_COLUMNS).groupby("recording")
    found = rows[list(DIMENSIONS)].mean().assign(raters=rows.size())
    for name, values in found.to_dict("index").items():
        row = by_name[name]
        for column, value in values.items():
            if math.isnan(row[column]):
                row[column] = value
            elif abs(row[column] - value) > MAX_LABEL_ERROR:
                issues.irregular[f"{column} differs from ratings.csv"] += 1
    return ratings


def _read_votes(
    path: Path, recordings: Sequence[dict], issues: IssueCounts
) -> list[tuple[str, ...]]:
    """Return the votes as tuples of VOTE_COLUMNS, and fill in missing emotions of `recordings`.

    A missing emotion becomes the one with the most votes. Several with the most votes leave it
    empty. Emotions that differ from the one with the most votes are kept. Both are counted.
    """
    by_name = {row["recording"]: row for row in recordings}
    lines = {}
    for row in read_rows(path, VOTE_COLUMNS, VOTE_COLUMNS, issues):
        name = _known_recording(row, by_name)
        vote = (name, row.text("rater", required=True), row.text("emotion", required=True))
        if vote in lines:
            problem = f"`rater` is `{vote[1]}`, who already named {vote[2]} for {name}"
            raise row.error(f"{problem} on line {lines[vote]}. Remove one of the rows.")
        lines[vote] = row.line
    if not lines:
        raise CorpusError(path, "contains no vote. Add a row for each vote, or remove the file.")
    totals = vote_shares(make_table(lines, VOTE_COLUMNS)).groupby(level="recording").sum()
    for name, winner in zip(totals.index, majority(totals.to_numpy()), strict=True):
        row, emotion = by_name[name], "" if winner < 0 else totals.columns[winner]
        if not row["emotion"]:
            row["emotion"] = emotion
            issues.irregular["votes without a majority, and no emotion"] += not emotion
        elif emotion and row["emotion"] != emotion:
            issues.irregular["emotion differs from votes.csv"] += 1
    return list(lines)


def _known_recording(row: Row, by_name: Mapping[str, dict]) -> str:
    """Return the recording of a row of another table; it must be in recordings.csv."""
    name = row.text("recording", required=True)
    if name not in by_name:
        problem = f"`recording` is `{name}`, which is not in recordings.csv"
        raise row.error(f"{problem}. Add it there, or remove this row.")
    return name


def _measure_durations(
    rows: Sequence[Row], files: Sequence[Path], workers: int, issues: IssueCounts
) -> list[float]:
    """Return the durations of the files in seconds; a stated duration must agree."""
    for row, file in zip(rows, files, strict=True):
        try:
            check_file(file)
        except CorpusError as error:
            raise row.error(f"`path` is `{row.text('path')}`, and the file {error}") from error
    measured = measure_durations(files, workers, issues)
    durations = []
    for row, file in zip(rows, files, strict=True):
        try:
            seconds = next(measured)
        except CorpusError as error:
            raise row.error(f"the file {error}") from error
        stated = row.number("duration", low=0)
        if abs(stated - seconds) > MAX_DURATION_ERROR:
            problem = f"`duration` is {stated:g}, but {file} lasts {seconds:.2f} s"
            raise row.error(f"{problem}. Correct `path`, or leave `duration` empty.")
        durations.append(seconds)
    return durations


def _read_words(path: Path, recordings: Iterable[dict], issues: IssueCounts) -> list[tuple]:
    """Return the words in a words.csv as tuples of WORD_COLUMNS."""
    by_name = {row["recording"]: row for row in recordings}
    by_speaker = {}  # the words of each speaker in each recording, in the order of the file
    for row in read_rows(path, ("recording", "start", "end"), WORD_COLUMNS, issues):
        name = _known_recording(row, by_name)
        start, end = row.number("start", required=True), row.number("end", required=True)
        speaker = row.text("speaker") or by_name[name]["speaker"]
        by_speaker.setdefault((name, speaker), []).append(Word(row.text("word"), start, end))
    words = [
        (name, speaker, *word)
        for (name, speaker), spoken in by_speaker.items()
        for word in clip_words(spoken, by_name[name]["duration"], issues)
    ]
    if not words:
        remedy = "Give times in seconds, or remove the file to detect speech in the audio"
        raise CorpusError(path, f"contains no word inside its recording. {remedy}.")
    return words


def _read_textgrids(
    folder: Path, files: Sequence[Path], recordings: Sequence[dict], issues: IssueCounts
) -> list[tuple]:
    """Return the words in the TextGrids that are named like the audio files."""
    textgrids = find_textgrids(folder)
    words, used = [], {}
    for row, file in zip(recordings, files, strict=True):
        if (path := textgrids.get(file.stem)) is None:
            issues.irregular["no forced alignment"] += 1
            continue
        if (known := used.setdefault(path, file)) != file:
            problem = f"could belong to {known} or {file}"
            raise CorpusError(path, f"{problem}. Give the audio files different names.")
        spoken = clip_words(read_textgrid(path), row["duration"], issues)
        issues.irregular["alignment without words"] += not spoken
        words += [(row["recording"], row["speaker"], *word) for word in spoken]
    issues.left_out["TextGrid without a recording"] += len(textgrids) - len(used)
    if not words:
        remedy = f"Add one for each audio file, named like it, such as {files[0].stem}.TextGrid"
        raise CorpusError(folder, f"contains no word inside a recording. {remedy}.")
    return words

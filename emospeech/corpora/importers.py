"""Importers of public corpora: they write the manifest that `manifest.read_manifest` reads.

The labels of acted emotions follow from the category: they are the signs of valence and activation
in the circumplex model of affect (Russell 1980), as values 2, 3 and 4. Surprise has no valence and
disgust no activation there, so these labels are missing. CREMA-D has votes of listeners, from which
the reader `crema_d` computes a proxy of the valence.

Importers do not read audio; the reader of the manifest checks it.
"""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from emospeech.corpora import crema_d
from emospeech.corpora.corpus_tables import RATING_COLUMNS, RECORDING_COLUMNS, VOTE_COLUMNS
from emospeech.corpora.csv_rows import read_rows
from emospeech.corpora.issues import IssueCounts
from emospeech.runtime.errors import CorpusError
from emospeech.runtime.files import write_table

AUDIO = {".wav", ".flac"}
LOW, MIDDLE, HIGH = 2.0, 3.0, 4.0
UNKNOWN = np.nan
CIRCUMPLEX = {  # {emotion: (valence, activation)}
    "anger": (LOW, HIGH),
    "boredom": (LOW, LOW),
    "calm": (HIGH, LOW),
    "disgust": (LOW, UNKNOWN),
    "fear": (LOW, HIGH),
    "happiness": (HIGH, HIGH),
    "neutral": (MIDDLE, MIDDLE),
    "sadness": (LOW, LOW),
    "surprise": (UNKNOWN, HIGH),
}
CIRCUMPLEX_SOURCE = "Russell, J. A. (1980): A circumplex model of affect. JPSP 39(6), 1161-1178"

EMODB_NAME = re.compile(r"(?P<speaker>\d\d)[ab]\d\d(?P<emotion>[WLEAFTN])[a-z]")
EMODB_EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}
EMODB_WOMEN = {"08", "09", "13", "14", "16"}

RAVDESS_NAME = re.compile(
    r"\d\d-(?P<channel>\d\d)-(?P<emotion>\d\d)-\d\d-\d\d-\d\d-(?P<actor>\d\d)"
)
RAVDESS_EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happiness",
    "04": "sadness",
    "05": "anger",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
RAVDESS_SONG = "02"  # vocal channel
CREMA_D_SOURCE = "votes of the listeners: 3 + 2 x sign of the emotion x mean level / 100"


@dataclass(frozen=True)
class Manifest:
    """The tables of a manifest, and how its labels were obtained.

    Attributes:
        recordings: The content of recordings.csv; paths are relative to the folder of the corpus.
        mapping: A row per emotion: `emotion, valence, activation, source`.
        ratings: The content of ratings.csv, or None.
        votes: The content of votes.csv, or None.
        issues: Counts of what was left out or is unusual.
    """

    recordings: pd.DataFrame
    mapping: pd.DataFrame
    ratings: pd.DataFrame | None = None
    votes: pd.DataFrame | None = None
    issues: IssueCounts = field(default_factory=IssueCounts)


def read_emodb(folder: Path) -> Manifest:
    """Return the manifest of Emo-DB (Burkhardt et al. 2005), built from its file names."""
    rows, issues = [], IssueCounts()
    for path, name in _named(folder, EMODB_NAME, issues):
        speaker = name["speaker"]
        gender = "F" if speaker in EMODB_WOMEN else "M"
        rows.append((path, speaker, gender, EMODB_EMOTIONS[name["emotion"]]))
    return _acted(folder, rows, issues)


def read_ravdess(folder: Path) -> Manifest:
    """Return the manifest of RAVDESS (Livingstone and Russo 2018), built from its file names.

    Songs are left out. Odd-numbered actors are men.
    """
    rows, issues = [], IssueCounts()
    for path, name in _named(folder, RAVDESS_NAME, issues):
        actor, emotion = name["actor"], RAVDESS_EMOTIONS.get(name["emotion"])
        if name["channel"] == RAVDESS_SONG or emotion is None:
            issues.left_out["song" if emotion else "unknown emotion"] += 1
            continue
        rows.append((path, actor, "M" if int(actor) % 2 else "F", emotion))
    return _acted(folder, rows, issues)


def read_crema_d(folder: Path) -> Manifest:
    """Return the manifest of CREMA-D (Cao et al. 2014), with the labels of its reader.

    There is no activation.
    """
    issues = IssueCounts()
    recordings, ratings, votes = crema_d.read_labels(folder, issues)
    columns = ["recording", "path", "speaker", "gender", "emotion", "valence"]
    signs = {"happiness": "positive", "neutral": "neutral"}
    mapping = [
        (emotion, signs.get(emotion, "negative"), "", CREMA_D_SOURCE)
        for emotion in crema_d.EMOTIONS.values()
    ]
    return Manifest(
        pd.DataFrame(recordings)[columns],
        pd.DataFrame(mapping, columns=["emotion", "valence", "activation", "source"]),
        pd.DataFrame(ratings, columns=RATING_COLUMNS)[["recording", "rater", "valence"]],
        pd.DataFrame(votes, columns=VOTE_COLUMNS),
        issues,
    )


IMPORTERS: dict[str, Callable[[Path], Manifest]] = {
    "emodb": read_emodb,
    "ravdess": read_ravdess,
    "crema_d": read_crema_d,
}


def write_manifest(manifest: Manifest, audio: Path, folder: Path) -> None:
    """Write recordings.csv, mapping.csv and, if there are any, ratings.csv and votes.csv.

    Args:
        manifest: The manifest.
        audio: The folder of the audio.
        folder: The folder of the files.

    Raises:
        CorpusError: One of the files exists.
    """
    paths = [os.path.relpath(audio / path, folder) for path in manifest.recordings["path"]]
    tables = {
        "recordings.csv": manifest.recordings.assign(path=paths),
        "mapping.csv": manifest.mapping,
    }
    if manifest.ratings is not None:
        tables["ratings.csv"] = manifest.ratings
    if manifest.votes is not None:
        tables["votes.csv"] = manifest.votes
    check_new([folder / name for name in tables])
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_table(folder / name, table)


def check_audio_of_manifest(folder: Path, audio: Path) -> None:
    """Raise CorpusError if the manifest in `folder` describes files outside the folder `audio`."""
    table = folder / "recordings.csv"
    for row in read_rows(table, ["path"], RECORDING_COLUMNS, IssueCounts()):
        path = folder / row.text("path")
        if audio.resolve() not in path.resolve().parents:
            problem = f"`path` is outside {audio}, so the table is of another copy of the corpus"
            raise row.error(f"{problem}. Give that folder, or remove {table.name}.")


def check_new(paths: Iterable[Path]) -> None:
    """Raise CorpusError if one of the files exists, because it may have been edited by hand."""
    for path in paths:
        if path.exists():
            raise CorpusError(path, "exists already. Remove it, or choose another --output.")


def _acted(folder: Path, rows: list[tuple], issues: IssueCounts) -> Manifest:
    """Return the manifest of rows (path, speaker, gender, emotion), labelled by the circumplex."""
    if not rows:
        raise _no_recordings(folder)
    labelled = [(*row, *CIRCUMPLEX[row[-1]]) for row in rows]
    mapping = [
        (emotion, *CIRCUMPLEX[emotion], CIRCUMPLEX_SOURCE)
        for emotion in sorted({row[-1] for row in rows})
    ]
    return Manifest(
        _recordings(folder, labelled, ["valence", "activation"]),
        pd.DataFrame(mapping, columns=["emotion", "valence", "activation", "source"]),
        issues=issues,
    )


def _recordings(folder: Path, rows: Iterable[tuple], labels: list[str]) -> pd.DataFrame:
    """Return recordings.csv from rows (path, speaker, gender, emotion, *labels)."""
    table = pd.DataFrame(rows, columns=["path", "speaker", "gender", "emotion", *labels])
    table.insert(0, "recording", [path.stem for path in table["path"]])
    repeated = table.loc[table["recording"].duplicated(), "path"]
    if len(repeated):
        problem = "has the same name as another recording, ignoring folder and suffix"
        raise CorpusError(repeated.iloc[0], f"{problem}. Remove one of the files.")
    table["path"] = [path.relative_to(folder).as_posix() for path in table["path"]]
    return table


def _named(
    folder: Path, pattern: re.Pattern, issues: IssueCounts
) -> Iterable[tuple[Path, re.Match]]:
    """Yield each audio file whose stem matches `pattern`, with the match.

    Other audio files are counted in `issues`.
    """
    if not folder.is_dir():
        raise CorpusError(folder, "is not a folder. Give the folder of the corpus.")
    files = (path for path in folder.rglob("*") if not path.name.startswith("."))
    for path in sorted(path for path in files if path.suffix.lower() in AUDIO):
        if name := pattern.fullmatch(path.stem):
            yield path, name
        else:
            issues.left_out["audio file with another name"] += 1


def _no_recordings(folder: Path) -> CorpusError:
    return CorpusError(folder, "contains no recordings of the corpus. Give its folder.")

"""Importers of public corpora: they write the manifest that `manifest.read_manifest` reads.

The labels of acted emotions follow from the category: they are the signs of valence and activation
in the circumplex model of affect (Russell 1980), as values 2, 3 and 4. Surprise has no valence and
disgust no activation there, so these labels are missing. CREMA-D has votes of listeners, from which
a proxy of the valence is computed, see `read_crema_d`.

Importers do not read audio; the reader of the manifest checks it.
"""

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from emospeech.corpora.issues import IssueCounts
from emospeech.runtime.errors import CorpusError, access_error
from emospeech.runtime.files import write_table, write_text

AUDIO = {".wav", ".flac"}
STUDY = "study.yaml"
MOST_GROUPS = 5  # of speakers, as many as the paper has folds
CONFIG = """\
# Run it in the folder of the workflow: snakemake --cores 8 --configfile <this file>
# All other settings have the defaults of config/config.yaml.
results: results/{corpus}
corpora:
  labelled: {corpus}
  manifests:
    {corpus}:
      folder: {folder}
folds:
  scheme: speakers # hold out groups of speakers, since there are no sessions
  groups: {groups}
training:
  unlabelled: [{corpus}] # add ami once it is available
{models}"""
ONLY_VALENCE = """\
models:
  names: [BasicCNN, BasicDCGAN] # the Multitask models need activation, which the corpus lacks
"""
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

CREMA_D_EMOTIONS = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": "neutral",
    "SAD": "sadness",
}
CREMA_D_NAME = re.compile(
    rf"(?P<speaker>\d{{4}})_[A-Z]{{3}}_(?P<emotion>{'|'.join(CREMA_D_EMOTIONS)})_(LO|MD|HI|XX?)"
)
CREMA_D_VOTES = {  # {column of the votes: (column of their mean level, sign of the valence)}
    "A": ("meanAngerResp", -1),
    "D": ("meanDisgustResp", -1),
    "F": ("meanFearResp", -1),
    "H": ("meanHappyResp", 1),
    "N": ("meanNeutralResp", 0),
    "S": ("meanSadResp", -1),
}
CREMA_D_SOURCE = "votes of the listeners: 3 + 2 x sign of the emotion x mean level / 100"
CREMA_D_TABLES = {  # {file: columns}
    "processedResults/tabulatedVotes.csv": [
        *("fileName", "emoVote"),
        *(column for vote, (level, _) in CREMA_D_VOTES.items() for column in (vote, level)),
    ],
    "VideoDemographics.csv": ["ActorID", "Sex"],
}
VOICE_ONLY = "1"  # first digit of the id of a row of votes


@dataclass(frozen=True)
class Manifest:
    """The tables of a manifest, and how its labels were obtained.

    Attributes:
        recordings: The content of recordings.csv; paths are relative to the folder of the corpus.
        mapping: A row per emotion: `emotion, valence, activation, source`.
        ratings: The content of ratings.csv, or None.
        issues: Counts of what was left out or is unusual.
    """

    recordings: pd.DataFrame
    mapping: pd.DataFrame
    ratings: pd.DataFrame | None = None
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
    """Return the manifest of CREMA-D (Cao et al. 2014) from its tables and audio files.

    The corpus has no rated valence. Each vote of a listener who only heard the voice counts as
    3 + 2 x sign x level / 100, where the sign is that of the emotion (happiness 1, neutral 0,
    others -1) and the level is the mean of those who chose this emotion. A recording's valence is
    the mean of its votes, and its ratings are the votes. There is no activation.
    """
    votes, people = (_read_columns(folder / name, known) for name, known in CREMA_D_TABLES.items())
    ids = votes.iloc[:, 0].astype(str)
    votes = votes[ids.str.startswith(VOICE_ONLY)].set_index("fileName")
    genders = people.set_index("ActorID")["Sex"].str[0].to_dict()
    issues = IssueCounts()
    issues.irregular["recording whose votes have no majority"] += int(
        votes["emoVote"].str.contains(":").sum()
    )
    rows, ratings = [], []
    for path, name in _named(folder, CREMA_D_NAME, issues):
        if path.stem not in votes.index:
            issues.left_out["audio file without votes"] += 1
            continue
        values = _vote_values(votes.loc[path.stem])
        speaker, emotion = name["speaker"], CREMA_D_EMOTIONS[name["emotion"]]
        rows.append((path, speaker, genders.get(speaker, ""), emotion, np.mean(values)))
        ratings += [(path.stem, f"vote-{n}", value) for n, value in enumerate(values, start=1)]
    issues.left_out["recording without an audio file"] += len(votes) - len(rows)
    if not rows:
        raise _no_recordings(folder)
    signs = {"happiness": "positive", "neutral": "neutral"}
    mapping = [
        (emotion, signs.get(emotion, "negative"), "", CREMA_D_SOURCE)
        for emotion in CREMA_D_EMOTIONS.values()
    ]
    return Manifest(
        _recordings(folder, rows, ["valence"]),
        pd.DataFrame(mapping, columns=["emotion", "valence", "activation", "source"]),
        pd.DataFrame(ratings, columns=["recording", "rater", "valence"]),
        issues,
    )


IMPORTERS: dict[str, Callable[[Path], Manifest]] = {
    "emodb": read_emodb,
    "ravdess": read_ravdess,
    "crema_d": read_crema_d,
}


def write_manifest(manifest: Manifest, corpus: str, audio: Path, folder: Path) -> None:
    """Write the tables of a manifest and a config for its study.

    The files are recordings.csv, mapping.csv, ratings.csv if there are ratings, and study.yaml.

    Args:
        manifest: The manifest.
        corpus: The name of the corpus.
        audio: The folder of the audio.
        folder: The folder of the files.

    Raises:
        CorpusError: One of the files exists; it may have been edited by hand.
    """
    paths = [os.path.relpath(audio / path, folder) for path in manifest.recordings["path"]]
    tables = {
        "recordings.csv": manifest.recordings.assign(path=paths),
        "mapping.csv": manifest.mapping,
    }
    if manifest.ratings is not None:
        tables["ratings.csv"] = manifest.ratings
    for name in (*tables, STUDY):
        if (folder / name).exists():
            remedy = "Remove it, or choose another --output"
            raise CorpusError(folder / name, f"exists already. {remedy}.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_table(folder / name, table)
    write_text(folder / STUDY, study_config(manifest, corpus, folder))


def study_config(manifest: Manifest, corpus: str, folder: Path) -> str:
    """Return the YAML of a config that runs the study on the manifest of a corpus in a folder."""
    speakers = manifest.recordings["speaker"].nunique()
    return CONFIG.format(
        corpus=corpus,
        folder=json.dumps(str(folder.resolve()), ensure_ascii=False),
        groups=min(MOST_GROUPS, speakers),
        models="" if "activation" in manifest.recordings else ONLY_VALENCE,
    )


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


def _vote_values(row: pd.Series) -> np.ndarray:
    """Return the valence of each vote for a recording of CREMA-D, in the order of CREMA_D_VOTES."""
    values = [
        np.repeat(3 + 2 * sign * max(float(row[level]), 0) / 100, int(row[votes]))
        for votes, (level, sign) in CREMA_D_VOTES.items()
    ]
    return np.concatenate(values)


def _read_columns(path: Path, columns: list[str]) -> pd.DataFrame:
    remedy = "Download it from the repository of CREMA-D"
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise access_error(path, error, CorpusError, remedy) from error
    except ValueError as error:  # pandas' parser errors and bad UTF-8 are ValueErrors
        raise CorpusError(path, f"is not a CSV table ({error}). {remedy}.") from error
    if missing := [name for name in columns if name not in table]:
        raise CorpusError(path, f"lacks the column {', '.join(missing)}. {remedy}.")
    return table


def _no_recordings(folder: Path) -> CorpusError:
    return CorpusError(folder, "contains no recordings of the corpus. Give its folder.")

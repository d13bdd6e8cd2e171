"""Reader for databases in audformat, the format of the corpora that the package audb loads.

A database is a folder with a header db.yaml, tables, and audio files, see
https://audeering.github.io/audformat. Each database has tables and columns of its own, so the
config names the columns to read as `<table>.<column>`. Labels are rated values, or follow from the
category of the emotion.

The packages audformat and audb are optional, and imported only where they are used.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from emospeech.corpora.corpus_tables import (
    DIMENSIONS,
    RATING_COLUMNS,
    Corpus,
    make_table,
    to_five_points,
)
from emospeech.corpora.importers import CIRCUMPLEX, CIRCUMPLEX_SOURCE
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.measurements import measure_corpus
from emospeech.corpora.registry import DATABASE_HEADER
from emospeech.runtime.errors import CorpusError, InputError, optional_packages

if TYPE_CHECKING:
    import audformat

LOG = logging.getLogger(__name__)

GENDERS = {"female": "F", "male": "M"}  # other and missing values are unknown
INVALID_IN_ID = re.compile(r"^\W|[^\w.+-]")  # ids are used as names of files and HDF5 groups


@dataclass(frozen=True)
class DatabaseColumns:
    """The columns to read from a database, as `<table>.<column>`, and the meaning of their values.

    Attributes:
        speaker: Column of the speakers; required in the labelled corpus.
        gender: Column of their genders; None reads them from the scheme of the speakers.
        emotion: Column of the emotions.
        valence: Column of the labels, or a list with a column for each rater. If all three
            dimensions are None, the labels follow from the emotion.
        activation: As for valence.
        dominance: As for valence.
        scale: The lowest and highest label, mapped linearly to 1 and 5.
        emotions: {emotion: (valence, activation)} on this scale; None for `CIRCUMPLEX`.
    """

    speaker: str | None = "files.speaker"
    gender: str | None = None
    emotion: str | None = "emotion.emotion"
    valence: str | Sequence[str] | None = None
    activation: str | Sequence[str] | None = None
    dominance: str | Sequence[str] | None = None
    scale: Sequence[float] = (1, 5)
    emotions: Mapping[str, Sequence[float | None]] | None = None

    def label_columns(self) -> dict[str, list[str]]:
        """Return {dimension: columns} of the dimensions that have any."""
        named = {name: getattr(self, name) for name in DIMENSIONS}
        lists = {name: [item] if isinstance(item, str) else item for name, item in named.items()}
        return {name: list(columns) for name, columns in lists.items() if columns}


def fetch_database(folder: str | Path, name: str, version: str, workers: int = 1) -> None:
    """Load a version of a published database into a folder with audb.

    Files that the folder already contains are compared by their checksums, and loaded again if they
    differ. The repositories are those in the configuration of audb. The licence is logged first.

    Args:
        folder: The folder, which is created if necessary.
        name: The name of the database.
        version: Its version.
        workers: The number of parallel downloads.

    Raises:
        InputError: audb is not installed, or cannot load the database.
    """
    with optional_packages("corpora.audformat", "audb"):
        import audb

    try:
        header = audb.info.header(name, version=version, load_tables=False)
        LOG.info("%s %s: licence %s, source %s", name, version, header.license, header.source)
        audb.load_to(
            str(folder),
            name,
            version=version,
            pickle_tables=False,
            num_workers=workers,
            verbose=False,
        )
    except Exception as error:  # of the backends, of many kinds
        problem = f"audb cannot load version {version} ({error})"
        remedy = "Check the name, the version, the connection, and the repositories of audb"
        raise InputError(f"database {name}", f"{problem}. {remedy}.") from error


def read_audformat_database(
    folder: str | Path,
    name: str,
    labelled: bool,
    tasks: Sequence[str],
    columns: Mapping[str, Any],
    workers: int = 1,
) -> Corpus:
    """Read a corpus from a database whose tables have a row for each audio file.

    Paths in the table of recordings are relative to the folder. There are no word times, so speech
    detected in the audio replaces the words.

    Args:
        folder: The folder that contains db.yaml.
        name: The name of the corpus in the config.
        labelled: Require speakers and labels; files without a speaker are left out.
        tasks: The columns of the labels that are required: rated dimensions, or emotion.
        columns: The fields of `DatabaseColumns`.
        workers: The number of processes, which does not change the tables.

    Raises:
        CorpusError: The database or an audio file cannot be read.
        InputError: audformat is not installed, or a column does not exist or cannot be used.
    """
    key, settings, issues = f"corpora.audformat.{name}", DatabaseColumns(**columns), IssueCounts()
    _check_emotions(settings, key)
    database = _load_database(Path(folder))
    files = pd.Index(database.files)
    table, ratings, origin = _read_speakers(database, key, settings), {}, _describe(database)
    if labelled:
        if settings.speaker is None:
            raise InputError(f"{key}.speaker", f"is not set. {_offer_columns(database)}.")
        labels, ratings = _read_labels(database, key, settings, issues)
        table = table.join(labels, how="outer")
        without_speaker = table["speaker"].isna()
        issues.left_out["recording without a speaker"] += int(without_speaker.sum())
        issues.left_out["file that is not in the tables"] += len(files.difference(table.index))
        table = table[~without_speaker]
        origin |= {"scale": list(settings.scale), "labels": _label_source(settings, key)}
    else:
        table = table.reindex(files.union(table.index))
    if table.empty:
        raise CorpusError(folder, f"contains no recording in the columns of {key}. Check them.")
    issues.irregular["recording of a speaker of unknown gender"] += int(
        table["gender"].isna().sum()
    )
    for task in tasks if labelled else ():
        issues.irregular[f"recording without {task}"] += int(table[task].isna().sum())
        if table[task].isna().all():
            remedy = "Name its column"
            if task in DIMENSIONS:
                remedy += f", or give values for the emotions in {key}.emotions"
            raise InputError(f"{key}.{task}", f"the labels have no {task}. {remedy}.")
    table["recording"] = _make_ids(table.index)
    rating_table = _long_ratings(ratings, table["recording"])
    table["raters"] = table["recording"].map(rating_table["recording"].value_counts())
    rows = table.rename_axis("path").reset_index().to_dict("records")
    corpus = measure_corpus(name, Path(folder), rows, workers, issues)
    corpus.summary.update(origin)
    return corpus._replace(ratings=rating_table)


def read_default_columns(name: str, folder: Path) -> pd.DataFrame:
    """Return speaker, valence and activation by file, from the default columns of the config.

    Raises:
        CorpusError: The database cannot be read.
        InputError: audformat is not installed, or a column does not exist or cannot be used.
    """
    key, settings = f"corpora.audformat.{name}", DatabaseColumns()
    database = _load_database(folder)
    labels, _ = _read_labels(database, key, settings, IssueCounts())
    return _read_speakers(database, key, settings).join(labels, how="outer")


def _load_database(folder: Path) -> "audformat.Database":
    header = folder / DATABASE_HEADER
    if not header.is_file():
        remedy = "Give a folder of a database in audformat"
        raise CorpusError(header, f"does not exist. {remedy}.")
    with optional_packages("corpora.audformat", "audb"):
        import audformat

    try:
        return audformat.Database.load(str(folder), load_data=True)
    except Exception as error:  # of the parsers of all formats, of many kinds
        problem = f"the database cannot be read ({error})"
        raise CorpusError(header, f"{problem}. Correct it, or download it again.") from error


def _describe(database: "audformat.Database") -> dict[str, str]:
    """Return the licence and a citation, if the header states them."""
    names = (database.author, database.name, database.source)
    stated = {"licence": database.license, "citation": ". ".join(filter(None, names))}
    return {name: str(value) for name, value in stated.items() if value}


def _read_speakers(
    database: "audformat.Database", key: str, settings: DatabaseColumns
) -> pd.DataFrame:
    """Return the columns speaker and gender by file; NaN if unknown."""
    if settings.speaker is None:
        return pd.DataFrame(columns=["speaker", "gender"], dtype=object)
    column = _find_column(database, f"{key}.speaker", settings.speaker)
    speakers = column.get().astype(object).map(str, na_action="ignore")
    if settings.gender is not None:
        genders = _find_column(database, f"{key}.gender", settings.gender).get()
    else:
        try:
            genders = column.get(map="gender")
        except ValueError:  # the scheme of the speakers does not state it
            genders = pd.Series(index=speakers.index, dtype=object)
    genders = genders.astype(object).map(lambda value: GENDERS.get(str(value).lower()))
    table = pd.DataFrame({"speaker": speakers, "gender": genders}).reindex(speakers.index)
    per_speaker = table.groupby("speaker")["gender"].nunique()
    if (per_speaker > 1).any():
        problem = f"speaker {per_speaker.idxmax()} has two genders"
        raise InputError(f"{key}.gender", f"{problem}. Use another column, or null.")
    return table


def _read_labels(
    database: "audformat.Database", key: str, settings: DatabaseColumns, issues: IssueCounts
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Return emotion and labels by file, and {dimension: ratings by file and rater}."""
    labels, ratings = pd.DataFrame(columns=["emotion", *DIMENSIONS]), {}
    if settings.emotion is not None:
        found = _find_column(database, f"{key}.emotion", settings.emotion).get()
        labels = labels.reindex(found.index)
        labels["emotion"] = found.astype(object).map(str, na_action="ignore")
    for dimension, names in settings.label_columns().items():
        rated = _read_ratings(database, f"{key}.{dimension}", names, settings.scale)
        labels = labels.reindex(labels.index.union(rated.index))
        labels[dimension] = rated.mean(axis="columns")
        if len(names) > 1:
            ratings[dimension] = rated
    if not settings.label_columns():
        values = _values_of_emotions(settings)
        for dimension, value in values.items():
            labels[dimension] = labels["emotion"].map(value)
        unknown = labels.loc[~labels["emotion"].isin(values["valence"]), "emotion"].dropna()
        for emotion, count in unknown.value_counts().items():
            issues.irregular[f"recording without labels for its emotion {emotion}"] += count
    return labels.astype(dict.fromkeys(DIMENSIONS, "float64")), ratings


def _values_of_emotions(settings: DatabaseColumns) -> dict[str, dict[str, float]]:
    """Return {dimension: {emotion: label from 1 to 5}} of valence and activation."""
    if settings.emotions is None:
        pairs = CIRCUMPLEX
    else:
        pairs = {
            emotion: [
                to_five_points(np.nan if value is None else value, settings.scale) for value in pair
            ]
            for emotion, pair in settings.emotions.items()
        }
    return {
        dimension: {emotion: pair[n] for emotion, pair in pairs.items()}
        for n, dimension in enumerate(("valence", "activation"))
    }


def _label_source(settings: DatabaseColumns, key: str) -> str:
    columns = [name for names in settings.label_columns().values() for name in names]
    if columns:
        return f"The labels are the values of {', '.join(columns)}."
    source = CIRCUMPLEX_SOURCE if settings.emotions is None else f"{key}.emotions"
    return f"The labels follow from the emotions in {settings.emotion}, see {source}."


def _read_ratings(
    database: "audformat.Database", key: str, names: Sequence[str], scale: Sequence[float]
) -> pd.DataFrame:
    """Return labels on the scale from 1 to 5, with a row per file and a column per rater."""
    raters = {}
    for number, name in enumerate(names, start=1):
        try:
            values = _find_column(database, key, name).get().astype("float64")
        except (TypeError, ValueError) as error:
            raise InputError(
                key, f"{name} does not contain numbers. Use another column."
            ) from error
        if len(outside := values[(values < scale[0]) | (values > scale[1])]):
            problem = f"{name} contains {outside.iloc[0]:g}, outside {list(scale)}"
            raise InputError(
                key, f"{problem}. Set `scale` of this database to the range of its labels."
            )
        raters[f"rater-{number}"] = to_five_points(values, scale)
    return pd.DataFrame(raters)


def _long_ratings(ratings: Mapping[str, pd.DataFrame], ids: pd.Series) -> pd.DataFrame:
    """Return RATING_COLUMNS of {dimension: ratings by file and rater}, given the ids by file."""
    values = {}
    for dimension, table in ratings.items():
        for rater in table:
            for file, value in table[rater].dropna().items():
                values.setdefault((ids.get(file), rater), {})[dimension] = value
    rows = [
        {"recording": name, "rater": rater, "kind": "external", **rated}
        for (name, rater), rated in values.items()
        if name is not None
    ]
    return make_table(
        sorted(rows, key=lambda row: (row["recording"], row["rater"])), RATING_COLUMNS
    )


def _find_column(database: "audformat.Database", key: str, name: str) -> "audformat.Column":
    """Return the column `<table>.<column>`; both parts may contain dots."""
    for table_name, table in database.tables.items():
        for column_name, column in table.columns.items():
            if name == f"{table_name}.{column_name}":
                if table.is_segmented:
                    problem = f"the rows of {table_name} are segments of files"
                    raise InputError(key, f"{problem}. {_offer_columns(database)}.")
                return column
    raise InputError(key, f"there is no column {name}. {_offer_columns(database)}.")


def _check_emotions(settings: DatabaseColumns, key: str) -> None:
    low, high = settings.scale
    for emotion, values in (settings.emotions or {}).items():
        if not all(value is None or low <= value <= high for value in values):
            problem = f"{list(values)} is outside the scale from {low:g} to {high:g}"
            raise InputError(f"{key}.emotions.{emotion}", f"{problem}. Use values on it, or null.")


def _offer_columns(database: "audformat.Database") -> str:
    tables = {name: table for name, table in database.tables.items() if table.is_filewise}
    names = [f"{name}.{column}" for name, table in tables.items() for column in table.columns]
    return f"Use {', '.join(names) or 'another database'}"


def _make_ids(files: pd.Index) -> list[str]:
    """Return an id for each file: its name, with its folders if two files have the same name."""
    paths = [PurePosixPath(file).with_suffix("") for file in files]
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        names = ["-".join(path.parts) for path in paths]
    ids = [INVALID_IN_ID.sub("_", name) for name in names]
    repeated = pd.Index(ids).duplicated()
    if repeated.any():
        problem = "has the same id as another file; an id has no suffix or special characters"
        raise CorpusError(files[repeated][0], f"{problem}. Rename one of them in the database.")
    return ids

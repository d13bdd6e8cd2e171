"""The corpora that a config names: releases with a reader of their own, manifests and databases.

The reader of a corpus is a module of this package. Its function `read_<module>` takes the folders
and settings of the corpus by name and returns a `Corpus`. Its function `check_<module>` compares a
`Corpus` with the known contents of the release.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emospeech.corpora.csv_rows import read_columns
from emospeech.corpora.iemocap_release import EMOTIONS
from emospeech.runtime.errors import InputError


@dataclass(frozen=True)
class Release:
    """A corpus as published, which has a reader and a config section of its own.

    Attributes:
        title: Its published name.
        licence: The name of its licence, or its conditions.
        url: The address where it is published.
        folders: The config keys of its folders, that of the audio first, and the names of the
            folders among the synthetic corpora, "" if there is no synthetic one.
        settings: The other config keys that its reader uses.
        is_labelled: Whether it can be the labelled corpus.
        dimensions: The rated dimensions among its labels.
        emotions: Its labels of the emotion, if they are known.
        has_votes: Whether it has the votes of its raters for emotions.
    """

    title: str
    licence: str
    url: str
    folders: Mapping[str, str]
    settings: tuple[str, ...] = ()
    is_labelled: bool = True
    dimensions: tuple[str, ...] = ("valence", "activation", "dominance")
    emotions: tuple[str, ...] = ()
    has_votes: bool = False

    @property
    def source(self) -> str:
        """Its name, licence and address, for messages."""
        return f"{self.title} ({self.licence}): {self.url}"


RELEASES = {
    "iemocap": Release(
        "IEMOCAP",
        "on request, for research",
        "https://sail.usc.edu/iemocap",
        {"root": "IEMOCAP_full_release"},
        emotions=tuple(EMOTIONS),
        has_votes=True,
    ),
    "ami": Release(
        "AMI",
        "CC BY 4.0",
        "https://groups.inf.ed.ac.uk/ami/download",
        {"audio": "amicorpus", "annotations": "ami_public_manual_1.6.2"},
        settings=("stream", "meetings", "partition", "hours"),
        is_labelled=False,
        dimensions=(),
    ),
    "crema_d": Release(
        "CREMA-D",
        "ODbL 1.0 and DbCL 1.0",
        "https://github.com/CheyneyComputerScience/CREMA-D",
        {"root": ""},
        dimensions=("valence",),
        emotions=("anger", "disgust", "fear", "happiness", "neutral", "sadness"),
        has_votes=True,
    ),
    "quechua": Release(
        "Quechua Collao",
        "CC BY 4.0",
        "https://doi.org/10.6084/m9.figshare.20292516.v4",
        {"root": ""},
    ),
}
SYNTHETIC_RELEASES = [name for name, release in RELEASES.items() if all(release.folders.values())]
LABELLED_RELEASES = [name for name, release in RELEASES.items() if release.is_labelled]
DATABASE_HEADER = "db.yaml"  # of a database in audformat
# Only the first is required.
MANIFEST_TABLES = ("recordings.csv", "words.csv", "ratings.csv", "votes.csv")


def corpora_in_use(corpora: Mapping[str, Any], unlabelled: Sequence[str]) -> list[str]:
    """Return the labelled corpus and the other corpora of the unlabelled pool.

    Args:
        corpora: The config section `corpora`.
        unlabelled: The names of the corpora in the pool.

    Raises:
        InputError: A name is unknown or stands for two corpora, or the corpus has no synthetic
            version although corpora.synthetic is set.
    """
    own, labelled = {**corpora["manifests"], **corpora["audformat"]}, corpora["labelled"]
    for name in corpora["manifests"].keys() & corpora["audformat"].keys():
        problem = f"{name} is also in corpora.manifests"
        raise InputError(f"corpora.audformat.{name}", f"{problem}. Rename one of them.")
    known = {"corpora.labelled": LABELLED_RELEASES, "training.unlabelled": list(RELEASES)}
    names = {"corpora.labelled": [labelled], "training.unlabelled": unlabelled}
    for key, releases in known.items():
        for name in names[key]:
            if name not in (*releases, *own):
                remedy = "or add it to corpora.manifests or corpora.audformat"
                remedy = f"Use {', '.join([*releases, *own])}, {remedy}"
                raise InputError(key, f"there is no such corpus as {name}. {remedy}.")
            if name not in SYNTHETIC_RELEASES and corpora["synthetic"] is not None:
                problem = f"{name} cannot be used together with corpora.synthetic"
                raise InputError(key, f"{problem}. Change one of the two keys.")
    return list(dict.fromkeys([labelled, *unlabelled]))


def manifest_folders(corpora: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Return {name: folder} of the corpora in use that have a manifest.

    Args:
        corpora: The config section `corpora`.
        names: The corpora in use.

    Raises:
        InputError: A table or folder is missing, a scale does not increase, or there are two
            sources of word times.
    """
    folders = {}
    for name in names:
        if name not in corpora["manifests"]:
            continue
        key, settings = f"corpora.manifests.{name}", corpora["manifests"][name]
        folder = settings["folder"]
        if not Path(folder, "recordings.csv").is_file():
            remedy = "Describe the corpus there, see docs/your-corpus.md"
            raise InputError(f"{key}.folder", f"no file {folder}/recordings.csv. {remedy}.")
        _check_scale(key, settings["scale"])
        if (textgrids := settings.get("textgrids")) is not None:
            if not Path(textgrids).is_dir():
                problem = f"no folder {textgrids}. Correct the path, or set the key to null."
                raise InputError(f"{key}.textgrids", problem)
            if Path(folder, "words.csv").exists():
                problem = f"{folder} contains word times as well, in words.csv"
                raise InputError(f"{key}.textgrids", f"{problem}. Use one of them.")
        folders[name] = folder
    return folders


def database_folders(corpora: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Return {name: folder} of the corpora in use that are databases in audformat.

    Args:
        corpora: The config section `corpora`.
        names: The corpora in use.

    Raises:
        InputError: A database is neither in its folder nor to be loaded, or a scale does not
            increase.
    """
    folders = {}
    for name in names:
        if name not in corpora["audformat"]:
            continue
        key, settings = f"corpora.audformat.{name}", corpora["audformat"][name]
        folder = settings["folder"]
        if settings["database"] is None and not Path(folder, DATABASE_HEADER).is_file():
            remedy = "Give the folder of a database, or a `database` and `version` to load into it"
            raise InputError(f"{key}.folder", f"no file {folder}/{DATABASE_HEADER}. {remedy}.")
        if settings["database"] is not None and settings["version"] is None:
            raise InputError(f"{key}.version", "is not set. Give the version of the database.")
        _check_scale(key, settings["scale"])
        folders[name] = folder
    return folders


def check_raters(corpora: Mapping[str, Any], target: str) -> None:
    """Raise InputError if the labelled corpus lacks the raters that the encoding histogram needs.

    Args:
        corpora: The config section `corpora`.
        target: The target of the study: the emotion, which needs votes, or a rated dimension,
            which needs ratings.
    """
    labelled = corpora["labelled"]
    kind, other = ("votes", "hard") if target == "emotion" else ("ratings", "fuzzy")
    if labelled in RELEASES:
        source = RELEASES[labelled].title
        known = kind == "ratings" or RELEASES[labelled].has_votes
    elif labelled in corpora["audformat"]:
        source = f"corpora.audformat.{labelled}.{target}"
        columns = corpora["audformat"][labelled][target]
        known = kind == "ratings" and isinstance(columns, list) and len(columns) > 1
    else:
        source = Path(corpora["manifests"][labelled]["folder"], f"{kind}.csv")
        known = source.exists()
    if not known:
        problem = f"histogram needs the {kind} of each rater, but there are none in {source}"
        remedy = f"Use {other}, or a corpus with {kind}"
        raise InputError("labels.encoding", f"{problem}. {remedy}.")


def check_dimensions(corpora: Mapping[str, Any], tasks: Sequence[str]) -> None:
    """Raise InputError if the labelled corpus lacks a rated dimension that a study learns.

    The folder of a manifest must exist. Tables that cannot be read are left to its reader.

    Args:
        corpora: The config section `corpora`.
        tasks: The rated dimensions that the study learns.
    """
    labelled = corpora["labelled"]
    if labelled in RELEASES:
        title, known = RELEASES[labelled].title, RELEASES[labelled].dimensions
    elif labelled in corpora["audformat"]:  # its reader knows the columns
        return
    else:
        title = corpora["manifests"][labelled]["folder"]
        paths = [Path(title, name) for name in ("recordings.csv", "ratings.csv")]
        tables = [_columns(path) for path in paths if path.exists()]
        known = [
            name
            for name in tasks
            if any(name in columns or "recording" not in columns for columns in tables)
        ]
    for name in tasks:
        if name not in known:
            problem = f"the models need labels of {name}, which {title} lacks"
            remedy = "Use Basic models only, or change labels.target or labels.secondary"
            raise InputError("labels", f"{problem}. {remedy}.")


def _columns(table: Path) -> list[str]:
    """Return the columns of a table of a manifest; none if it cannot be read."""
    try:
        return read_columns(table)
    except InputError:
        return []


def _check_scale(key: str, scale: Sequence[float]) -> None:
    low, high = scale
    if low >= high:
        problem = f"[{low:g}, {high:g}] does not increase"
        raise InputError(f"{key}.scale", f"{problem}. Give the lowest value, then the highest.")

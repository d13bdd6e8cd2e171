"""Find corpora by the names of their folders and files, and write the config of a study on them."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emospeech.corpora.audformat_database import read_default_columns
from emospeech.corpora.corpus_tables import RATING_COLUMNS, RECORDING_COLUMNS
from emospeech.corpora.csv_rows import read_rows
from emospeech.corpora.importers import (
    IMPORTERS,
    check_audio_of_manifest,
    check_new,
    write_manifest,
)
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.registry import DATABASE_HEADER, RELEASES
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import write_text

MOST_GROUPS = 5  # of speakers, as many as the paper has folds
FEWEST_GROUPS = 3  # for training, validation and test
CONFIG = """\
# Run it in the folder of the workflow: .venv/bin/snakemake --cores 8 --configfile <this file>
# All other settings have the defaults of config/config.yaml.
results: results/{labelled}_study
corpora:
  labelled: {labelled}
{folders}
{folds}training:
  unlabelled: [{unlabelled}]{remark}
{small}{models}"""
FOLDS = """\
folds:
  scheme: speakers # hold out groups of speakers instead of sessions
  groups: {groups}
"""
SMALL_CORPUS = 3000  # recordings, below which the defaults of the search have too few steps
SMALL_SEARCH = """\
  trials_per_job: 2 # short training runs share a job
search: # small networks and batches for a small corpus
  trials: 4
  space:
    crop_width: [64]
    filters: [16, 32]
    batch_size: [32]
    learning_rate: [0.001, 0.0003]
"""
ONLY_VALENCE = """\
models:
  names: [BasicCNN, BasicDCGAN] # the Multitask models need activation, which the corpus lacks
"""
MANIFEST = "recordings.csv"
EMODB = "[01][0-9][ab][0-9][0-9][WLEAFTN][a-z].*"
RAVDESS = "03-0[12]-0[1-8]-0[12]-0[12]-0[12]-[0-9][0-9].*"
# {(corpus, config key of a folder): patterns; one match is enough to recognize the folder}
FOLDER_PATTERNS = {
    ("iemocap", "root"): ["Session[1-5]/dialog/EmoEvaluation"],
    ("ami", "audio"): ["[A-Z][A-Z][0-9][0-9][0-9][0-9]*/audio/*.wav"],
    ("ami", "annotations"): ["words/*.words.xml"],
    ("crema_d", "root"): ["AudioWAV/[0-9][0-9][0-9][0-9]_*_*_*.wav"],
    ("quechua", "root"): ["Labels/Arousal.csv", "Labels/Labels/Arousal.csv"],
    ("emodb", "folder"): [EMODB, f"wav/{EMODB}"],
    ("ravdess", "folder"): [RAVDESS, f"Actor_*/{RAVDESS}"],
}
NAMED_BY_FOLDER = (MANIFEST, DATABASE_HEADER)  # files of corpora that are named after their folder


@dataclass(frozen=True)
class LabelledCorpus:
    """The labelled corpus of a study.

    Attributes:
        name: The name of a release, manifest or database.
        groups: The number of groups of speakers to hold out in turn; None to hold out sessions.
        has_activation: Whether it has labels of activation.
        is_small: Whether it has fewer than SMALL_CORPUS recordings.
    """

    name: str
    groups: int | None = None
    has_activation: bool = True
    is_small: bool = False


def init_study(folders: Sequence[Path], output: Path) -> list[str]:
    """Write the config of a study on the corpora in some folders.

    Args:
        folders: Folders of corpora, see `find_corpora`.
        output: The path of the config.

    Returns:
        Lines that say what was found, what is missing, and what was written.

    Raises:
        InputError: A folder does not exist, two folders contain the same corpus, or `write_study`
            raises it.
    """
    check_new([output])
    return write_study(find_corpora(folders), output)


def write_study(found: Mapping[str, Mapping[str, Path]], output: Path) -> list[str]:
    """Write the config of a study on corpora, and return lines as `init_study` does.

    The manifests of Emo-DB and RAVDESS are written to `manifests/<corpus>` next to the
    config, unless they exist.

    Args:
        found: {corpus: {config key: folder}}, see `find_corpora`.
        output: The path of the config.

    Raises:
        InputError: There is no labelled corpus.
        CorpusError: A corpus is incomplete or damaged.
    """
    lines = [
        f"found {name} ({key}): {folder}"
        for name, keys in found.items()
        for key, folder in keys.items()
    ]
    lines += _missing_parts(found)
    labelled = [
        LabelledCorpus(
            name, None if name == "iemocap" else MOST_GROUPS, "activation" in release.dimensions
        )
        for name, release in RELEASES.items()
        if name in found and release.is_labelled
    ]
    others = ["ami"] if found.get("ami", {}).keys() == RELEASES["ami"].folders.keys() else []
    own: dict[str, dict[str, Path]] = {"manifests": {}, "audformat": {}}
    for name in (name for name in found if name not in RELEASES):
        folder = found[name]["folder"]
        if (folder / DATABASE_HEADER).exists() and not (folder / MANIFEST).exists():
            own["audformat"][name] = folder
            try:
                labelled.append(describe_database(name, folder))
            except InputError as error:  # the user can name its columns in the config
                lines.append(f"not used: {name} ({error})")
            continue
        if not (folder / MANIFEST).exists():
            audio, folder = folder, output.resolve().parent / "manifests" / name
            lines += _import_corpus(name, audio, folder)
        own["manifests"][name] = folder
        corpus = describe_manifest(name, folder)
        labelled += [corpus] if corpus else []
        others += [] if corpus else [name]
    if not labelled:
        problem = "; ".join(["no labelled corpus", *lines])
        remedy = "Give the folder of a labelled corpus, see docs/open-corpora.md, or of a manifest"
        raise InputError(output, f"{problem}. {remedy}.")
    releases = {name: keys for name, keys in found.items() if name in RELEASES}
    write_text(output, study_config(labelled[0], releases, own, others))
    remedy = "add it to training.unlabelled, or set corpora.labelled"
    lines += [f"not used: {corpus.name}; {remedy}" for corpus in labelled[1:]]
    return [*lines, f"wrote the config of a study on {labelled[0].name}: {output}"]


def find_corpora(folders: Iterable[Path]) -> dict[str, dict[str, Path]]:
    """Return {corpus: {config key: folder}} of the corpora in some folders.

    If a folder does not contain a corpus itself, its direct subfolders are searched. A corpus with
    a manifest, or a database in audformat, is named after its folder, see `corpus_name`.

    Raises:
        InputError: A folder does not exist, or two folders contain the same corpus.
    """
    found: dict[str, dict[str, Path]] = {}
    for folder in folders:
        if not folder.is_dir():
            raise InputError(folder, "is not a folder. Give folders of corpora.")
        subfolders = sorted(path for path in folder.iterdir() if path.is_dir())
        for place in [folder] if _corpora_at(folder) else subfolders:
            for corpus, key in _corpora_at(place):
                known = found.setdefault(corpus, {}).setdefault(key, place.resolve())
                if known != place.resolve():
                    problem = f"contains {corpus}, and so does {known}"
                    raise InputError(place, f"{problem}. Give only one of them.")
    return found


def corpus_name(text: str) -> str:
    """Return a name that the config accepts: radio_4 for "Radio 4", own_ami for "ami"."""
    name = re.sub("[^a-z0-9_]+", "_", text.lower())
    return name if re.match("[a-z]", name) and name not in RELEASES else f"own_{name}"


def study_config(
    labelled: LabelledCorpus,
    releases: Mapping[str, Mapping[str, Path]],
    own: Mapping[str, Mapping[str, Path]],
    others: Sequence[str],
) -> str:
    """Return the YAML of a config, with comments.

    Args:
        labelled: The labelled corpus.
        releases: {corpus: {config key: folder}}.
        own: {config section: {corpus: folder}} of corpora with a name of their own.
        others: The other corpora of the unlabelled pool.
    """
    lines = []
    for corpus, folders in releases.items():
        lines += [f"  {corpus}:", *(f"    {key}: {_quote(path)}" for key, path in folders.items())]
    for section, named in own.items():
        lines += [f"  {section}:"] if named else []
        for corpus, folder in named.items():
            lines += [f"    {corpus}:", f"      folder: {_quote(folder)}"]
    return CONFIG.format(
        labelled=labelled.name,
        folders="\n".join(lines),
        folds="" if labelled.groups is None else FOLDS.format(groups=labelled.groups),
        unlabelled=", ".join([*others, labelled.name]),
        remark="" if "ami" in others else " # add ami once it is available",
        small=SMALL_SEARCH if labelled.is_small else "",
        models="" if labelled.has_activation else ONLY_VALENCE,
    )


def _corpora_at(folder: Path) -> list[tuple[str, str]]:
    """Return the (corpus, config key) that a folder is for."""
    if any((folder / name).is_file() for name in NAMED_BY_FOLDER):
        return [(corpus_name(folder.resolve().name), "folder")]
    return [
        found
        for found, patterns in FOLDER_PATTERNS.items()
        if any(any(folder.glob(pattern)) for pattern in patterns)
    ]


def _missing_parts(found: Mapping[str, Mapping[str, Path]]) -> list[str]:
    """Return lines that say which sessions of IEMOCAP and which folders of AMI are missing."""
    lines = []
    if "iemocap" in found:
        sessions = (found["iemocap"]["root"] / f"Session{n}" for n in range(1, 6))
        lines += [f"missing: {folder}" for folder in sessions if not folder.is_dir()]
    if missing := sorted(RELEASES["ami"].folders.keys() - found.get("ami", {}).keys()):
        lines.append(f"missing ami ({', '.join(missing)}): see docs/quickstart.md#download-ami")
    return lines


def _import_corpus(name: str, audio: Path, folder: Path) -> list[str]:
    """Write the manifest of an open corpus, unless it exists, and return lines that say so."""
    if (folder / MANIFEST).exists():
        check_audio_of_manifest(folder, audio)
        return [f"kept the manifest of {name}: {folder}"]
    tables = IMPORTERS[name](audio)
    write_manifest(tables, audio, folder)
    left_out = [f"left out, {issue}: {n}" for issue, n in tables.issues.left_out.items() if n]
    return [f"wrote the manifest of {name}: {folder}", *left_out]


def describe_manifest(name: str, folder: Path) -> LabelledCorpus | None:
    """Return what a study needs to know of a manifest, or None if it has no labels or speakers."""
    columns = {MANIFEST: RECORDING_COLUMNS, "ratings.csv": RATING_COLUMNS}
    rows = [
        row
        for table, known in columns.items()
        if (folder / table).exists()
        for row in read_rows(folder / table, ["recording"], known, IssueCounts())
    ]
    speakers = {row.text("speaker") for row in rows} - {""}
    rated = {task for row in rows for task in ("valence", "activation") if row.text(task)}
    if not speakers or "valence" not in rated:
        return None
    names = {row.text("recording") for row in rows}
    return _describe(name, folder / MANIFEST, len(speakers), rated, len(names))


def describe_database(name: str, folder: Path) -> LabelledCorpus:
    """Return what a study needs to know of a database in audformat with the default columns.

    Raises:
        InputError: The default columns do not exist, the labels have no valence, or audformat is
            not installed.
    """
    table = read_default_columns(name, folder).dropna(subset="speaker")
    rated = {task for task in ("valence", "activation") if table[task].notna().any()}
    if "valence" not in rated:
        problem = "the labels have no valence. Set its columns"
        raise InputError(f"corpora.audformat.{name}", f"{problem}.")
    speakers = table["speaker"].nunique()
    return _describe(name, folder / DATABASE_HEADER, speakers, rated, len(table))


def _describe(
    name: str, path: Path, speakers: int, rated: Collection[str], recordings: int
) -> LabelledCorpus:
    """Return a labelled corpus; raise InputError, which names `path`, if it has too few speakers.

    Args:
        name: The name of the corpus.
        path: The file that describes it.
        speakers: The number of speakers.
        rated: The tasks that have labels.
        recordings: The number of recordings.
    """
    if speakers < FEWEST_GROUPS:
        problem = f"has {speakers} speakers, but the folds need at least {FEWEST_GROUPS}"
        raise InputError(path, f"{problem}. Add recordings of other speakers.")
    groups, is_small = min(MOST_GROUPS, speakers), recordings < SMALL_CORPUS
    return LabelledCorpus(name, groups, "activation" in rated, is_small)


def _quote(path: Path) -> str:
    """Return a path as YAML; a JSON text is one."""
    return json.dumps(str(path), ensure_ascii=False)

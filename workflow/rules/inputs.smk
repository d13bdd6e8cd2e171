"""The folders of the corpora, checked before the first job, and input functions of the rules."""

from emospeech.corpora.registry import MANIFEST_TABLES
from emospeech.report.paper import is_comparable

MISSING_CORPUS = """\
error: corpora.{corpus}.{key} {problem}. Set it in config/config.yaml or with --config{download}.
  {source}
  Without data, run the study on a synthetic corpus: snakemake --cores 2 --configfile config/demo.yaml
  For a corpus of your own, see docs/your-corpus.md."""


def existing_folder(corpus, key):
    """Return the folder configured at `key`. Exits with an error message if it does not exist."""
    section = config["corpora"][corpus]
    folder = section[key]
    if folder is not None and Path(folder).is_dir():
        return folder
    download = f"; corpora.{corpus}.fetch: true downloads the corpus" if "fetch" in section else ""
    raise SystemExit(
        MISSING_CORPUS.format(
            corpus=corpus,
            key=key,
            problem="is not set" if folder is None else f"is {folder}, which is not a folder",
            download=download,
            source=RELEASES[corpus].source,
        )
    )


def corpus_folder(corpus, key):
    """Return a folder of a release: the synthetic one, or the one configured at `key`.

    A user's folder is an `ancient` input, so a new time stamp does not rerun jobs. It may not exist,
    or not be set, because an estimate needs no corpora; see `folders_of`.
    """
    if SYNTHETIC:
        return str(Path(SYNTHETIC["root"]) / RELEASES[corpus].folders[key])
    return ancient(config["corpora"][corpus][key] or f"missing/{corpus}/{key}")


def folders_of(wildcards):
    """Return the folders of a corpus. Exits with an error message if one does not exist."""
    corpus = wildcards.corpus
    if corpus in RELEASES and not SYNTHETIC:
        for key in RELEASES[corpus].folders:
            existing_folder(corpus, key)
    return list(FOLDERS[corpus].values())


def download_folder(corpus, key):
    """Return the configured folder for downloads, and create it if necessary."""
    folder = config["corpora"][corpus][key]
    if folder is not None:
        make_folder(f"corpora.{corpus}.{key}", folder)
    return existing_folder(corpus, key)


def corpus_tables(corpus):
    """Return the tables of a manifest, or of a database that is not loaded by the workflow."""
    if corpus in MANIFESTS:
        tables = [Path(MANIFESTS[corpus], name) for name in MANIFEST_TABLES]
        return [file for file in tables if file.exists()]
    if corpus in DATABASES and config["corpora"]["audformat"][corpus]["database"] is None:
        return sorted(Path(DATABASES[corpus]).glob("db.*"))
    return []


def reader_of(wildcards):
    """Return the name of the reader of a corpus."""
    if wildcards.corpus in DATABASES:
        return "audformat_database"
    return "manifest" if wildcards.corpus in MANIFESTS else wildcards.corpus


def reader_code(wildcards):
    """Return the fingerprint of the reader of a corpus, which its script imports by name."""
    return fingerprint(ROOT / "emospeech" / "corpora" / f"{reader_of(wildcards)}.py", ROOT)


def reader_settings(wildcards):
    """Return the settings of the reader of a corpus."""
    corpus = wildcards.corpus
    common = {"name": corpus, "labelled": corpus == LABELLED_CORPUS, "tasks": TASKS}
    if corpus in MANIFESTS:
        return common | {"scale": config["corpora"]["manifests"][corpus]["scale"]}
    if corpus in DATABASES:
        columns = dict(config["corpora"]["audformat"][corpus])
        for key in ("folder", "database", "version"):
            del columns[key]
        return common | {"columns": columns}
    keys = RELEASES[corpus].settings
    section = config["corpora"][corpus]
    seed = {"seed": SEED} if section.get("hours") is not None else {}  # of the meetings drawn
    return {key: section[key] for key in keys} | seed


def histogram_ratings(wildcards):
    """Return the table of ratings if the targets are their histograms, else no input."""
    encoding = config_of(wildcards)["labels"]["encoding"]
    return CORPORA / LABELLED_CORPUS / "ratings.csv" if encoding == "histogram" else []


def histogram_votes(wildcards):
    """Return the table of votes if the targets are their histograms, else no input."""
    voted = LABELS.target == EMOTION and histogram_ratings(wildcards)
    return CORPORA / LABELLED_CORPUS / "votes.csv" if voted else []


def unlabelled_stores(wildcards):
    """Return the stores of the unlabelled pool, which some models do not use."""
    if wildcards.model not in USING_UNLABELLED:
        return []
    return [SPECTROGRAMS / f"{name}.h5" for name in config_of(wildcards)["training"]["unlabelled"]]


COMPARABLE = is_comparable(config)  # with the paper

"""The folders of the corpora, checked before the first job, and input functions of the rules."""

from emospeech.corpora.registry import MANIFEST_TABLES
from emospeech.report.paper import is_comparable

MISSING_CORPUS = """\
error: {key} {problem}. Set it in config/config.yaml (or with --config), or run the study on the synthetic \
corpus, which needs no data: snakemake --cores 2 --configfile config/demo.yaml
  IEMOCAP is available to researchers on request: https://sail.usc.edu/iemocap (release form).
  AMI is free (CC BY 4.0): https://groups.inf.ed.ac.uk/ami/download (the selected stream of each \
meeting, and manual annotations 1.6.2). With corpora.ami.fetch: true the workflow downloads it to the \
folders that you configure.
  CREMA-D is free (ODbL 1.0): https://github.com/CheyneyComputerScience/CREMA-D
  To use a corpus of your own, describe it in a recordings.csv in the folder of \
corpora.manifests.<name>, see docs/your-corpus.md."""


def corpus_folder(corpus, key):
    """Return a folder of a release: the synthetic one, or the one configured at `key`.

    A user's folder is an `ancient` input, so a new time stamp does not rerun jobs. Exits with an
    error message if the folder does not exist.
    """
    if SYNTHETIC:
        return str(Path(SYNTHETIC["root"]) / RELEASES[corpus].folders[key])
    value = config["corpora"][corpus][key]
    if value is None or not Path(value).is_dir():
        problem = "is not set" if value is None else f"no folder {value}"
        key = f"corpora.{corpus}.{key}"
        raise SystemExit(MISSING_CORPUS.format(key=key, problem=problem))
    return ancient(value)


def download_folder(corpus, key):
    """Return the configured folder for downloads, and create it if necessary."""
    folder = config["corpora"][corpus][key]
    try:
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        exit_with(f"corpora.{corpus}.{key}", error)
    return corpus_folder(corpus, key)


def manifest_tables(folder):
    """Return the tables that exist in the folder of a manifest, or none for a release."""
    tables = [Path(folder, name) for name in MANIFEST_TABLES] if folder else []
    return [file for file in tables if file.exists()]


def histogram_ratings():
    """Return the table of ratings if the targets are their histograms, else no input."""
    return CORPORA / LABELLED_CORPUS / "ratings.csv" if ENCODING == "histogram" else []


def unlabelled_stores(wildcards):
    """Return the stores of the unlabelled pool, which the CNN models do not use."""
    if wildcards.model not in ADVERSARIAL:
        return []
    return [SPECTROGRAMS / f"{corpus}.h5" for corpus in UNLABELLED]


COMPARABLE = is_comparable(config["corpora"])  # with the paper

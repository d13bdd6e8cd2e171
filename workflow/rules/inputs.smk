"""The folders of the corpora, checked before the first job, and input functions of the rules."""

from emospeech.corpora.corpus_tables import to_five_points
from emospeech.labels import are_integers
from emospeech.report.paper import is_comparable

MISSING_CORPUS = """\
error: {key} {problem}. Set it in config/config.yaml (or with --config), or run the study on the synthetic \
corpus, which needs no data: snakemake --cores 2 --configfile config/demo.yaml
  IEMOCAP is available to researchers on request: https://sail.usc.edu/iemocap (release form).
  AMI is free (CC BY 4.0): https://groups.inf.ed.ac.uk/ami/download (the selected stream of each \
meeting, and manual annotations 1.6.2). With corpora.ami.fetch: true the workflow downloads it to the \
folders that you configure.
  To use a corpus of your own, describe it in a recordings.csv in the folder of \
corpora.manifests.<name>, see docs/your-corpus.md."""


def corpus_folder(corpus, key, synthetic):
    """Return a folder of a corpus: the synthetic one, or the one configured at `key`.

    A user's folder is an `ancient` input, so a new time stamp does not rerun jobs. A corpus that is
    not in use has no folder. Exits with an error message if the folder does not exist.
    """
    if SYNTHETIC:
        return str(Path(SYNTHETIC["root"]) / synthetic)
    if corpus not in CORPORA_IN_USE:
        return []
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
    return corpus_folder(corpus, key, synthetic=None)


def manifest_folder(corpus):
    """Return the folder of a manifest; exit if it is missing or the scale is invalid."""
    settings, key = config["corpora"]["manifests"][corpus], f"corpora.manifests.{corpus}"
    folder, (low, high) = settings["folder"], settings["scale"]
    if not Path(folder, "recordings.csv").is_file():
        problem = f"no file {folder}/recordings.csv"
        raise SystemExit(MISSING_CORPUS.format(key=f"{key}.folder", problem=problem))
    if low >= high:
        exit_with(f"{key}.scale", f"[{low:g}, {high:g}] does not increase. Give low, high.")
    return ancient(folder)


def manifest_tables(folder):
    """Return the tables of a manifest; only recordings.csv is required."""
    names = ("recordings.csv", "words.csv", "ratings.csv")
    return [file for name in names if (file := Path(folder, name)).exists()]


def histogram_ratings():
    """Return the table of ratings if the targets are their histograms, else no input."""
    if ENCODING != "histogram":
        return []
    folder = MANIFESTS.get(LABELLED_CORPUS)
    if folder and not Path(folder, "ratings.csv").exists():
        problem = f"histogram needs the ratings of each rater, but there is no {folder}/ratings.csv"
        exit_with("labels.encoding", f"{problem}. Add it, or set the key to fuzzy.")
    return CORPORA / LABELLED_CORPUS / "ratings.csv"


def known_labels():
    """Return the labels of the labelled corpus, or no labels if its table does not exist yet."""
    folder = MANIFESTS.get(LABELLED_CORPUS, CORPORA / LABELLED_CORPUS)
    tasks = ["valence", "activation"] if MULTITASK else ["valence"]
    import pandas as pd  # rarely needed, and slow to import

    scale = config["corpora"]["manifests"].get(LABELLED_CORPUS, {}).get("scale", (1, 5))
    try:
        labels = pd.read_csv(Path(folder, "recordings.csv"))[tasks].to_numpy(float).ravel()
        return to_five_points(labels, scale)
    except (OSError, ValueError, KeyError):  # a missing table, or errors that its reader reports
        return []


def unlabelled_stores(wildcards):
    """Return the stores of the unlabelled pool, which the CNN models do not use."""
    if wildcards.model not in ADVERSARIAL:
        return []
    return [SPECTROGRAMS / f"{corpus}.h5" for corpus in UNLABELLED]


COMPARABLE = is_comparable(config["corpora"])  # with the paper
MANIFESTS = {
    corpus: manifest_folder(corpus)
    for corpus in CORPORA_IN_USE
    if corpus in config["corpora"]["manifests"]
}

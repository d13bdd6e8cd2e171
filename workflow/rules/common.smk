"""What all rules share: the checked config, the places of the stages, the fingerprint of the code."""

import os
import shlex
import shutil
import sys
from pathlib import Path

import yaml
from snakemake.utils import validate

from emospeech.config import convert
from emospeech.corpora.ami_release import meetings_with
from emospeech.faults import InputError
from emospeech.fingerprint import fingerprint
from emospeech.folds import FoldSettings, count_folds
from emospeech.labels import are_whole, head_outputs
from emospeech.report.templates import summaries
from emospeech.search import SearchSpace, draw_trial
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.memory import training_megabytes

ROOT = Path(workflow.basedir)
if {"{", "}"} & set(str(ROOT)):
    raise SystemExit(
        f"error: {ROOT}: Snakemake reads {{ and }} in a path as a wildcard. Move the project to a "
        "folder without them."
    )
# Snakemake puts this path into shell commands without quotes, where a space would end it.
if Path(sys.executable).exists():
    sys.executable = shlex.quote(sys.executable)
ENVIRONMENT = ROOT / "envs" / "emospeech.yaml"
MISSING_CORPUS = """\
error: {key} {problem}. Set it in config/config.yaml (or by --config), or run the study on the embedded \
corpus, which needs no corpus at all: snakemake --cores 2 --configfile config/demo.yaml
  IEMOCAP is given to researchers on request: https://sail.usc.edu/iemocap (release form).
  AMI is free (CC BY 4.0): https://groups.inf.ed.ac.uk/ami/download (the chosen stream of each \
meeting, and manual annotations 1.6.2), or set corpora.ami.fetch: true and the workflow fetches it \
below the folders that you name.
  A corpus of your own is described by a recordings.csv in the folder of corpora.<corpus>.manifest: \
README.md, "A corpus of your own"."""


def checked(config):
    """Return the config with the types of the schema; stop with one line that names a wrong key."""
    path = ROOT / "config" / "schema.yaml"
    schema = yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    try:
        config = convert(config, schema, schema["$defs"])
        validate(config, path)
    except InputError as error:
        raise SystemExit(f"error: config, at {error}")
    except WorkflowError as error:
        fault = error.__cause__ or error.__context__
        key = ".".join(map(str, getattr(fault, "absolute_path", ()))) or "the top level"
        remedy = getattr(fault, "schema", {}).get("remedy", "")
        problem = f"{getattr(fault, 'message', error)}. {remedy}".rstrip()
        raise SystemExit(f"error: config, at {key}: {problem}")
    return config


def checked_settings(kind, values):
    """Return settings of the library; stop with one line that names the key of a wrong value."""
    try:
        return kind(**values)
    except InputError as error:
        raise SystemExit(f"error: config, at {error}")


def corpus_folder(corpus, key, embedded):
    """Return a folder of a corpus: where the embedded one is written, or what the config names.

    A folder of the user's is an `ancient` input: it is read once, and a new time stamp on it is no
    reason to make everything anew. Stops at once where it is not there.
    """
    if EMBEDDED:
        return str(Path(EMBEDDED["root"]) / embedded)
    value = config["corpora"][corpus][key]
    if value is None or not Path(value).is_dir():
        problem = "is not set" if value is None else f"no folder {value}"
        key = f"corpora.{corpus}.{key}"
        raise SystemExit(MISSING_CORPUS.format(key=key, problem=problem))
    return ancient(value)


def made_folder(corpus, key):
    """Return the folder that the config names for what is to be fetched; make it where missing."""
    folder = config["corpora"][corpus][key]
    try:
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(f"error: config, at corpora.{corpus}.{key}: {error}")
    return corpus_folder(corpus, key, embedded=None)


def meetings_to_fetch(settings):
    """Return the names of the meetings to fetch; stop with one line where one cannot be."""
    try:
        return meetings_with(settings["stream"], settings["meetings"], settings["partition"])
    except InputError as error:
        raise SystemExit(f"error: config, at corpora.ami.{error}")


def manifest_folder(corpus):
    """Return the folder of the manifest that stands for a corpus, None where the config has none.

    The embedded corpus goes before it, as before all folders of the user's.
    """
    if EMBEDDED or config["corpora"][corpus]["manifest"] is None:
        return None
    folder = corpus_folder(corpus, "manifest", embedded=None)
    if not Path(folder, "recordings.csv").is_file():
        key, problem = f"corpora.{corpus}.manifest", f"no file {folder}/recordings.csv"
        raise SystemExit(MISSING_CORPUS.format(key=key, problem=problem))
    return folder


def manifest_tables(folder):
    """Return the tables of a manifest that are there; that of words may be missing."""
    tables = (Path(folder) / name for name in ("recordings.csv", "words.csv"))
    return [table for table in tables if table.exists()]


def code(script):
    """Return what gives the fingerprint of a script and of the library behind it, as a param.

    It is asked for the rules that are used: a job on a cluster reads all rules, and uses one.
    """
    return lambda wildcards: fingerprint(ROOT / "workflow" / "scripts" / script, ROOT)


def growing(amount):
    """Return a resource that grows with each attempt: twice at the second, three times at the third."""
    return lambda wildcards, attempt: amount * attempt


def resources_of_profile(rule):
    """Return what a profile (`set-resources`) sets for a rule, by the name of the resource."""
    found = workflow.resource_settings.overwrite_resources.get(rule, {})
    return {name: resource.raw for name, resource in found.items()}


def log_of(place):
    return f"{RESULTS}/logs/{place}.log"


def benchmark_of(place):
    return f"{benchmark_folder()}/{place}.tsv"


def benchmark_folder():
    return f"{RESULTS}/benchmarks/jobs"


def table_files(name):
    """Return the files of a table by their format; the CSV stands in Snakemake's own report."""
    files = {suffix: TABLES / f"{name}.{suffix}" for suffix in TABLE_FORMATS}
    return files | {"csv": shown(files["csv"], name, "Tables")}


def files_of_tables(names):
    """Return the files of several tables of one rule, {name_format: file}."""
    files = {name: table_files(name) for name in names}
    return {f"{n}_{suffix}": file for n, own in files.items() for suffix, file in own.items()}


def figure_files(name):
    """Return the files of a figure by their format, and the table that it is drawn from.

    The PNG stands in Snakemake's own report.
    """
    files = {suffix: FIGURES / f"{name}.{suffix}" for suffix in FIGURE_FORMATS}
    return files | {"png": shown(files["png"], name, "Figures")}


def shown(file, name, category):
    """Include a file in `snakemake --report`, labelled with its name and summary.

    The wildcard at the end of a name such as confusion-{model} gets a label of its own.
    """
    kind, _, wildcard = name.partition("-{")
    labels = {category.removesuffix("s").lower(): kind, "content": summaries()[kind]}
    labels |= {"model": "{model}"} if wildcard else {}
    return report(file, category=category, labels=labels)


def command_of_study(*configs):
    """Return the command that makes this study, on one core, with further config files."""
    command = ["snakemake", "--cores", "1"]
    if not Path.cwd().samefile(ROOT):
        command += ["--snakefile", os.path.relpath(workflow.main_snakefile)]
    files = [os.path.relpath(file) for file in (*(workflow.overwrite_configfiles or ()), *configs)]
    return shlex.join([*command, *(["--configfile", *files] if files else [])])


def command_of_one_file():
    """Return the command that makes one file of this study again, when its path is appended."""
    return f"{command_of_study()} --force"


def command_of_control():
    """Return the command that makes the control of this study, in the folder `report.control`."""
    return command_of_study(ROOT / "config" / "control.yaml")


def ratings_to_learn():
    """Return the table of ratings where a label is learned as their histogram, else none.

    Stops with one line for a manifest, which holds means and no ratings.
    """
    if ENCODING != "histogram":
        return []
    if "iemocap" in MANIFESTS:
        raise SystemExit(
            "error: config, at labels.encoding: histogram needs the ratings behind the labels, "
            "which a manifest does not hold; take fuzzy"
        )
    return CORPORA / "iemocap" / "ratings.csv"


def labels_known():
    """Return the labels of the labelled corpus that its table holds; none while it is not there."""
    folder = MANIFESTS.get("iemocap", CORPORA / "iemocap")
    multitask = any(model.startswith("Multitask") for model in MODELS)
    tasks = ("valence", "activation") if multitask else ("valence",)
    import pandas as pd  # not above: most starts of Snakemake do not need it

    try:
        return pd.read_csv(Path(folder, "recordings.csv"))[list(tasks)].to_numpy(float).ravel()
    except (OSError, ValueError, KeyError):  # no table yet, or a fault that its reader will report
        return []


def trials_of(model):
    """Return the parameters of the trials of a model: those of the config, or drawn ones.

    Stops with one line where the config has those of other models only.
    """
    fixed = config["search"]["fixed"]
    if fixed is None:
        return [draw_trial(SPACE, SEED, number) for number in range(config["search"]["trials"])]
    if model not in fixed:
        raise SystemExit(
            f"error: config, at search.fixed: {model} is missing; give its parameters, or take it "
            "out of models.names"
        )
    return [fixed[model]]


def numbered_trials(model, numbers):
    """Return (number, parameters) of some trials of a model."""
    return [(number, TRIALS[model][number]) for number in numbers]


def of_trials(numbers, name):
    """Return a file of some trials of a fold, for each of them."""
    return [TRAINING / "{model}" / f"trial-{number}" / "fold-{fold}" / name for number in numbers]


def unlabelled_stores(wildcards):
    """Return the stores of the unlabelled pool; the CNNs have none."""
    if wildcards.model not in ADVERSARIAL:
        return []
    return [SPECTROGRAMS / f"{corpus}.h5" for corpus in UNLABELLED]


config = checked(config)
RESULTS = Path(config["results"])
for place in (RESULTS, *RESULTS.parents):
    if place.is_file():
        raise SystemExit(f"error: config, at results: {place} is a file. Give a folder.")
CORPORA = RESULTS / "corpora"
SPECTROGRAMS = RESULTS / "spectrograms"
FOLDS = RESULTS / "folds.csv"
SEARCH = RESULTS / "search"
TRAINING = RESULTS / "training"
EVALUATION = RESULTS / "evaluation"
REPORT = RESULTS / "report"
CONTROL = config["report"]["control"]
TABLES = REPORT / "tables"
FIGURES = REPORT / "figures"
TABLE_FORMATS = ("csv", "md", "tex")
FIGURE_FORMATS = ("pdf", "png", "csv")

SEED = config["seed"]
EMBEDDED = config["corpora"]["embedded"]
MODELS = config["models"]["names"]
FOLD_NUMBERS = range(1, count_folds(FoldSettings(**config["folds"])) + 1)
checked_settings(SpectrogramSettings, config["spectrograms"])
SPACE = checked_settings(SearchSpace, config["search"]["space"])
TRIALS = {model: trials_of(model) for model in MODELS}
N_TRIALS = len(TRIALS[MODELS[0]])  # of each model, so that all have the same budget
MORE_SEEDS = range(SEED + 1, SEED + config["training"]["seeds"])
ENCODING = config["labels"]["encoding"]
NETWORKS = {name: value for name, value in config["models"].items() if name != "names"}
NETWORKS |= {"outputs": head_outputs(ENCODING)}
TRAINING_SETTINGS = (
    {k: v for k, v in config["training"].items() if k not in ("seeds", "trials_per_job")}
    | config["crops"]
    | {"seed": SEED, "evaluation_seed": SEED}
    | {"oversample": config["labels"]["oversample"], "encoding": ENCODING}
)
ADVERSARIAL = [model for model in MODELS if model.endswith("DCGAN")]
# Nothing is asked of a corpus that no model learns from.
UNLABELLED = config["training"]["unlabelled"] if ADVERSARIAL else []
GPU = int(
    config["training"]["device"] == "cuda"
    or (config["training"]["device"] == "auto" and shutil.which("nvidia-smi") is not None)
)


wildcard_constraints:
    corpus="iemocap|ami",
    model="|".join(MODELS),
    fold=r"\d+",
    trial=r"\d+",
    seed=r"\d+",

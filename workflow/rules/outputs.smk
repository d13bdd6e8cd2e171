"""Where the results are written, and how Snakemake's own report labels them."""

from emospeech.report.templates import summaries

RESULTS = Path(config["results"])
for folder in (RESULTS, *RESULTS.parents):
    if folder.is_file():
        exit_with("results", f"{folder} is a file. Give a folder.")
CORPORA = RESULTS / "corpora"
SPECTROGRAMS = RESULTS / "spectrograms"
FOLDS = RESULTS / "folds.csv"
LABELLED = {"recordings": CORPORA / "iemocap" / "recordings.csv", "folds": FOLDS}
SEARCH = RESULTS / "search"
TRAINING = RESULTS / "training"
TRAINED = TRAINING / "{model}" / "trial-{trial}" / "fold-{fold}"
TRAINED_AGAIN = TRAINING / "{model}" / "seed-{seed}" / "fold-{fold}"
EVALUATION = RESULTS / "evaluation"
REPORT = RESULTS / "report"
TABLES = REPORT / "tables"
FIGURES = REPORT / "figures"
TABLE_FORMATS = ("csv", "md", "tex")
FIGURE_FORMATS = ("pdf", "png", "csv")
CONTROL = config["report"]["control"]
BENCHMARKS = f"{RESULTS}/benchmarks/jobs"


pathvars:
    logs=f"{RESULTS}/logs",
    benchmarks=BENCHMARKS,
    job="unnamed",  # each rule sets its own


def trained_files(*folders):
    """Return the outputs of a job that trains once into each folder, {name: [file, ...]}."""
    names = ("weights.safetensors", "history.csv", "draws.csv.gz", "validation.json")
    return {
        name.partition(".")[0]: [folder / name for folder in folders]
        for name in (*names, "generated.npz")
    }


def all_trial_files(name):
    """Return a file of all trials and folds; the model remains a wildcard."""
    return expand(TRAINED / name, trial=range(N_TRIALS), fold=FOLD_NUMBERS, allow_missing=True)


def checkpoints(*folders):
    """Return the checkpoints of a job that trains once into each folder, as a param."""
    return [str(folder / ".checkpoint.safetensors") for folder in folders]


def batch_folders(batch):
    """Return the folders of the trials of a batch."""
    return [TRAINING / "{model}" / f"trial-{number}" / "fold-{fold}" for number in batch]


def evaluation_files(*names):
    """Return tables of the evaluation of all models, {name: file}."""
    return {name: EVALUATION / f"{name}.csv" for name in names}


def table_files(*names):
    """Return the files of tables in their formats, {name_format: file}; a report item for the CSV.

    A table-3-BasicCNN gets the summary of table-3 and a label for its model.
    """
    files = {f"{name}_{end}": TABLES / f"{name}.{end}" for name in names for end in TABLE_FORMATS}
    for name in names:
        model = next((model for model in MODELS if name.endswith(f"-{model}")), None)
        kind = name.removesuffix(f"-{model}")
        files[f"{name}_csv"] = report_item(files[f"{name}_csv"], kind, "Tables", model)
    return files


def figure_files(*names):
    """Return the files of figures with the tables that they are drawn from, {kind_format: file}.

    The kind of a figure such as confusion-{model} is `confusion`. The PNGs are report items.
    """
    files = {}
    for name in names:
        kind, _, wildcard = name.partition("-{")
        files |= {f"{kind}_{suffix}": FIGURES / f"{name}.{suffix}" for suffix in FIGURE_FORMATS}
        model = "{model}" if wildcard else None
        files[f"{kind}_png"] = report_item(files[f"{kind}_png"], kind, "Figures", model)
    return files


def report_item(file, kind, category, model=None):
    """Include a file in `snakemake --report`, labelled with its kind, summary and model."""
    labels = {category.removesuffix("s").lower(): kind, "content": summaries()[kind]}
    return report(file, category=category, labels=labels | ({"model": model} if model else {}))


def study_command(*configs):
    """Return the command that runs this study on one core, with further config files."""
    command = ["snakemake", "--cores", "1"]
    if not Path.cwd().samefile(ROOT):
        command += ["--snakefile", os.path.relpath(workflow.main_snakefile)]
    files = [os.path.relpath(file) for file in (*(workflow.overwrite_configfiles or ()), *configs)]
    return shlex.join([*command, *(["--configfile", *files] if files else [])])

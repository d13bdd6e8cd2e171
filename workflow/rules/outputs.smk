"""The paths of all results, and their labels in the report of Snakemake."""

import csv
import hashlib
import json

from snakemake.io import is_flagged

from emospeech.report.templates import summaries, titles
from emospeech.runtime.run_plan import end_run, planned_job, start_run

RESULTS = Path(config["results"])
for folder in (RESULTS, *RESULTS.parents):
    if folder.is_file():
        exit_with("results", f"{folder} is a file. Give a folder.")
EVALUATION = RESULTS / "evaluation"
# The widest crops of all models; the centres are the same for each width.
WIDEST_CROP = max(trial["crop_width"] for trials in TRIALS.values() for trial in trials)
PREPARED, ACOUSTICS_FOLDER = RESULTS, EVALUATION
if config["prepared"] is not None:
    required = [] if LABELLED_CORPUS in RELEASES else TASKS  # by the reader of the corpus
    made_from = [config["corpora"], config["spectrograms"], required]
    if SYNTHETIC or config["corpora"]["ami"]["hours"] is not None:
        made_from.append(SEED)
    digest = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
    PREPARED = Path(config["prepared"]) / digest[:12]
    make_folder("prepared", PREPARED)
    ACOUSTICS_FOLDER = PREPARED / f"acoustics-{WIDEST_CROP}-{config['crops']['edge']}-{SEED}"
CORPORA = PREPARED / "corpora"
SPECTROGRAMS = PREPARED / "spectrograms"
FOLDS = RESULTS / "folds.csv"
LABELLED = {"recordings": CORPORA / LABELLED_CORPUS / "recordings.csv", "folds": FOLDS}
STORE = SPECTROGRAMS / f"{LABELLED_CORPUS}.h5"
SEARCH = RESULTS / "search"
BEST = SEARCH / "{model}" / "best.json"
ALL_BEST = expand(BEST, model=MODELS)
ALL_TRIALS = expand(SEARCH / "{model}" / "trials.csv", model=MODELS)
TRAINING = RESULTS / "training"
TRAINED = TRAINING / "{model}" / "trial-{trial}" / "fold-{fold}"
TRIALS_PER_JOB = min(config["training"]["trials_per_job"], N_TRIALS)
TRAINED_AGAIN = TRAINING / "{model}" / "seed-{seed}" / "fold-{fold}"
VARIANTS_FOLDER = RESULTS / "variants"
VARIANT_TRAINED = VARIANTS_FOLDER.joinpath(
    "{variant}", "training", "{model}", "seed-{seed}", "fold-{fold}"
)
VARIANT_PREDICTIONS = VARIANTS_FOLDER.joinpath(
    "{variant}", "evaluation", "{model}", "seed-{seed}", "fold-{fold}", "predictions.csv"
)
COMPARISON = VARIANTS_FOLDER / "differences.csv"
ESTIMATE = RESULTS / "estimate.txt"
SEEDS = [SEED, *MORE_SEEDS]
ACOUSTICS = {name: ACOUSTICS_FOLDER / f"{name}.csv" for name in ("acoustics", "acoustics_crop")}
REPORT = RESULTS / "report"
TABLES = REPORT / "tables"
FIGURES = REPORT / "figures"
TABLE_FORMATS = ("csv", "md", "tex", "html")
FIGURE_FORMATS = ("pdf", "png", "csv")
BENCHMARKS = f"{RESULTS}/benchmarks/jobs"


pathvars:
    logs=f"{RESULTS}/logs",
    benchmarks=BENCHMARKS,
    job="unnamed",  # set by each rule


def trained_files(*folders):
    """Return the outputs of a job that trains once into each folder, {name: [file, ...]}."""
    names = [
        "weights.safetensors",
        "history.csv",
        "draws.csv.gz",
        "validation.json",
        "generated.npz",
        "hardware.json",
    ]
    return {name.partition(".")[0]: [folder / name for folder in folders] for name in names}


def all_trial_files(name, folds=FOLD_NUMBERS):
    """Return a file of all trials and of folds; the model remains a wildcard."""
    return expand(TRAINED / name, trial=range(N_TRIALS), fold=folds, allow_missing=True)


def files_of_more_seeds(file):
    """Return a file of all models, additional seeds and folds."""
    return expand(file, model=MODELS, seed=MORE_SEEDS, fold=FOLD_NUMBERS)


def files_of_all_trainings(name):
    """Return a file of all models, trials and folds, and of the additional seeds."""
    first = expand(all_trial_files(name), model=MODELS)
    return [*first, *files_of_more_seeds(TRAINED_AGAIN / name)]


def weights_for_variant(wildcards):
    """Return the weights that a variant is tested with: its own, or else those of the study."""
    variant, model, seed = wildcards.variant, wildcards.model, int(wildcards.seed)
    if trains_again(variant, model):
        folder = VARIANT_TRAINED
    elif seed != SEED:
        folder = TRAINED_AGAIN
    else:  # files of all trials, because the selected ones are not known before the run
        return expand(all_trial_files("weights.safetensors"), model=model)
    values = {"variant": variant, "model": model, "seed": seed, "fold": FOLD_NUMBERS}
    return expand(folder / "weights.safetensors", **values)


def files_of_variants(file, again=False):
    """Return a file of all variants, models, seeds and folds.

    With `again`, it is left out for models whose training the variant does not change.
    """
    pairs = [(variant, model) for variant, models in VARIANTS.items() for model in models]
    return [
        path
        for variant, model in pairs
        if not again or trains_again(variant, model)
        for path in expand(file, variant=variant, model=model, seed=SEEDS, fold=FOLD_NUMBERS)
    ]


def comparison_of_variants(wildcards):
    """Return the comparison of the variants; exit if there are none."""
    if not VARIANTS:
        exit_with(
            "variants",
            "no variant is defined. Add one, or use config/variants.yaml, see docs/variants.md.",
        )
    return COMPARISON


def page_shows_variants():
    """Return whether the page shows the variants: if they are requested or were compared before."""
    # A workflow that uses this one as a module may prefix the names of its rules.
    targets = workflow.dag_settings.targets
    requested = any(target.rpartition("_")[2] == "variants" for target in targets)
    return bool(VARIANTS) and (requested or COMPARISON.exists())


def if_page_shows_variants(files):
    """Return an input function: the files if the page shows the variants, else none."""
    return lambda wildcards: files if page_shows_variants() else []


def checkpoints(*folders):
    """Return the checkpoints in the folders of a training job. Params do not take paths."""
    return [str(folder / ".checkpoint.safetensors") for folder in folders]


def batch_folders(trial_ids):
    """Return the folders of several trials."""
    return [TRAINING / "{model}" / f"trial-{trial_id}" / "fold-{fold}" for trial_id in trial_ids]


def batches(size):
    """Return the indices of trials, split into the batches of a job (`training.trials_per_job`)."""
    starts = range(0, size, TRIALS_PER_JOB)
    return [tuple(range(start, min(start + TRIALS_PER_JOB, size))) for start in starts]


def rung_batches(rung):
    """Return the slots of each rule that trains a rung; "{slot}" with one trial per job."""
    return [["{slot}"]] if TRIALS_PER_JOB == 1 else batches(RUNGS[rung].size)


def trials_at(rung, slots):
    """Return the function of wildcards that returns the trials that may be in slots of a rung."""
    if rung > 0:  # depends on the results of the rung before
        return lambda wildcards: range(N_TRIALS)
    return lambda wildcards: [int(str(n).format(**dict(wildcards.items()))) for n in slots]


def rung_folders(rung, slots=None):
    """Return the folders of some slots of a rung of successive halving, by default of all."""
    slots = range(RUNGS[rung].size) if slots is None else slots
    return [TRAINING / "{model}" / f"rung-{rung}" / f"slot-{n}" / "fold-{fold}" for n in slots]


def all_rung_folders():
    """Return the folders of all slots of all rungs, by rung and slot."""
    return [folder for rung in range(len(RUNGS)) for folder in rung_folders(rung)]


def rung_checkpoints(rung, slots=None):
    """Return the checkpoints from which the next rung continues; the last rung has none."""
    if RUNGS[rung].epochs is None:
        return []
    return [folder / "checkpoint.safetensors" for folder in rung_folders(rung, slots)]


def rung_validations(rung):
    """Return the validation.json of all training runs of a rung; the model remains a wildcard."""
    files = [folder / "validation.json" for folder in rung_folders(rung)]
    return expand(files, fold=FOLD_NUMBERS, allow_missing=True)


def rung_trials(last=None):
    """Return the tables of the trials of rungs 1 to `last`, by default of all."""
    count = len(RUNGS) if last is None else last + 1
    return [SEARCH / "{model}" / f"rung-{rung}.json" for rung in range(1, count)]


def evaluation_files(*names):
    """Return evaluation tables of all models, {name: file}."""
    return {name: EVALUATION / f"{name}.csv" for name in names}


def report_files(folder, formats, item, names):
    """Return the files of tables or figures, {key_format: file}, those in `item` as report items.

    The key is the name without a wildcard, such as `confusion` for confusion-{model}.
    """
    files = {}
    for name in names:
        model = next((m for m in ("{model}", *MODELS) if name.endswith(f"-{m}")), None)
        kind, key = name.removesuffix(f"-{model}"), name.removesuffix("-{model}")
        files |= {f"{key}_{suffix}": folder / f"{name}.{suffix}" for suffix in formats}
        file = report_item(files[f"{key}_{item}"], kind, folder.name.title(), model)
        files[f"{key}_{item}"] = file
    return files


def table_files(*names):
    """Return the files of tables in their formats, {name_format: file}."""
    return report_files(TABLES, TABLE_FORMATS, "html", names)  # Snakemake does not display CSV


def figure_files(*names):
    """Return the files of figures and their tables, {kind_format: file}."""
    return report_files(FIGURES, FIGURE_FORMATS, "png", names)


def report_item(file, kind, category, model=None):
    """Include a file in `snakemake --report`, labelled with its title, summary and model."""
    labels = {
        "title": titles(LABELS.target)[kind],
        "content": summaries(LABELS.target)[kind],
    }
    return report(file, category=category, labels=labels | ({"model": model} if model else {}))


def study_command(*configs, target=None):
    """Return the command that runs this study on one core, with further config files."""
    command = ["snakemake", "--cores", "1"] + ([] if target is None else [target])
    if not Path.cwd().samefile(ROOT):
        command += ["--snakefile", os.path.relpath(workflow.main_snakefile)]
    files = [os.path.relpath(file) for file in (*(workflow.overwrite_configfiles or ()), *configs)]
    return shlex.join([*command, *(["--configfile", *files] if files else [])])


def planned_jobs():
    """Return the jobs of this run, for `emospeech status`.

    They do not include the estimate and the jobs of a host workflow.
    """
    return [
        planned_job(
            results=RESULTS,
            log=str(job.log[0]),
            benchmark=str(job.benchmark),
            outputs=[str(file) for file in job.output if not is_flagged(file, "temp")],
            needed=workflow.dag.needrun(job),
        )
        for job in workflow.dag.jobs
        if job.log
        and job.benchmark
        and job.output
        and Path(job.log[0]).is_relative_to(RESULTS / "logs")
        and ESTIMATE not in map(Path, job.output)
    ]


def control_metrics() -> Path | list:
    """Return the metrics.csv of the control, another study, if it has the same target."""
    folder = config["report"]["control"]
    path = Path(folder or "") / "evaluation" / "metrics.csv"
    if folder is None or not path.exists():
        return []
    with path.open(newline="") as file:
        target = next(csv.DictReader(file), {}).get("task")  # the target is in the first rows
    return path if target == LABELS.target else []

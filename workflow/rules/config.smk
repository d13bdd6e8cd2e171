"""The validated config, settings derived from it, and shared params and resources of the rules."""

import os
import shlex
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import yaml
from snakemake.utils import validate

from emospeech.corpora.registry import (
    RELEASES,
    check_activation,
    check_moved_keys,
    corpora_in_use,
    database_folders,
    manifest_folders,
)
from emospeech.runtime.config_values import convert
from emospeech.runtime.errors import InputError, access_error
from emospeech.runtime.fingerprint import fingerprint
from emospeech.folds import FoldSettings, count_folds
from emospeech.halving import HalvingSettings
from emospeech.models.catalogue import MODELS as KNOWN_MODELS
from emospeech.models.settings import PRETRAIN, ApcSettings, ModelSettings
from emospeech.search import SearchSpace, SequentialSpace, draw_trial, fixed_trials
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.memory import training_megabytes

ROOT = Path(workflow.basedir)
if {"{", "}"} & set(str(ROOT)):
    raise SystemExit(
        f"error: {ROOT}: Snakemake reads {{ and }} in a path as a wildcard. Move the project to a "
        "folder without them."
    )
# Snakemake inserts this path into shell commands without quotes, which fails if it
# contains a space.
if Path(sys.executable).exists():
    sys.executable = shlex.quote(sys.executable)
ENVIRONMENT = ROOT / "envs" / "emospeech.yaml"


def exit_with(key, problem):
    """Exit with one line that names the config key of a problem."""
    raise SystemExit(f"error: config, at {key}: {problem}")


def make_folder(key, folder):
    """Create `folder`, which the config key `key` determines, if necessary; exit if it fails."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        exit_with(key, access_error(folder, error))


@contextmanager
def config_errors(prefix=""):
    """Exit with one line if a config key, relative to `prefix`, has an invalid value."""
    try:
        yield
    except InputError as error:
        raise SystemExit(f"error: config, at {prefix}{error}")


def validated_config(config):
    """Return the config with the types and defaults of the schema, or exit with one line."""
    path = ROOT / "workflow" / "schemas" / "config.schema.yaml"
    schema = yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    with config_errors():
        config = convert(config, schema, schema["$defs"])
    try:
        validate(config, path)
    except WorkflowError as error:
        violation = error.__cause__ or error.__context__
        key = ".".join(map(str, getattr(violation, "absolute_path", ()))) or "the top level"
        section = getattr(violation, "schema", {})
        remedy = section.get("remedy", "")
        if getattr(violation, "validator", "") == "additionalProperties" and not remedy:
            remedy = f"The keys are {', '.join(section['properties'])}."
        exit_with(key, f"{getattr(violation, 'message', error)}. {remedy}".rstrip())
    return config


def script_params(name):
    """Return the params that name the script of a job and identify its code by a fingerprint.

    The fingerprint is a function, because a cluster job loads all rules but runs only one.
    """
    file = ROOT / "workflow" / "scripts" / f"{name}.py"
    return {"script": name, "code": lambda wildcards: fingerprint(file, ROOT)}


def figure_params(name):
    """Return the params of a script that draws figures."""
    return script_params(name) | {"resolution": config["report"]["resolution"]}


def scaled_by_attempt(amount):
    """Return a resource that is doubled at the second attempt and tripled at the third."""
    return lambda wildcards, attempt: amount * attempt


def job_resources(mem_mb=3000, runtime=60, **others):
    """Return the resources of a job: memory (MB) and minutes, scaled by the attempt, and others."""
    return {"mem_mb": scaled_by_attempt(mem_mb), "runtime": scaled_by_attempt(runtime)} | others


def trials_with_ids(model, trial_ids):
    """Return the (trial_id, parameters) of some trials of a model."""
    return [(trial_id, TRIALS[model][trial_id]) for trial_id in trial_ids]


def models_drawn(figure):
    """Return the models with a figure of this kind of what they learn from unlabelled speech."""
    return [model for model, family in FAMILIES.items() if family.figure == figure]


def study_of(model):
    """Return the config sections that the training runs of a model depend on."""
    key = FAMILIES[model].training_key
    if not key:
        return STUDY
    return STUDY | {"training": STUDY["training"] | {key: config["training"][key]}}


def training_resources(trial_ids, runtime=720):
    """Return the resources of a job that trains the trials `trial_ids(wildcards)`.

    The memory is that of the largest trial, scaled by the attempt, plus the size of the stores,
    because their mapped pages count as memory of the job. Checkpoints of a rung do not count.
    """

    def megabytes(wildcards, input, attempt):
        model, rows = wildcards.model, config["spectrograms"]["rows"]
        largest = max(
            training_megabytes(model, rows, TRIALS[model][trial_id], MODEL_SETTINGS)
            for trial_id in trial_ids(wildcards)
        )
        checkpoints = sum(map(os.path.getsize, input.get("previous", [])))
        return attempt * largest + round(input.size_mb - checkpoints / 2**20)

    return {"mem_mb": megabytes, "runtime": scaled_by_attempt(runtime), "gpu": GPU}


def profile_resources(rule):
    """Return the `set-resources` of a profile for a rule, {resource: value}."""
    resources = workflow.resource_settings.overwrite_resources.get(rule, {})
    return {name: resource.raw for name, resource in resources.items()}


with config_errors():
    check_moved_keys(config)
config = validated_config(config)
SEED = config["seed"]
SYNTHETIC = config["corpora"]["synthetic"]
MODELS = config["models"]["names"]
if unknown := [model for model in MODELS if model not in KNOWN_MODELS]:
    exit_with(
        "models.names",
        f"{', '.join(unknown)} is unknown. The models are {', '.join(KNOWN_MODELS)}.",
    )
FAMILIES = {model: KNOWN_MODELS[model].family for model in MODELS}
USING_UNLABELLED = [model for model in MODELS if KNOWN_MODELS[model].unlabelled]
TASKS = max((list(KNOWN_MODELS[model].tasks) for model in MODELS), key=len)
MULTITASK = "activation" in TASKS
with config_errors("folds.file: "):  # the only setting that depends on a file
    FOLD_NUMBERS = range(1, count_folds(FoldSettings(**config["folds"])) + 1)
with config_errors():
    SpectrogramSettings(**config["spectrograms"])
    SPACES = {
        "space": SearchSpace(**config["search"]["space"]),
        "sequential_space": SequentialSpace(**config["search"]["sequential_space"]),
    }
FIXED = config["search"]["fixed"]
N_TRIALS = config["search"]["trials"] if FIXED is None else 1  # of each model
TRIALS = {
    model: [
        draw_trial(SPACES[family.space], family.parameters, SEED, trial_id)
        for trial_id in range(N_TRIALS)
    ]
    for model, family in FAMILIES.items()
}
if FIXED is not None:
    with config_errors():
        TRIALS = {model: [trial] for model, trial in fixed_trials(FIXED, MODELS).items()}
PRETRAINING = 0  # epochs
with config_errors():
    for model, family in FAMILIES.items():
        if family.training_key == "apc":
            apc = ApcSettings(**config["training"]["apc"])
            apc.check(config["training"]["max_epochs"], TRIALS[model])
            PRETRAINING = apc.pretrain_epochs if apc.schedule == PRETRAIN else 0
# The rungs of successive halving; empty for random search, and for a single trial.
RUNGS = []
if config["search"]["method"] == "halving" and N_TRIALS > 1:
    with config_errors():
        HALVING = HalvingSettings(**config["search"]["halving"])
        HALVING.check(config["training"]["max_epochs"] - PRETRAINING)
    RUNGS = HALVING.rungs(N_TRIALS)
MORE_SEEDS = range(SEED + 1, SEED + config["training"]["seeds"])
ENCODING = config["labels"]["encoding"]
SHUFFLE_SEED = SEED if config["labels"]["shuffle"] else None
# The keys of these sections that only the workflow uses.
WORKFLOW_KEYS = {"models": {"names"}, "training": {"seeds", "trials_per_job", "apc"}}
# The config sections that training runs depend on. Scripts convert them to the class Settings.
STUDY = {"seed": SEED} | {
    section: {
        key: value
        for key, value in config[section].items()
        if key not in WORKFLOW_KEYS.get(section, ())
    }
    for section in ("crops", "labels", "models", "training")
}
MODEL_SETTINGS = ModelSettings(**STUDY["models"])
# Corpora that no model is trained on are neither required nor read.
UNLABELLED = config["training"]["unlabelled"] if USING_UNLABELLED else []
LABELLED_CORPUS = config["corpora"]["labelled"]
with config_errors():
    CORPORA_IN_USE = corpora_in_use(config["corpora"], UNLABELLED)
    MANIFESTS = {
        name: ancient(folder)
        for name, folder in manifest_folders(
            config["corpora"], CORPORA_IN_USE, needs_ratings=ENCODING == "histogram"
        ).items()
    }
    DATABASES = {
        name: ancient(folder)
        for name, folder in database_folders(
            config["corpora"], CORPORA_IN_USE, needs_ratings=ENCODING == "histogram"
        ).items()
    }
    if MULTITASK:
        check_activation(config["corpora"])
DEVICE = config["training"]["device"]
GPU = int(DEVICE == "cuda" or (DEVICE == "auto" and shutil.which("nvidia-smi") is not None))


wildcard_constraints:
    corpus="|".join([*RELEASES, *config["corpora"]["manifests"], *config["corpora"]["audformat"]]),
    model="|".join(MODELS),
    fold=r"\d+",
    trial=r"\d+",
    rung=r"\d+",
    place=r"\d+",
    seed=r"\d+",

"""The validated config, the settings that the rules derive from it, and directives that they share."""

import os
import shlex
import shutil
import sys
from pathlib import Path

import yaml
from snakemake.utils import validate

from emospeech.runtime.config_values import convert
from emospeech.runtime.errors import InputError
from emospeech.runtime.fingerprint import fingerprint
from emospeech.folds import FoldSettings, count_folds
from emospeech.labels import head_outputs
from emospeech.search import SearchSpace, draw_trial
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.memory import training_megabytes

ROOT = Path(workflow.basedir)
if {"{", "}"} & set(str(ROOT)):
    raise SystemExit(
        f"error: {ROOT}: Snakemake reads {{ and }} in a path as a wildcard. Move the project to a "
        "folder without them."
    )
# Snakemake inserts this path into shell commands without quotes, which fails on a space.
if Path(sys.executable).exists():
    sys.executable = shlex.quote(sys.executable)
ENVIRONMENT = ROOT / "envs" / "emospeech.yaml"


def checked(call, *arguments, prefix="", **settings):
    """Return the result of a call; exit with one line that names the config key of a wrong value."""
    try:
        return call(*arguments, **settings)
    except InputError as error:
        raise SystemExit(f"error: config, at {prefix}{error}")


def validated(config):
    """Return the config with the types of the schema; exit with one line that names a wrong key."""
    path = ROOT / "config" / "schema.yaml"
    schema = yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    config = checked(convert, config, schema, schema["$defs"])
    try:
        validate(config, path)
    except WorkflowError as error:
        fault = error.__cause__ or error.__context__
        key = ".".join(map(str, getattr(fault, "absolute_path", ()))) or "the top level"
        remedy = getattr(fault, "schema", {}).get("remedy", "")
        problem = f"{getattr(fault, 'message', error)}. {remedy}".rstrip()
        raise SystemExit(f"error: config, at {key}: {problem}")
    return config


def trials_of(model):
    """Return the parameters of the trials of a model: those of `search.fixed`, or drawn ones."""
    fixed = config["search"]["fixed"]
    if fixed is None:
        return [draw_trial(SPACE, SEED, number) for number in range(config["search"]["trials"])]
    if model not in fixed:
        raise SystemExit(
            f"error: config, at search.fixed: {model} is missing. Add its parameters, or remove it "
            "from models.names."
        )
    return [fixed[model]]


def script_params(name):
    """Return the params that name the script of a job and identify its code by a fingerprint.

    The fingerprint is computed only for the rules in use: a cluster job loads all and runs one.
    """
    file = ROOT / "workflow" / "scripts" / f"{name}.py"
    return {"script": name, "code": lambda wildcards: fingerprint(file, ROOT)}


def figure_params(name):
    """Return the params of a script that draws figures."""
    return script_params(name) | {"resolution": config["report"]["resolution"]}


def growing(amount):
    """Return a resource that grows with each attempt: doubled at the second, tripled at the third."""
    return lambda wildcards, attempt: amount * attempt


def job_resources(mem_mb=2000, runtime=10, **others):
    """Return the resources of a job: memory in MB and minutes, both growing, and others as given."""
    return {"mem_mb": growing(mem_mb), "runtime": growing(runtime)} | others


def numbered_trials(model, numbers):
    """Return (number, parameters) of some trials of a model."""
    return [(number, TRIALS[model][number]) for number in numbers]


def training_resources(numbers, runtime=720):
    """Return the resources of a job that trains trials; `numbers(wildcards)` gives their numbers.

    The memory is that of the largest trial, more with each attempt, and the size of the stores,
    whose mapped pages count as memory of the job.
    """

    def megabytes(wildcards, input, attempt):
        trials = [TRIALS[wildcards.model][number] for number in numbers(wildcards)]
        rows = config["spectrograms"]["rows"]
        largest = max(training_megabytes(wildcards.model, rows, one, NETWORKS) for one in trials)
        return attempt * largest + round(input.size_mb)

    return {"mem_mb": megabytes, "runtime": growing(runtime), "gpu": GPU}


def profile_resources(rule):
    """Return the `set-resources` of a profile for a rule, {resource: value}."""
    found = workflow.resource_settings.overwrite_resources.get(rule, {})
    return {name: resource.raw for name, resource in found.items()}


config = validated(config)
SEED = config["seed"]
SYNTHETIC = config["corpora"]["synthetic"]
MODELS = config["models"]["names"]
ADVERSARIAL = [model for model in MODELS if model.endswith("DCGAN")]
MULTITASK = any(model.startswith("Multitask") for model in MODELS)
FOLD_NUMBERS = range(1, count_folds(FoldSettings(**config["folds"])) + 1)
checked(SpectrogramSettings, **config["spectrograms"])
SPACE = checked(SearchSpace, **config["search"]["space"])
TRIALS = {model: trials_of(model) for model in MODELS}
N_TRIALS = len(TRIALS[MODELS[0]])  # the same for each model, so that all have the same budget
MORE_SEEDS = range(SEED + 1, SEED + config["training"]["seeds"])
ENCODING = config["labels"]["encoding"]
SHUFFLE_SEED = SEED if config["labels"]["shuffle"] else None
NETWORKS = {name: value for name, value in config["models"].items() if name != "names"}
NETWORKS |= {"outputs": head_outputs(ENCODING)}
TRAINING_SETTINGS = (
    {k: v for k, v in config["training"].items() if k not in ("seeds", "trials_per_job")}
    | config["crops"]
    | {"seed": SEED, "evaluation_seed": SEED}
    | {"oversample": config["labels"]["oversample"], "encoding": ENCODING}
)
# Corpora that no model learns from are neither required nor read.
UNLABELLED = config["training"]["unlabelled"] if ADVERSARIAL else []
DEVICE = config["training"]["device"]
GPU = int(DEVICE == "cuda" or (DEVICE == "auto" and shutil.which("nvidia-smi") is not None))


wildcard_constraints:
    corpus="iemocap|ami",
    model="|".join(MODELS),
    fold=r"\d+",
    trial=r"\d+",
    seed=r"\d+",

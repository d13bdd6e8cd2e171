"""The validated config, settings derived from it, and shared params and resources of the rules."""

import copy
import os
import shlex
import shutil
import sys
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import yaml
from snakemake.utils import update_config, validate

from emospeech.corpora.registry import (
    RELEASES,
    check_dimensions,
    check_raters,
    corpora_in_use,
    database_folders,
    manifest_folders,
)
from emospeech.runtime.config_values import convert
from emospeech.runtime.errors import InputError, access_error
from emospeech.runtime.fingerprint import fingerprint
from emospeech.folds import FoldSettings, count_folds
from emospeech.halving import HalvingSettings
from emospeech.labels import EMOTION, ENCODINGS, LabelSettings, check_classes
from emospeech.models.catalogue import MODELS as KNOWN_MODELS
from emospeech.models.settings import PRETRAIN, ApcSettings, ModelSettings
from emospeech.search import SearchSpace, SequentialSpace, draw_trial, fixed_trials
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.memory import training_megabytes

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


SCHEMA_FILE = ROOT / "workflow" / "schemas" / "config.schema.yaml"
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SCHEMA = yaml.load(SCHEMA_FILE.read_text(), YAML_LOADER)


def exit_with(key, problem):
    """Exit with one line that names the config key of a problem."""
    raise SystemExit(f"error: config, at {key}: {problem}")


def check_duplicate_keys(file):
    """Exit with one line if a config file contains a key twice; YAML would ignore the first."""
    with open(file, "rb") as stream:
        nodes = [yaml.compose(stream, YAML_LOADER)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.MappingNode):
            known = set()
            for key, value in node.value:
                name = key.tag, str(key.value)
                if name in known:
                    problem = f"the key {key.value} is repeated. Merge it with the first one."
                    line = key.start_mark.line + 1
                    raise SystemExit(f"error: {InputError(os.path.relpath(file), problem, line)}")
                known.add(name)
                nodes.append(value)


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


def validated_config(config, prefix=""):
    """Return the config with the types and defaults of the schema, or exit with one line.

    `prefix` precedes the key in the message.
    """
    with config_errors(prefix):
        config = convert(config, SCHEMA, SCHEMA["$defs"])
    try:
        validate(config, SCHEMA_FILE)
    except WorkflowError as error:
        violation = error.__cause__ or error.__context__
        key = ".".join(map(str, getattr(violation, "absolute_path", ()))) or "the top level"
        section = getattr(violation, "schema", {})
        remedy = section.get("remedy", "")
        if getattr(violation, "validator", "") == "additionalProperties" and not remedy:
            remedy = f"The keys are {', '.join(section['properties'])}."
        exit_with(prefix + key, f"{getattr(violation, 'message', error)}. {remedy}".rstrip())
    return config


def config_of_variant(name, changes):
    """Return the config with the changes of a variant, {section: {key: value}}."""
    for section, values in changes.items():
        if unknown := values.keys() - VARIANT_KEYS[section]:
            exit_with(
                f"variants.{name}.{section}.{min(unknown)}",
                f"a variant cannot change this key. It can change {', '.join(VARIANT_KEYS[section])}.",
            )
    changed = copy.deepcopy(config)
    update_config(changed, changes)
    return validated_config(changed, f"variants.{name}: ")


def models_of_variant(name, changes):
    """Return the models of the study that a variant trains, or exit if there are none.

    They are those that it names, or else those that its changes concern.
    """
    names = CONFIGS[name]["models"]["names"]
    changed = {(section, key) for section, values in changes.items() for key in values}
    changed -= {("models", "names")}
    if changed and changed <= POOL_KEYS:
        names = [model for model in names if model in USING_UNLABELLED]
    models = [model for model in MODELS if model in names]
    if not models:
        problem = "does not concern any model of the study"
        exit_with(f"variants.{name}", f"{problem}. Remove it, or add its models to models.names.")
    return models


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


def study_sections(config):
    """Return the config sections that training runs depend on, without those of one family."""
    return {"seed": config["seed"]} | {
        section: {
            key: value
            for key, value in config[section].items()
            if key not in WORKFLOW_KEYS.get(section, ())
        }
        for section in ("crops", "labels", "models", "training")
    }


def config_of(wildcards):
    """Return the config of the study or of the variant that a job belongs to."""
    return CONFIGS[getattr(wildcards, "variant", None)]


def study_of(model, variant=None):
    """Return the config sections that the training runs of a model depend on."""
    study, key = STUDIES[variant], FAMILIES[model].training_key
    if not key:
        return study
    return study | {"training": study["training"] | {key: CONFIGS[variant]["training"][key]}}


def trains_again(variant, model):
    """Return whether a variant changes the training of a model, and not only its evaluation."""
    return study_of(model, variant) != study_of(model)


def training_resources(trial_ids, runtime=720):
    """Return the resources of a job that trains the trials `trial_ids(wildcards)`.

    The job may be one of a variant. The memory is that of the largest trial, scaled by the attempt,
    plus the size of the stores, because their mapped pages count as memory of the job. Checkpoints of
    a rung do not count.
    """

    def megabytes(wildcards, input, attempt):
        model, rows = wildcards.model, config["spectrograms"]["rows"]
        settings = ModelSettings(**study_of(model, getattr(wildcards, "variant", None))["models"])
        largest = max(
            training_megabytes(model, rows, TRIALS[model][trial_id], settings)
            for trial_id in trial_ids(wildcards)
        )
        checkpoints = sum(map(os.path.getsize, input.get("previous", [])))
        return attempt * largest + round(input.size_mb - checkpoints / 2**20)

    return {"mem_mb": megabytes, "runtime": scaled_by_attempt(runtime), "gpu": GPU}


def profile_resources(rule):
    """Return the `set-resources` of a profile for a rule, {resource: value}."""
    resources = workflow.resource_settings.overwrite_resources.get(rule, {})
    return {name: resource.raw for name, resource in resources.items()}


for file in workflow.configfiles:
    check_duplicate_keys(file)
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
LABELS = LabelSettings(**config["labels"])
MULTITASK = any(KNOWN_MODELS[model].multitask for model in MODELS)
TASKS = [task.name for task in LABELS.tasks(MULTITASK)]
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
HAS_APC = any(family.training_key == "apc" for family in FAMILIES.values())
APC = config["training"]["apc"]
PRETRAINING = APC["pretrain_epochs"] if HAS_APC and APC["schedule"] == PRETRAIN else 0
# The rungs of successive halving; empty for random search, and for a single trial.
RUNGS = []
if config["search"]["method"] == "halving" and N_TRIALS > 1:
    with config_errors():
        HALVING = HalvingSettings(**config["search"]["halving"])
        HALVING.check(config["training"]["max_epochs"] - PRETRAINING)
    RUNGS = HALVING.rungs(N_TRIALS)
MORE_SEEDS = range(SEED + 1, SEED + config["training"]["seeds"])
SHUFFLE_SEED = SEED if config["labels"]["shuffle"] else None
# The keys of these sections that only the workflow uses.
WORKFLOW_KEYS = {"models": {"names"}, "training": {"seeds", "trials_per_job", "apc"}}
# The settings that a variant may change; the others would change the data, the folds or the trials.
FIXED_KEYS = {
    "target",
    "secondary",
    "classes",
    "shuffle",
    "seeds",
    "trials_per_job",
    "device",
    "threads",
}
VARIANT_KEYS = {
    section: [key for key in config[section] if key not in FIXED_KEYS]
    for section in ("crops", "labels", "models", "training")
} | {"evaluation": ["crops"]}
POOL_KEYS = {("training", "unlabelled"), ("training", "unlabelled_hours")}
# By variant; None is the study itself.
CONFIGS = {None: config} | {
    name: config_of_variant(name, changes) for name, changes in config["variants"].items()
}
# The models that each variant trains.
VARIANTS = {name: models_of_variant(name, changes) for name, changes in config["variants"].items()}
# The config sections that training runs depend on. Scripts convert them to the class Settings.
STUDIES = {variant: study_sections(settings) for variant, settings in CONFIGS.items()}
STUDY = STUDIES[None]
for variant, settings in CONFIGS.items():
    with config_errors("" if variant is None else f"variants.{variant}: "):
        LabelSettings(**settings["labels"]).check()
        for model in MODELS if variant is None else VARIANTS[variant]:
            if FAMILIES[model].training_key == "apc":
                apc = ApcSettings(**settings["training"]["apc"])
                apc.check(settings["training"]["max_epochs"], TRIALS[model])
# Corpora that no model is trained on are neither required nor read.
UNLABELLED = config["training"]["unlabelled"] if USING_UNLABELLED else []
LABELLED_CORPUS = config["corpora"]["labelled"]
CORPORA_OF_STUDY = list(dict.fromkeys([LABELLED_CORPUS, *UNLABELLED]))  # without its variants
RATED = any(ENCODINGS[settings["labels"]["encoding"]].uses_ratings for settings in CONFIGS.values())
POOLS = [CONFIGS[name]["training"]["unlabelled"] for name in VARIANTS if USING_UNLABELLED]
with config_errors():
    CORPORA_IN_USE = corpora_in_use(config["corpora"], [*UNLABELLED, *chain(*POOLS)])
    MANIFESTS = {
        name: ancient(folder)
        for name, folder in manifest_folders(config["corpora"], CORPORA_IN_USE).items()
    }
    DATABASES = {
        name: ancient(folder)
        for name, folder in database_folders(config["corpora"], CORPORA_IN_USE).items()
    }
    check_dimensions(config["corpora"], [name for name in TASKS if name != EMOTION])
    if RATED:
        check_raters(config["corpora"], LABELS.target)
    if LABELLED_CORPUS in RELEASES and RELEASES[LABELLED_CORPUS].emotions:
        check_classes(RELEASES[LABELLED_CORPUS].emotions, LABELS)
DEVICE = config["training"]["device"]
GPU = int(DEVICE == "cuda" or (DEVICE == "auto" and shutil.which("nvidia-smi") is not None))


wildcard_constraints:
    corpus="|".join([*RELEASES, *config["corpora"]["manifests"], *config["corpora"]["audformat"]]),
    model="|".join(MODELS),
    fold=r"\d+",
    trial=r"\d+",
    rung=r"\d+",
    slot=r"\d+",
    seed=r"\d+",
    variant="|".join(VARIANTS) or "(?!)",  # (?!) never matches

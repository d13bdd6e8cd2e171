"""The time, memory and disk space that a study needs, from the times of single training steps.

This module does not import torch, and measures nothing itself; see training.step_times.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emospeech.corpora import ami_release, crema_d, iemocap_release, quechua
from emospeech.crops.oversampling import epoch_length, epoch_lengths
from emospeech.folds import FoldSettings
from emospeech.halving import HalvingSettings
from emospeech.labels import LabelSettings, load_labelled
from emospeech.models.catalogue import MODELS
from emospeech.models.settings import PRETRAIN, ModelSettings
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_json, read_table
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.memory import training_megabytes

if TYPE_CHECKING:
    from emospeech.training.step_times import StepTime

Trials = Mapping[str, Sequence[Mapping]]  # {model: parameters of each trial}

BEST_EPOCH = 15  # assumed, if no training run has finished; `patience` epochs follow
TIMED_TRIALS = 3  # of each model
CHECKPOINTS = 1.02  # factor of the time of a training run, see checkpoint.MAX_SAVING_SHARE
BYTES_PER_FLOAT = 4
VARIANTS = "variants, in addition"  # the name of their row
BYTES_CHECKED = 1e9  # of the stores by a training run when it starts, in a second
# Assumed sizes of corpora that have not been read. Others are assumed to be like IEMOCAP.
RECORDINGS = {"crema_d": crema_d.RECORDINGS, "quechua": quechua.RECORDINGS}
HOURS = {"ami": ami_release.HOURS, "quechua": quechua.HOURS}
HOURS_PER_RECORDING = iemocap_release.HOURS / iemocap_release.UTTERANCES
# Seconds of stages without training on one core, from docs/performance.md.
SYNTHESIS_PER_RECORDING = 0.012
SYNTHESIS_PER_HOUR = 10.0  # of meetings
EXTRACTION_PER_HOUR = 1.8  # of audio
EVALUATION_PER_RECORDING = 0.0425  # without predictions
DRAWING_PER_MODEL = 4.0
START_PER_JOB = 1.5
JOBS = {"evaluation": 6, "report": 8}  # and one for each model


@dataclass(frozen=True)
class CorpusSize:
    """The sizes of the corpora of a study.

    Attributes:
        recordings: The number of labelled recordings.
        draws: Labelled crops in an epoch, the mean over the folds.
        validation: Recordings of the validation part, the mean over the folds.
        hours: {corpus: hours of audio}.
        is_known: Whether the labelled corpus has been read, or its size is assumed.
    """

    recordings: int
    draws: float
    validation: float
    hours: Mapping[str, float]
    is_known: bool


@dataclass(frozen=True)
class RunGroup:
    """Training runs with the same model, parameters and number of epochs.

    Attributes:
        model: The model.
        trial: The parameters of the trial.
        epochs: Epochs of a training run, possibly a mean.
        count: Training runs, possibly a mean.
        jobs: Jobs that they start.
    """

    model: str
    trial: Mapping
    epochs: float
    count: float
    jobs: float


@dataclass(frozen=True)
class RunCost:
    """What a training run costs.

    Attributes:
        step: Seconds of a step.
        validation: Seconds of validation, for each recording.
        start: Seconds until the first step.
        parameters: The number of saved parameters.
        memory_mb: Peak memory of its process.
    """

    step: float
    validation: float
    start: float
    parameters: int
    memory_mb: float


@dataclass(frozen=True)
class TrainingEstimate:
    """The estimate of several training runs.

    Attributes:
        runs: The number of training runs.
        epochs: Mean number of epochs.
        seconds: {model: time of all its training runs, one after the other}.
        longest: Seconds of the longest training run.
        memory_mb: Peak memory of one training run.
        disk_bytes: Size of the weights.
    """

    runs: int
    epochs: float
    seconds: dict[str, float]
    longest: float
    memory_mb: float
    disk_bytes: float


@dataclass(frozen=True)
class StudyEstimate:
    """The estimate of a study.

    Attributes:
        trainings: {name: estimate} of its training runs, then of its variants and other searches.
        stages: Seconds of the other stages.
        corpus: The sizes of the corpora.
        store_bytes: Size of the spectrograms.
        measured: Mean epochs of the finished training runs of each model, if there are any.
    """

    trainings: dict[str, TrainingEstimate]
    stages: dict[str, float]
    corpus: CorpusSize
    store_bytes: float
    measured: dict[str, float]


def corpus_size(
    config: Mapping[str, Any], corpora: Path, folds: Path, unlabelled: Iterable[str]
) -> CorpusSize:
    """Return the sizes of the corpora, which are assumed if these have not been read.

    Args:
        config: The config of the study.
        corpora: The folder of the corpora, with corpus/recordings.csv.
        folds: The table folds.csv.
        unlabelled: The corpora without labels.
    """
    labelled, synthetic = config["corpora"]["labelled"], config["corpora"]["synthetic"]
    labels = LabelSettings(**config["labels"])
    found = {
        name: read_table(table)
        for name in (labelled, *unlabelled)
        if (table := corpora / name / "recordings.csv").exists()
    }
    if is_known := labelled in found and folds.exists():
        recordings = len(found[labelled])
        table = load_labelled(corpora / labelled / "recordings.csv", labels)
        sizes = _known_sizes(table, read_table(folds), labels)
    else:
        recordings = RECORDINGS.get(labelled, iemocap_release.UTTERANCES)
        recordings = synthetic["utterances"] if synthetic else recordings
        sizes = assumed_sizes(FoldSettings(**config["folds"]), recordings, labels)
    hours = {
        name: float(found[name]["duration"].sum() / 3600)
        if name in found
        else HOURS.get(name, recordings * HOURS_PER_RECORDING)
        for name in (labelled, *unlabelled)
    }
    limit = synthetic["hours"] if synthetic else config["corpora"]["ami"]["hours"]
    if "ami" in hours and limit is not None:
        hours["ami"] = min(hours["ami"], limit)
    return CorpusSize(recordings, *sizes, hours, is_known)


def _known_sizes(recordings, folds, labels):
    """Return the means of CorpusSize over the folds."""
    (task,) = labels.tasks(multitask=False)
    lengths = epoch_lengths(recordings, folds, task, labels.oversample)
    if not lengths:
        raise InputError("labels", f"no recording has a label of {task.name}. Correct the classes.")
    labelled = recordings.dropna(subset=task.name)["recording"]
    parts = folds.loc[folds["recording"].isin(labelled), "part"]
    return sum(lengths) / len(lengths), (parts == "validation").sum() / len(lengths)


def assumed_sizes(
    settings: FoldSettings, recordings: int, labels: LabelSettings
) -> tuple[float, float]:
    """Return `draws` and `validation` of CorpusSize, with labels distributed as in IEMOCAP.

    They are those of valence or of the emotions; if IEMOCAP has none of the emotions, the classes
    have equal sizes. The validation speakers are half of a session, or one of the groups of
    speakers.
    """
    (task,) = labels.tasks(multitask=False)
    counts = iemocap_release.VALENCES
    assumed = np.repeat(list(counts), list(counts.values())).clip(1, 5)
    if not task.is_scale:
        emotions = iemocap_release.EMOTIONS
        names = np.repeat(list(emotions), [count for count, *_ in emotions.values()])
        assumed = labels.class_numbers(names)
        if np.isnan(assumed).all():
            assumed = np.arange(1.0, len(task.classes) + 1)
    labelled = assumed[~np.isnan(assumed)]
    count = recordings * len(labelled) / len(assumed)
    by_speakers = settings.scheme == "speakers"
    groups = settings.groups if by_speakers else settings.sessions
    held_out, validation = (2, 1.0) if by_speakers else (1, 0.5)
    draws = count * (groups - held_out) / groups
    if labels.oversample:
        draws *= epoch_length(labelled, len(task.classes)) / len(labelled)
    return draws, count * validation / groups


def store_bytes(config: Mapping[str, Any], corpus: CorpusSize) -> dict[str, float]:
    """Return {corpus: size of its spectrograms}."""
    spectrograms = SpectrogramSettings(**config["spectrograms"])
    values = spectrograms.frame_rate * 3600 * spectrograms.rows
    bytes_per_hour = values * np.dtype(spectrograms.dtype).itemsize
    return {name: hours * bytes_per_hour for name, hours in corpus.hours.items()}


def start_seconds(
    config: Mapping[str, Any], models: Iterable[str], corpus: CorpusSize, process: float
) -> dict[str, float]:
    """Return the seconds until the first step of a job, by model.

    A job checks the stores that it opens. `process` are the seconds until its process has started.
    """
    size = store_bytes(config, corpus)
    labelled, both = size[config["corpora"]["labelled"]], sum(size.values())
    return {
        model: process + (both if MODELS[model].unlabelled else labelled) / BYTES_CHECKED
        for model in models
    }


def measured_epochs(config: Mapping[str, Any], training: Path) -> dict[str, float]:
    """Return the mean number of epochs of the finished training runs of each model.

    It has no models with successive halving, which stops most training runs early.

    Args:
        config: The config of the study.
        training: The folder of its training runs.
    """
    found: dict[str, list[int]] = {}
    if config["search"]["method"] != "halving":
        for file in training.glob("*/trial-*/fold-*/validation.json"):
            result = read_json(file)
            found.setdefault(result["model"], []).append(result["epochs"])
    return {model: sum(epochs) / len(epochs) for model, epochs in found.items()}


@dataclass(frozen=True)
class Schedule:
    """How many epochs training runs take.

    Attributes:
        training: The config section `training`, with `apc`.
        measured: Mean epochs of the finished training runs of some models; others are assumed.
    """

    training: Mapping[str, Any]
    measured: Mapping[str, float]

    def pretraining(self, model: str) -> int:
        """Return the epochs without labels."""
        apc = self.training["apc"]
        is_separate = MODELS[model].family.training_key and apc["schedule"] == PRETRAIN
        return apc["pretrain_epochs"] if is_separate else 0

    def epochs(self, model: str) -> float:
        """Return all epochs of a training run; if assumed, the best with labels is BEST_EPOCH."""
        assumed = self.pretraining(model) + BEST_EPOCH + self.training["patience"]
        return self.measured.get(model, min(self.training["max_epochs"], assumed))


def search_runs(
    trials: Trials,
    rungs: Iterable[tuple[int, int | None]],
    folds: int,
    schedule: Schedule,
    trials_per_job: int = 1,
) -> list[RunGroup]:
    """Return the training runs of a search, where each rung trains for further epochs.

    Which trials a rung has is not known before the run, so each trial has an equal share in it.

    Args:
        trials: The trials.
        rungs: The number of trials of each rung, and its epochs since the first rung without
            pretraining, or None: until training ends. Random search is a single rung.
        folds: The number of folds.
        schedule: The epochs of whole training runs.
        trials_per_job: Trials of a fold that share a job.
    """
    runs = []
    for model, parameters in trials.items():
        whole, done, n = schedule.epochs(model), 0.0, len(parameters)
        for size, end in rungs:
            reached = whole if end is None else min(whole, schedule.pretraining(model) + end)
            shares = folds * size / n, folds * -(-size // trials_per_job) / n
            runs += [RunGroup(model, trial, reached - done, *shares) for trial in parameters]
            done = reached
    return runs


def repeated_runs(trials: Trials, count: int, schedule: Schedule) -> list[RunGroup]:
    """Return `count` training runs of the selected trial of each model, in a job each.

    Which trial is selected is not known before the run, so each trial has an equal share.
    """
    return [
        RunGroup(model, trial, schedule.epochs(model), *[count / len(parameters)] * 2)
        for model, parameters in trials.items()
        for trial in parameters
    ]


def study_runs(
    config: Mapping[str, Any],
    trials: Trials,
    folds: int,
    variants: Mapping[str, Mapping[str, Any]],
    measured: Mapping[str, float],
    paper: Mapping[str, Mapping],
) -> dict[str, list[RunGroup]]:
    """Return the training runs of the study, of its variants, and of other ways to search.

    Args:
        config: The config of the study.
        trials: Its trials.
        folds: The number of folds.
        variants: {variant: `models` that it trains again, and its section `training`}.
        measured: Mean epochs of the finished training runs of some models.
        paper: {model: parameters in the paper's Table 1}.
    """
    search, training = config["search"], config["training"]
    seeds, n = training["seeds"], max(map(len, trials.values()))
    schedule = Schedule(training, measured)
    halving = HalvingSettings(**search["halving"]).rungs(n)
    searches = {
        "random search": [(n, None)],
        "successive halving": [(rung.size, rung.epochs) for rung in halving],
    }
    if n == 1:
        searches = {"a single trial" if search["fixed"] is None else "fixed trials": [(1, None)]}
    elif search["method"] == "halving":
        searches = dict(reversed(searches.items()))
    together = min(training["trials_per_job"], n)
    again = repeated_runs(trials, folds * (seeds - 1), schedule)
    found = {
        name: search_runs(trials, rungs, folds, schedule, together) + again
        for name, rungs in searches.items()
    }
    printed = {model: [paper[model]] for model in trials if model in paper}
    if printed and printed != trials:
        found["paper's Table 1"] = repeated_runs(printed, folds * seeds, schedule)
    if variants:
        found[VARIANTS] = []
    for variant in variants.values():
        same = variant["training"]["patience"] == training["patience"]
        own = Schedule(variant["training"], measured if same else {})
        chosen = {model: trials[model] for model in variant["models"]}
        found[VARIANTS] += repeated_runs(chosen, folds * seeds, own)
    return found


class CostModel:
    """The costs of any training run, interpolated between trials whose steps were timed.

    The time of a step is interpolated over the work of its batch, that of validation over the work
    of a crop, both on logarithmic scales.
    """

    def __init__(
        self,
        studies: Iterable[Iterable[RunGroup]],
        time: Callable[[str, Mapping], "StepTime"],
        start: Mapping[str, float],
        rows: int,
        settings: ModelSettings,
    ):
        """Time TIMED_TRIALS trials of each model, from the least to the most work.

        Args:
            studies: The training runs whose costs are of interest.
            time: Times steps of a model with the parameters of a trial; `StepTimer.time`.
            start: {model: seconds until the first step of a job}.
            rows: Frequency rows of a spectrogram.
            settings: Settings of the networks.
        """
        self.start, self.rows, self.settings = start, rows, settings
        work: dict[str, dict[tuple[float, float], Mapping]] = {}
        for group in chain(*studies):
            work.setdefault(group.model, {})[self._work(group.model, group.trial)] = group.trial
        self.timed = {}
        for model, trials in work.items():
            order = sorted(trials)
            indices = np.unique(np.linspace(0, len(order) - 1, TIMED_TRIALS).round().astype(int))
            chosen = [order[index] for index in indices]
            self.timed[model] = [(*key, time(model, trials[key])) for key in chosen]

    def __call__(self, model: str, trial: Mapping) -> RunCost:
        """Return the costs of a model with the parameters of a trial."""
        of_batch, of_crop = self._work(model, trial)
        batches, crops, times = zip(*self.timed[model], strict=True)
        return RunCost(
            step=_interpolate(of_batch, batches, [time.step for time in times]),
            validation=_interpolate(of_crop, crops, [time.validation for time in times]),
            start=self.start[model],
            parameters=self._size(model, trial).parameters,
            memory_mb=training_megabytes(model, self.rows, trial, self.settings),
        )

    @property
    def gpu_bytes(self) -> int:
        """The peak memory of the GPU in the timed steps, 0 on a CPU."""
        return max(time.gpu_bytes for timed in self.timed.values() for *_, time in timed)

    def _size(self, model, trial):
        return MODELS[model].family.size(self.rows, trial, self.settings)

    def _work(self, model, trial):
        """Return the work of a batch and of a crop."""
        work = self._size(model, trial).work
        return work * trial["batch_size"], work


def _interpolate(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    order = np.argsort(xs)
    return float(np.exp(np.interp(np.log(x), np.log(xs)[order], np.log(ys)[order])))


def estimate_training(
    runs: Iterable[RunGroup], corpus: CorpusSize, cost: Callable[[str, Mapping], RunCost]
) -> TrainingEstimate:
    """Add up the costs of training runs.

    Args:
        runs: The training runs.
        corpus: The size of the corpus.
        cost: A function that returns the costs of a model with the parameters of a trial.
    """
    runs, seconds, disk, longest, memory = list(runs), dict.fromkeys(MODELS, 0.0), 0.0, 0.0, 0.0
    for group in runs:
        each = cost(group.model, group.trial)
        steps = corpus.draws // group.trial["batch_size"]
        epoch = steps * each.step + corpus.validation * each.validation
        training = group.epochs * epoch * CHECKPOINTS
        seconds[group.model] += group.count * training + group.jobs * each.start
        longest, memory = max(longest, training + each.start), max(memory, each.memory_mb)
        disk += group.count * BYTES_PER_FLOAT * each.parameters
    count = sum(group.count for group in runs)
    epochs = sum(group.count * group.epochs for group in runs) / count
    seconds = {model: total for model, total in seconds.items() if total}
    return TrainingEstimate(round(count), epochs, seconds, longest, memory, disk)


def other_stages(
    config: Mapping[str, Any],
    trials: Trials,
    corpus: CorpusSize,
    cost: Callable[[str, Mapping], RunCost],
) -> dict[str, float]:
    """Return the seconds of the stages without training, on one core."""
    stages, synthetic, models = {}, config["corpora"]["synthetic"], len(trials)
    if synthetic:
        utterances = synthetic["utterances"] * SYNTHESIS_PER_RECORDING
        stages["synthetic corpora"] = utterances + synthetic["hours"] * SYNTHESIS_PER_HOUR
    hours = corpus.hours.values()
    stages["spectrograms"] = sum(hours) * EXTRACTION_PER_HOUR + len(hours) * START_PER_JOB
    passes = config["evaluation"]["crops"]
    passes *= config["evaluation"]["crop_seeds"] + config["training"]["seeds"] - 1
    prediction = sum(
        np.mean([cost(model, trial).validation for trial in trials[model]]) for model in trials
    )
    evaluation = corpus.recordings * (EVALUATION_PER_RECORDING + passes * prediction)
    stages["evaluation"] = float(evaluation) + START_PER_JOB * (JOBS["evaluation"] + models)
    stages["report"] = models * DRAWING_PER_MODEL + START_PER_JOB * (JOBS["report"] + models)
    return stages

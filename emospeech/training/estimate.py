"""The time, memory and disk space that a study needs, from the times of single steps.

This module does not import torch, and measures nothing itself; see training.step_times.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emospeech.corpora import ami_release, crema_d, iemocap_release, quechua
from emospeech.corpora.iemocap_release import VALENCES
from emospeech.crops.oversampling import epoch_length
from emospeech.folds import FoldSettings
from emospeech.models.catalogue import MODELS
from emospeech.runtime.files import read_json, read_table

BEST_EPOCH = 15  # assumed, if no training run has finished; `patience` epochs follow
CHECKPOINTS = 1.02  # factor of the time of a training run, see checkpoint.MAX_SAVING_SHARE
BYTES_PER_FLOAT = 4
# Assumed sizes of corpora that have not been read.
RECORDINGS = {"crema_d": crema_d.RECORDINGS, "quechua": quechua.RECORDINGS}
HOURS = {"ami": ami_release.HOURS, "quechua": quechua.HOURS}
HOURS_PER_RECORDING = iemocap_release.HOURS / iemocap_release.UTTERANCES  # of other corpora
# Seconds of stages without training on one core, from docs/performance.md.
SYNTHESIS = 0.012  # of a recording
SYNTHESIS_PER_HOUR = 10.0  # of meetings
ACOUSTICS = 0.04  # acoustic features of a recording
STATISTICS = 0.0025  # metrics and intervals, for each recording
JOB = 1.5  # start of a job
DRAWING = 4.0  # figures of a model
JOBS = {"evaluation": 6, "report": 8}  # and one for each model


@dataclass(frozen=True)
class FoldSize:
    """The sizes of the parts of a fold, by default means over the folds.

    Attributes:
        draws: Labelled crops in an epoch.
        validation: Recordings of the validation part.
    """

    draws: float
    validation: float


@dataclass(frozen=True)
class CorpusSize:
    """The size of the labelled corpus of a study.

    Attributes:
        recordings: The number of recordings.
        fold: The mean size of the parts of a fold.
        is_known: Whether the corpus has been read, or its size is assumed.
    """

    recordings: int
    fold: FoldSize
    is_known: bool


@dataclass(frozen=True)
class Runs:
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
    """The estimate of all training runs of a study.

    Attributes:
        runs: The number of training runs.
        epochs: Mean number of epochs.
        seconds: Time of all training runs, one after the other.
        by_model: The same for each model.
        longest: Seconds of the longest training run.
        memory_mb: Peak memory of one training run.
        disk_bytes: Size of the weights.
    """

    runs: int
    epochs: float
    seconds: float
    by_model: dict[str, float]
    longest: float
    memory_mb: float
    disk_bytes: float


def assumed_fold(settings: FoldSettings, recordings: int, oversample: bool) -> FoldSize:
    """Return the size of a fold whose valence labels are distributed as in IEMOCAP.

    The validation speakers are half of a session, or one of the groups of speakers.
    """
    groups = settings.groups if settings.scheme == "speakers" else settings.sessions
    held_out, validation = (2, 1.0) if settings.scheme == "speakers" else (1, 0.5)
    training = recordings * (groups - held_out) / groups
    draws = training
    if oversample:
        labels = np.repeat(list(VALENCES), list(VALENCES.values())).clip(1, 5)
        draws = epoch_length(labels) * training / len(labels)
    return FoldSize(draws, recordings * validation / groups)


def corpus_size(
    recordings: Path, folds: Path, settings: FoldSettings, oversample: bool, assumed: int
) -> CorpusSize:
    """Return the size of the labelled corpus.

    Args:
        recordings: recordings.csv of the corpus, if it has been read.
        folds: folds.csv, if it has been written.
        settings: The folds.
        oversample: Whether the valence classes are drawn equally often.
        assumed: The number of recordings if these files do not exist.
    """
    if not recordings.exists() or not folds.exists():
        fold = assumed_fold(settings, assumed, oversample)
        return CorpusSize(assumed, fold, is_known=False)
    table = read_table(recordings)
    parts = read_table(folds).merge(table[["recording", "valence"]], on="recording")
    labelled = parts[parts["valence"].notna()]
    count = labelled["fold"].nunique()
    training = labelled[labelled["part"] == "train"].groupby("fold")["valence"]
    size = (lambda labels: epoch_length(labels.to_numpy(float))) if oversample else len
    draws = sum(size(labels) for _, labels in training)
    validation = (labelled["part"] == "validation").sum()
    return CorpusSize(len(table), FoldSize(draws / count, validation / count), is_known=True)


def assumed_recordings(corpus: str) -> int:
    """Return the number of recordings of a corpus that has not been read."""
    return RECORDINGS.get(corpus, iemocap_release.UTTERANCES)


def corpus_hours(corpus: str, recordings: Path, count: int) -> float:
    """Return the hours of audio of a corpus.

    Args:
        corpus: Its name.
        recordings: Its recordings.csv, if it has been read.
        count: The number of recordings, which counts for corpora of unknown length.
    """
    if recordings.exists():
        return float(read_table(recordings)["duration"].sum() / 3600)
    return HOURS.get(corpus, count * HOURS_PER_RECORDING)


def other_stages(recordings: int, models: int, predicting: float) -> dict[str, float]:
    """Return the seconds of the stages after training, on one core.

    Args:
        recordings: The number of labelled recordings.
        models: The number of models.
        predicting: Seconds of the passes over all test recordings, for each model.
    """
    jobs = {stage: JOB * (count + models) for stage, count in JOBS.items()}
    evaluation = recordings * (ACOUSTICS + STATISTICS) + models * predicting
    return {
        "evaluation": evaluation + jobs["evaluation"],
        "report": models * DRAWING + jobs["report"],
    }


def measured_epochs(training: Path) -> dict[str, float]:
    """Return the mean number of epochs of the finished training runs of each model.

    `training` is the folder of the training runs of a study.
    """
    found: dict[str, list[int]] = {}
    for file in training.glob("*/trial-*/fold-*/validation.json"):
        result = read_json(file)
        found.setdefault(result["model"], []).append(result["epochs"])
    return {model: sum(epochs) / len(epochs) for model, epochs in found.items()}


def assumed_epochs(patience: int, max_epochs: int, pretraining: int = 0) -> int:
    """Return the number of epochs if the best one with labels is BEST_EPOCH."""
    return min(max_epochs, pretraining + BEST_EPOCH + patience)


def search_runs(
    trials: Mapping[str, Sequence[Mapping]],
    folds: int,
    epochs: Callable[[str], float],
    seeds: int = 1,
    trials_per_job: int = 1,
) -> list[Runs]:
    """Return the training runs of a search that trains all trials to the end.

    Args:
        trials: {model: parameters of each trial}.
        folds: The number of folds.
        epochs: A function that returns the epochs of the training runs of a model.
        seeds: Training runs of the selected trial on each fold, with the one of the search.
        trials_per_job: Trials of a fold that share a job.
    """
    runs = []
    for model, parameters in trials.items():
        n, jobs = len(parameters), -(-len(parameters) // trials_per_job)
        for trial in parameters:
            # The selected trial is not known, so each trial has a share in the further seeds.
            again = folds * (seeds - 1) / n
            runs.append(Runs(model, trial, epochs(model), folds + again, folds * jobs / n + again))
    return runs


def halving_runs(
    trials: Mapping[str, Sequence[Mapping]],
    rungs: Sequence[tuple[int, int | None]],
    folds: int,
    epochs: Callable[[str], float],
    pretraining: Callable[[str], int],
    trials_per_job: int = 1,
) -> list[Runs]:
    """Return the training runs of successive halving, where each rung trains for further epochs.

    Which trials a rung has is not known before the run, so each trial has an equal share in it.

    Args:
        trials: {model: parameters of each trial}.
        rungs: The number of trials of each rung, and its epochs since the first rung without
            pretraining, or None: until training ends.
        folds: The number of folds.
        epochs: A function that returns the epochs of a whole training run of a model.
        pretraining: A function that returns those among them without labels.
        trials_per_job: Trials of a fold that share a job.
    """
    runs = []
    for model, parameters in trials.items():
        whole, done, n = epochs(model), 0.0, len(parameters)
        for size, end in rungs:
            reached = whole if end is None else min(whole, pretraining(model) + end)
            jobs = -(-size // trials_per_job)
            shares = folds * size / n, folds * jobs / n
            runs += [Runs(model, trial, reached - done, *shares) for trial in parameters]
            done = reached
    return runs


def estimate_training(
    runs: Iterable[Runs], fold: FoldSize, cost: Callable[[str, Mapping], RunCost]
) -> TrainingEstimate:
    """Add up the costs of training runs.

    Args:
        runs: The training runs.
        fold: The size of a fold.
        cost: A function that returns the costs of a model with the parameters of a trial.
    """
    runs, by_model, disk, longest, memory, epochs = list(runs), {}, 0.0, 0.0, 0.0, 0.0
    for group in runs:
        each = cost(group.model, group.trial)
        steps = fold.draws // group.trial["batch_size"]
        epoch = steps * each.step + fold.validation * each.validation
        training = group.epochs * epoch * CHECKPOINTS
        seconds = group.count * training + group.jobs * each.start
        by_model[group.model] = by_model.get(group.model, 0.0) + seconds
        longest, memory = max(longest, training + each.start), max(memory, each.memory_mb)
        disk += group.count * BYTES_PER_FLOAT * each.parameters
        epochs += group.count * group.epochs
    count = sum(group.count for group in runs)
    return TrainingEstimate(
        runs=round(count),
        epochs=epochs / count,
        seconds=sum(by_model.values()),
        by_model={model: by_model[model] for model in MODELS if model in by_model},
        longest=longest,
        memory_mb=memory,
        disk_bytes=disk,
    )

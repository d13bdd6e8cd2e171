"""Estimate the time, memory and disk space of a study on this machine."""

import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from emospeech.folds import FoldSettings
from emospeech.halving import HalvingSettings
from emospeech.models.catalogue import MODELS
from emospeech.models.settings import PRETRAIN
from emospeech.report.estimate_tables import Machine, StudyEstimate, estimate_text
from emospeech.report.paper import TABLE_1
from emospeech.runtime import jobs
from emospeech.runtime.files import write_text
from emospeech.spectrograms.extraction import write_store
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training import estimate
from emospeech.training.device import describe_device
from emospeech.training.run_costs import RunCosts
from emospeech.training.settings import Settings

AUDIO_SECONDS = 120  # of noise, for the speed of the spectrograms
BYTES = {"float16": 2, "uint8": 1}  # of a value in a store


def main(paths, settings):
    study = Settings.from_config(settings.study)
    spectrograms = SpectrogramSettings(**settings.spectrograms)
    corpus, hours = corpus_sizes(settings, study)
    values = spectrograms.frame_rate * 3600 * spectrograms.rows
    stores = {name: hours[name] * values * BYTES[spectrograms.dtype] for name in hours}
    opened = {
        model: sum(stores.values()) if MODELS[model].unlabelled else stores[settings.labelled]
        for model in settings.trials
    }
    epochs = finished_epochs(settings)
    searches = searches_of(settings, study, epochs)
    trials = {model: [] for model in settings.trials}
    for runs in searches.values():
        for group in runs:
            trials[group.model].append(group.trial)
    costs = RunCosts(study, spectrograms, trials, opened)
    machine = machine_of(settings, study, costs)
    passes = [
        costs(model, trial).validation for model in trials for trial in settings.trials[model]
    ]
    crops = settings.evaluation["crops"] * settings.evaluation["crop_seeds"]
    stages = first_stages(settings.synthetic, hours, spectrograms)
    stages |= estimate.other_stages(
        corpus.recordings, len(trials), corpus.recordings * crops * sum(passes) / len(passes)
    )
    studies = [
        StudyEstimate(
            name, estimate.estimate_training(runs, corpus.fold, costs), stages, sum(stores.values())
        )
        for name, runs in searches.items()
    ]
    text = estimate_text(studies, machine, corpus, epochs, study.training.patience)
    write_text(paths.text, f"{text}\n")


def corpus_sizes(settings, study):
    """Return the size of the labelled corpus, and the hours of audio of each corpus."""
    synthetic, labelled = settings.synthetic, settings.labelled
    tables = {
        name: Path(settings.corpora, name, "recordings.csv")
        for name in dict.fromkeys([labelled, *settings.unlabelled])
    }
    assumed = synthetic["utterances"] if synthetic else estimate.assumed_recordings(labelled)
    folds = FoldSettings(**settings.folds)
    corpus = estimate.corpus_size(
        tables[labelled], Path(settings.folds_table), folds, study.labels.oversample, assumed
    )
    hours = {
        name: estimate.corpus_hours(name, table, corpus.recordings)
        for name, table in tables.items()
    }
    limit = synthetic["hours"] if synthetic else settings.ami_hours
    if "ami" in hours and limit is not None:
        hours["ami"] = min(hours["ami"], limit)
    return corpus, hours


def finished_epochs(settings):
    """Return the mean epochs of the finished training runs of each model.

    Halving stops most of them early, so they do not show how long others take.
    """
    return {} if settings.method == "halving" else estimate.measured_epochs(Path(settings.training))


def searches_of(settings, study, measured):
    """Return the training runs of the study, of the other kind of search, and of Table 1.

    `measured` are the mean epochs of some models; others are assumed.
    """
    training, folds, trials = study.training, settings.n_folds, settings.trials

    def pretraining(model):
        is_separate = MODELS[model].family.training_key and study.apc.schedule == PRETRAIN
        return study.apc.pretrain_epochs if is_separate else 0

    def epochs(model):
        assumed = (training.patience, training.max_epochs, pretraining(model))
        return measured.get(model, estimate.assumed_epochs(*assumed))

    searched = max(map(len, trials.values()))
    rungs = HalvingSettings(**settings.halving).rungs(searched)
    sizes = [(rung.size, rung.epochs) for rung in rungs]
    together = min(settings.trials_per_job, searched)
    random = estimate.search_runs(trials, folds, epochs, settings.seeds, together)
    halving = estimate.halving_runs(trials, sizes, folds, epochs, pretraining, together)
    found = {"random search": random}
    if searched > 1:
        found["successive halving"] = halving
        if settings.method == "halving":
            found = dict(reversed(found.items()))
    paper = {model: [TABLE_1[model]] for model in trials if model in TABLE_1}
    if paper and paper != trials:
        found["paper's Table 1"] = estimate.search_runs(paper, folds, epochs)
    return found


def machine_of(settings, study, costs):
    """Return the machine on which steps were timed."""
    hardware, threads = describe_device(costs.device), study.training.threads
    is_gpu = hardware["device"] == "cuda"  # which is used by one job at a time
    return Machine(
        device=hardware["device"],
        name=hardware["gpu"] or hardware["processor"],
        precision=costs.precision,
        threads=threads,
        parallel=1 if is_gpu else max(1, settings.cores // threads),
        gpu_bytes=costs.gpu_bytes(),
    )


def first_stages(synthetic, hours, spectrograms):
    """Return the seconds of the stages before training."""
    stages = {}
    if synthetic:
        stages["synthetic corpora"] = (
            synthetic["utterances"] * estimate.SYNTHESIS
            + synthetic["hours"] * estimate.SYNTHESIS_PER_HOUR
        )
    seconds = sum(hours.values()) * seconds_per_hour(spectrograms) + len(hours) * estimate.JOB
    return stages | {"spectrograms": seconds}


def seconds_per_hour(spectrograms):
    """Return the seconds that the spectrograms of an hour of audio take on one core."""
    rate = spectrograms.sample_rate
    noise = 0.1 * np.random.default_rng(0).standard_normal(AUDIO_SECONDS * rate)
    recordings = pd.DataFrame({"recording": ["noise"], "path": ["noise.wav"]})
    words = pd.DataFrame({"recording": ["noise"], "start": [0.0], "end": [1.0]})
    with tempfile.TemporaryDirectory() as folder:
        soundfile.write(Path(folder, "noise.wav"), noise, rate)
        times = []
        for name in ("first.h5", "second.h5"):  # the first time includes imports
            start = time.perf_counter()
            write_store(Path(folder, name), recordings, words, folder, spectrograms)
            times.append(time.perf_counter() - start)
    return min(times) * 3600 / AUDIO_SECONDS


if __name__ == "__main__":
    jobs.run(main, snakemake)

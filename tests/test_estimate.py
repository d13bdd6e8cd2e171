"""The estimate of what a study needs follows from the times of single steps."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from emospeech import estimate
from emospeech.corpora.corpus_tables import load_recordings
from emospeech.crops.oversampling import draw_epoch
from emospeech.estimate import (
    CHECKPOINTS,
    CorpusSize,
    CostModel,
    RunCost,
    RunGroup,
    Schedule,
    StudyEstimate,
    assumed_sizes,
    corpus_size,
    estimate_training,
    measured_epochs,
    search_runs,
    study_runs,
)
from emospeech.folds import FoldSettings
from emospeech.labels import LabelSettings
from emospeech.models.catalogue import MODELS, build
from emospeech.models.settings import ModelSettings
from emospeech.report.estimate_tables import Machine, estimate_text
from emospeech.report.paper import TABLE_1
from emospeech.runtime.files import read_table, write_json, write_table
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.step_times import StepTime, StepTimer
from tests.run_environment import run_environment
from tests.settings import LABELS, PARAMETERS, emotion_labels, settings_of

ROOT = Path(__file__).parents[1]
SETTINGS = settings_of(shared_units=16, latent_size=8)
PLAIN = LabelSettings(oversample=False)
CORPUS = CorpusSize(recordings=150, draws=100, validation=10, hours={"a": 1.0}, is_known=True)
TRIALS = {
    "BasicCNN": [{"batch_size": 16, "cost": 1.0}, {"batch_size": 32, "cost": 3.0}],
    "BasicDCGAN": [{"batch_size": 64, "cost": 2.0}, {"batch_size": 8, "cost": 0.5}],
}
EPOCHS = {"BasicCNN": 7, "BasicDCGAN": 12}
TRAINING = {"patience": 5, "max_epochs": 200, "seeds": 1, "trials_per_job": 1}
TRAINING |= {"apc": {"schedule": "joint", "pretrain_epochs": 3}}
SCHEDULE = Schedule(TRAINING, EPOCHS)
CONFIG = {
    "corpora": {"labelled": "a", "synthetic": None, "ami": {"hours": None}},
    "labels": {"oversample": True},
    "folds": {},
    "search": {"method": "random", "fixed": None, "halving": {"first_epochs": 2}},
    "training": TRAINING,
}


def cost_of(model, trial):
    memory = 1000 * trial["cost"]
    return RunCost(trial["cost"], 0.1, start=5.0, parameters=1000, memory_mb=memory)


def test_a_search_costs_the_sum_of_all_its_epochs_and_starts():
    total, longest, epochs = 0.0, 0.0, 0
    for model, trials in TRIALS.items():
        for _ in range(5):  # folds
            total += 5.0  # the two trials share a job
            for trial in trials:
                run = 0.0
                for _ in range(EPOCHS[model]):
                    run += CHECKPOINTS * 10 * 0.1
                    run += CHECKPOINTS * trial["cost"] * (100 // trial["batch_size"])
                total += run
                epochs += EPOCHS[model]
                longest = max(longest, run + 5.0)
    runs = search_runs(TRIALS, [(2, None)], 5, SCHEDULE, trials_per_job=2)
    found = estimate_training(runs, CORPUS, cost_of)
    assert list(found.seconds) == list(TRIALS)
    assert sum(found.seconds.values()) == pytest.approx(total)
    assert found.longest == pytest.approx(longest)
    assert found.runs == 20
    assert found.epochs == pytest.approx(epochs / 20)
    assert found.memory_mb == 3000
    assert found.disk_bytes == 20 * 4000


def total(runs, name="count"):
    return sum(getattr(group, name) for group in runs)


def total_epochs(runs):
    return sum(group.count * group.epochs for group in runs)


def test_halving_trains_as_many_epochs_as_its_rungs():
    trials = {"BasicAPC": [{"batch_size": 16, "cost": 1.0}] * 9}
    rungs = [(9, 2), (3, 6), (1, None)]

    def runs(epochs, schedule="joint"):
        training = TRAINING | {"apc": {"schedule": schedule, "pretrain_epochs": 3}}
        return search_runs(trials, rungs, 5, Schedule(training, {"BasicAPC": epochs}))

    # 9 trials for 2 epochs, 3 of them for 4 more and the best one for the last 4.
    epochs = 5 * (9 * 2 + 3 * 4 + 1 * 4)
    assert total_epochs(runs(10)) == pytest.approx(epochs)
    assert total(runs(10)) == total(runs(10), "jobs") == pytest.approx(5 * 13)
    assert total_epochs(runs(13, "pretrain")) == pytest.approx(epochs + 5 * 9 * 3)
    assert total_epochs(runs(4)) == pytest.approx(5 * (9 * 2 + 3 * 2))


def changed(section, **values):
    return CONFIG | {section: CONFIG[section] | values}


@pytest.mark.parametrize("seeds", [1, 3])
def test_each_way_to_search_repeats_the_selected_trials_with_all_seeds(seeds):
    config = changed("training", seeds=seeds)
    found = study_runs(config, TRIALS, 5, {}, EPOCHS, TABLE_1)
    again = (seeds - 1) * 5 * 2  # folds, models
    assert list(found) == ["random search", "successive halving", "paper's Table 1"]
    counts = [total(runs) - again for runs in found.values()]
    assert counts == pytest.approx([2 * 5 * 2, (2 + 1) * 5 * 2, 5 * 2])
    epochs = total_epochs(found["successive halving"])
    assert epochs == pytest.approx(
        (5 * 2 + (seeds - 1) * 5) * 7 + 5 * 2 + 5 * 12 * seeds + 5 * 2 - 35
    )
    halving = changed("search", method="halving")
    assert next(iter(study_runs(halving, TRIALS, 5, {}, EPOCHS, {}))) == "successive halving"


def test_studies_without_a_search_are_not_called_random():
    one = {model: trials[:1] for model, trials in TRIALS.items()}
    single = study_runs(CONFIG, one, 5, {}, EPOCHS, TABLE_1)
    assert list(single) == ["a single trial", "paper's Table 1"]
    fixed = changed("search", fixed={"BasicCNN": {}, "BasicDCGAN": {}})
    printed = {model: [TABLE_1[model]] for model in TRIALS}
    assert list(study_runs(fixed, printed, 5, {}, EPOCHS, TABLE_1)) == ["fixed trials"]


def test_variants_train_the_selected_trials_of_their_models_again():
    variants = {
        "hard": {"models": ["BasicCNN", "BasicDCGAN"], "training": TRAINING},
        "patient": {"models": ["BasicDCGAN"], "training": TRAINING | {"patience": 20}},
        "crops_5": {"models": [], "training": TRAINING},
    }
    config = changed("training", seeds=3)
    runs = study_runs(config, TRIALS, 5, variants, EPOCHS, TABLE_1)[estimate.VARIANTS]
    assert total(runs) == total(runs, "jobs") == pytest.approx(5 * 3 * 3)
    # The patience changes the number of epochs, so that the measured one is not used.
    patient = estimate.BEST_EPOCH + 20
    assert total_epochs(runs) == pytest.approx(5 * 3 * (7 + 12 + patient))


def test_epochs_are_measured_or_assumed_up_to_the_maximum(tmp_path):
    def epochs(**training):
        return Schedule(TRAINING | training, {}).epochs("BasicAPC")

    assert epochs() == estimate.BEST_EPOCH + 5
    assert epochs(apc={"schedule": "pretrain", "pretrain_epochs": 10}) == estimate.BEST_EPOCH + 15
    assert epochs(max_epochs=7) == 7
    assert measured_epochs(CONFIG, tmp_path) == {}
    for trial, number in enumerate([4, 7]):
        path = tmp_path / f"BasicCNN/trial-{trial}/fold-1/validation.json"
        write_json(path, {"model": "BasicCNN", "epochs": number})
    assert measured_epochs(CONFIG, tmp_path) == {"BasicCNN": 5.5}
    assert measured_epochs(changed("search", method="halving"), tmp_path) == {}


@pytest.mark.parametrize("oversample", [True, False])
def test_the_sizes_of_a_corpus_that_was_read_are_those_of_its_folds(corpus, tmp_path, oversample):
    (tmp_path / "a").symlink_to(corpus)
    size = corpus_size(
        changed("labels", oversample=oversample), tmp_path, corpus / "folds.csv", ["ami"]
    )
    table = read_table(corpus / "recordings.csv")
    parts = read_table(corpus / "folds.csv").merge(table, on="recording").dropna(subset="valence")
    draws = []
    for _, training in parts[parts["part"] == "train"].groupby("fold"):
        labels = training["valence"].to_numpy(float)
        order = draw_epoch(labels, 5, np.random.default_rng(0)) if oversample else labels
        draws.append(len(order))
    assert size.is_known
    assert (size.recordings, size.draws) == (36, np.mean(draws))
    assert size.validation == (parts["part"] == "validation").sum() / 2
    assert size.hours == {"a": table["duration"].sum() / 3600, "ami": estimate.HOURS["ami"]}


def test_a_corpus_that_was_not_read_is_assumed_to_be_like_iemocap(tmp_path):
    synthetic = {"utterances": 600, "hours": 0.3}
    config = changed("corpora", synthetic=synthetic) | {"labels": {"oversample": False}}
    size = corpus_size(config, tmp_path, tmp_path / "folds.csv", ["ami"])
    assert not size.is_known
    assert (size.recordings, size.draws, size.validation) == (600, 480, 60)
    assert size.hours["ami"] == 0.3
    assert assumed_sizes(FoldSettings(scheme="speakers"), 600, PLAIN) == (360, 120)
    # The largest class has more than a fifth of the recordings.
    assert assumed_sizes(FoldSettings(), 600, LABELS)[0] > 480


def test_the_sizes_of_a_corpus_with_emotions_count_the_recordings_of_the_classes(corpus, tmp_path):
    """Three of nine recordings of each speaker are in no class, and all lack valence."""
    table = load_recordings(corpus / "recordings.csv").assign(valence=np.nan)
    table["emotion"] = ["a", "b", "b", "b", "b", "a", "c", "", "c"] * 4
    write_table(tmp_path / "a" / "recordings.csv", table)
    classes = {"target": "emotion", "classes": {"a": ["a"], "b": ["b"]}, "encoding": "hard"}
    for oversample, draws in ((True, 2 * 2 * 4), (False, 2 * 6)):
        config = changed("labels", oversample=oversample, **classes)
        size = corpus_size(config, tmp_path, corpus / "folds.csv", [])
        assert (size.draws, size.validation) == (draws, 6)


def test_emotions_are_assumed_to_be_as_frequent_as_in_iemocap():
    """An epoch has as many recordings of each class as the largest, neutral, has."""
    classes = {"angry": ["ang"], "happy": ["hap", "exc"], "neutral": ["neu"], "sad": ["sad"]}
    labels = LabelSettings(target="emotion", classes=classes, encoding="hard")
    draws, validation = assumed_sizes(FoldSettings(), 10039, labels)
    assert draws == pytest.approx(4 * 1708 * 4 / 5)
    assert validation == pytest.approx(5531 / 10)
    others = emotion_labels(["joy", "awe", "fear"])
    assert assumed_sizes(FoldSettings(), 600, others)[0] == pytest.approx(480)


@pytest.mark.parametrize("name", MODELS)
def test_the_size_of_a_network_is_that_of_its_layers(name):
    # Large enough that heads, biases and normalisation do not matter.
    trial = PARAMETERS | {"filters": 24, "hidden_units": 64, "layers": 2}
    size = MODELS[name].family.size(32, trial, SETTINGS.models)
    learner = build(name, 32, trial, SETTINGS.models, seed=0)
    count = sum(parameter.numel() for parameter in learner.network.parameters())
    assert size.parameters == pytest.approx(count, rel=0.15)
    if MODELS[name].family_name in ("CNN", "DCGAN"):  # the counter does not know LSTMs
        with FlopCounterMode(display=False) as counter:
            learner.network.classify(torch.zeros(1, 1, trial["crop_width"], 32))
            if learner.generator is not None:
                learner.generator(torch.zeros(1, SETTINGS.models.latent_size))
        assert size.work == pytest.approx(counter.get_total_flops() / 2, rel=0.05)


def test_times_between_timed_networks_are_interpolated():
    timed = []

    def time(model, trial):
        timed.append(trial["filters"])
        work = MODELS[model].family.size(32, trial, ModelSettings()).work
        return StepTime(step=(work * trial["batch_size"]) ** 0.8, validation=work / 1000)

    trials = [PARAMETERS | {"filters": n, "batch_size": 256 // n} for n in (4, 64, 8, 16, 32)]
    runs = [RunGroup("BasicCNN", trial, 1, 1, 1) for trial in trials]
    costs = CostModel([runs[:2], runs[1:]], time, {"BasicCNN": 2.0}, 32, ModelSettings())
    assert timed == [4, 16, 64]
    for trial in trials:
        expected = time("BasicCNN", trial)
        found = costs("BasicCNN", trial)
        assert found.step == pytest.approx(expected.step)
        assert found.validation == pytest.approx(expected.validation)
        assert found.start == 2.0


def test_the_steps_of_all_models_are_timed():
    timer = StepTimer(SETTINGS, SpectrogramSettings(rows=32), cores=1)
    for model in MODELS:
        time = timer.time(model, PARAMETERS)
        assert 0 < time.validation < time.step < 5
        assert time.gpu_bytes == 0


def test_a_step_of_a_large_network_is_extrapolated_from_few_crops(monkeypatch):
    timer = StepTimer(SETTINGS, SpectrogramSettings(), cores=1)
    trial = PARAMETERS | {"filters": 24, "filter_size": 6, "batch_size": 32}
    whole = timer.time("BasicCNN", trial).step
    monkeypatch.setattr("emospeech.training.step_times.LONG_STEP", 0.0)
    assert whole / 2 < timer.time("BasicCNN", trial).step < 2 * whole


def text_of(machine, seconds=10.0, variants=()):
    runs = search_runs(TRIALS, [(2, None)], 5, SCHEDULE)
    training = estimate_training(runs, CORPUS, cost_of)
    training = replace(training, seconds={"BasicCNN": seconds}, longest=0.0)
    trainings = {"one search": training} | dict.fromkeys(variants, training)
    study = StudyEstimate(trainings, {"folds": 2.0}, CORPUS, 1e9, {})
    return estimate_text(study, machine, patience=5)


CPU = {"device": "cpu", "gpu": None, "processor": "a processor", "threads": 2}


def test_the_text_shows_each_study_and_model():
    text = text_of(Machine(CPU, "float32", cores=8), 80.0, [estimate.VARIANTS])
    for word in ("one search", estimate.VARIANTS, "folds", "BasicCNN", "a processor", "150"):
        assert word in text
    # Four training runs with two threads each share the 80 s; the variants need no other stages.
    rows = {line[:22].strip(): line[22:].split() for line in text.splitlines()}
    assert rows["one search"][2:6] == ["20", "s", "22", "s"]
    assert rows[estimate.VARIANTS][2:6] == ["20", "s", "20", "s"]


@pytest.mark.parametrize(("days", "needs_gpu"), [(0.5, False), (4.0, True)])
def test_a_gpu_is_needed_if_training_takes_more_than_a_day_on_all_cores(days, needs_gpu):
    machine = Machine(CPU, "float32", cores=4)
    advice = text_of(machine, 2 * days * 24 * 3600).splitlines()[-1]
    assert ("GPU" in advice) == needs_gpu
    assert ("4 d" in advice or "96 h" in advice) == needs_gpu


def test_training_runs_share_a_gpu_one_after_the_other():
    hardware = CPU | {"device": "cuda", "gpu": "a GPU"}
    machine = Machine(hardware, "bfloat16", cores=8, gpu_bytes=3_200_000_000)
    text = text_of(machine, 40 * 24 * 3600)
    assert machine.parallel == 1
    assert "40 d" in text
    assert "a GPU" in text
    assert "a processor" not in text
    assert "3.2 GB" in text
    assert "GPU is needed" not in text


@pytest.mark.workflow
def test_the_study_is_estimated_without_its_corpora(tmp_path):
    small = {"trials": 2, "space": {"filters": [4], "filter_size": [3], "crop_width": [64]}}
    config = {"search": small, "training": {"threads": 1}}
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(json.dumps(config))
    command = [sys.executable, "-m", "snakemake", "estimate", "--cores", "1"]
    done = subprocess.run(
        [*command, "--snakefile", ROOT / "Snakefile", "--directory", tmp_path],
        capture_output=True,
        text=True,
        env=os.environ | run_environment(),
    )
    assert done.returncode == 0, done.stderr
    for model in ("BasicCNN", "MultitaskCNN", "BasicDCGAN", "MultitaskDCGAN"):
        assert model in done.stdout
    results = tmp_path / "results"
    assert sorted(os.listdir(results)) == ["benchmarks", "logs"]
    assert not (results / "logs/plan.json").exists(), "it is the plan of the last run of the study"

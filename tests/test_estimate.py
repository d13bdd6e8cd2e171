"""The estimate of what a study needs follows from the times of single steps."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from emospeech.crops.oversampling import draw_epoch
from emospeech.folds import FoldSettings
from emospeech.models.catalogue import MODELS, build
from emospeech.report.estimate_tables import Machine, StudyEstimate, estimate_text
from emospeech.runtime.files import read_table, write_json
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training import estimate
from emospeech.training.estimate import (
    CHECKPOINTS,
    FoldSize,
    RunCost,
    assumed_epochs,
    assumed_fold,
    corpus_size,
    estimate_training,
    halving_runs,
    measured_epochs,
    search_runs,
)
from emospeech.training.run_costs import RunCosts
from emospeech.training.step_times import StepTime, StepTimes
from tests.run_environment import run_environment
from tests.settings import PARAMETERS, settings_of

ROOT = Path(__file__).parents[1]
SETTINGS = settings_of(shared_units=16, latent_size=8)
FOLD = FoldSize(draws=100, validation=10)
TRIALS = {
    "BasicCNN": [{"batch_size": 16, "cost": 1.0}, {"batch_size": 32, "cost": 3.0}],
    "BasicDCGAN": [{"batch_size": 64, "cost": 2.0}, {"batch_size": 8, "cost": 0.5}],
}
EPOCHS = {"BasicCNN": 7, "BasicDCGAN": 12}


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
    runs = search_runs(TRIALS, 5, EPOCHS.get, trials_per_job=2)
    found = estimate_training(runs, FOLD, cost_of)
    assert found.seconds == pytest.approx(total)
    assert found.seconds == pytest.approx(sum(found.by_model.values()))
    assert found.longest == pytest.approx(longest)
    assert found.runs == 20
    assert found.epochs == pytest.approx(epochs / 20)
    assert found.memory_mb == 3000
    assert found.disk_bytes == 20 * 4000


def test_more_seeds_train_one_trial_per_fold_again():
    runs = search_runs(TRIALS, 5, EPOCHS.get, seeds=3)
    assert sum(group.count for group in runs) == 20 + 2 * 5 * len(TRIALS)
    assert sum(group.jobs for group in runs) == 20 + 2 * 5 * len(TRIALS)


def test_halving_trains_as_many_epochs_as_its_rungs():
    trials = {"BasicCNN": [{"batch_size": 16, "cost": 1.0}] * 9}
    rungs = [(9, 2), (3, 6), (1, None)]
    runs = halving_runs(trials, rungs, 5, lambda model: 10, lambda model: 0)
    # 9 trials for 2 epochs, 3 of them for 4 more and the best one for the last 4.
    epochs = sum(group.count * group.epochs for group in runs)
    assert epochs == pytest.approx(5 * (9 * 2 + 3 * 4 + 1 * 4))
    assert sum(group.count for group in runs) == pytest.approx(5 * 13)
    with_pretraining = halving_runs(trials, rungs, 5, lambda model: 13, lambda model: 3)
    more = sum(group.count * group.epochs for group in with_pretraining)
    assert more == pytest.approx(epochs + 5 * 9 * 3)
    early = halving_runs(trials, rungs, 5, lambda model: 4, lambda model: 0)
    assert sum(group.count * group.epochs for group in early) == pytest.approx(5 * (9 * 2 + 3 * 2))


def test_epochs_are_measured_or_assumed_up_to_the_maximum(tmp_path):
    assert assumed_epochs(5, 200) == estimate.BEST_EPOCH + 5
    assert assumed_epochs(5, 200, pretraining=10) == estimate.BEST_EPOCH + 15
    assert assumed_epochs(5, 7) == 7
    assert measured_epochs(tmp_path) == {}
    for trial, epochs in enumerate([4, 7]):
        path = tmp_path / f"BasicCNN/trial-{trial}/fold-1/validation.json"
        write_json(path, {"model": "BasicCNN", "epochs": epochs})
    assert measured_epochs(tmp_path) == {"BasicCNN": 5.5}


@pytest.mark.parametrize("oversample", [True, False])
def test_the_sizes_of_a_corpus_that_was_read_are_those_of_its_folds(corpus, oversample):
    paths = corpus / "recordings.csv", corpus / "folds.csv"
    size = corpus_size(*paths, FoldSettings(2), oversample, assumed=5)
    parts = (
        read_table(paths[1]).merge(read_table(paths[0]), on="recording").dropna(subset="valence")
    )
    draws = []
    for _, training in parts[parts["part"] == "train"].groupby("fold"):
        labels = training["valence"].to_numpy(float)
        order = draw_epoch(labels, np.random.default_rng(0)) if oversample else labels
        draws.append(len(order))
    assert size.is_known
    assert size.recordings == 36
    assert size.fold == FoldSize(np.mean(draws), (parts["part"] == "validation").sum() / 2)


def test_a_corpus_that_was_not_read_is_assumed_to_be_like_iemocap(tmp_path):
    paths = tmp_path / "recordings.csv", tmp_path / "folds.csv"
    size = corpus_size(*paths, FoldSettings(), oversample=False, assumed=600)
    assert not size.is_known
    assert size.fold == FoldSize(480, 60)
    assert assumed_fold(FoldSettings(scheme="speakers"), 600, False) == FoldSize(360, 120)
    # The largest class has more than a fifth of the recordings.
    assert assumed_fold(FoldSettings(), 600, True).draws > 480


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
    def time(model, trial):
        return StepTime(fixed=0.1, per_crop=trial["work"] / 100, validation=trial["work"] / 1000)

    trials = [(work, {"work": work}) for work in (1.0, 16.0, 2.0, 4.0, 8.0)]
    times = StepTimes.measure({"BasicCNN": trials}, 3, time)
    assert [work for work, _ in times.timed["BasicCNN"]] == [1.0, 4.0, 16.0]
    for work, _ in trials:
        found = times.of("BasicCNN", work)
        assert found.step(10) == pytest.approx(0.1 + work / 10)
        assert found.validation == pytest.approx(work / 1000)


def test_the_costs_of_all_models_are_measured_with_real_steps():
    spectrograms = SpectrogramSettings(rows=32)
    trials = {model: [PARAMETERS, PARAMETERS | {"filters": 6, "layers": 2}] for model in MODELS}
    costs = RunCosts(SETTINGS, spectrograms, trials, dict.fromkeys(MODELS, 1e6))
    for model in MODELS:
        cost = costs(model, PARAMETERS)
        assert 0 < cost.validation < cost.step < 5
        assert cost.start > 0
    assert costs.gpu_bytes() == 0


def test_the_text_shows_each_study_and_model():
    runs = search_runs(TRIALS, 5, EPOCHS.get)
    study = StudyEstimate("one search", estimate_training(runs, FOLD, cost_of), {"folds": 1.0}, 1e9)
    other = StudyEstimate("another", estimate_training(runs[:1], FOLD, cost_of), {}, 1e9)
    size = corpus_size(Path("none"), Path("none"), FoldSettings(), True, assumed=600)
    machine = Machine("cpu", "a processor", "float32", threads=1, parallel=2)
    text = estimate_text([study, other], machine, size, {}, patience=5)
    for word in ("one search", "another", "folds", *TRIALS, "a processor", "600"):
        assert word in text
    assert study.training_seconds(2) == study.training.seconds / 2
    assert study.training_seconds(100) == study.training.longest
    assert study.seconds(2) == study.training_seconds(2) + 1.0


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

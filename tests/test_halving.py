"""Successive halving: the sizes of the rungs, the ranking of trials, and training in parts."""

import itertools
import logging
import os
import runpy
import shutil
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from emospeech.halving import HalvingSettings, Rung, last_rungs, next_rung, ranking_folds
from emospeech.models.catalogue import MODELS
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_json, write_json
from emospeech.search import choose_trials, rank_trials
from emospeech.training.trial import Trial, last_slots
from emospeech.training.weights import save_weights
from tests.conftest import corpus_paths
from tests.settings import PARAMETERS, PREDICTIVE, with_keys
from tests.test_resume import LONG, assert_same, trainer_of
from tests.test_search import parts_of, validations_of

ENDING = None  # epochs of the last rung


@pytest.mark.parametrize(
    ("settings", "trials", "expected"),
    [
        ((3, 3), 20, [(20, 3), (7, 9), (3, 27), (1, ENDING)]),
        ((1, 3), 9, [(9, 1), (3, 3), (1, ENDING)]),
        ((2, 2), 5, [(5, 2), (3, 4), (2, 8), (1, ENDING)]),
        ((3, 10), 2, [(2, 3), (1, ENDING)]),
        ((3, 3), 1, [(1, ENDING)]),
    ],
)
def test_rungs_are_those_computed_by_hand(settings, trials, expected):
    assert HalvingSettings(*settings).rungs(trials) == [Rung(*rung) for rung in expected]


@given(st.integers(1, 500), st.integers(1, 20), st.integers(2, 10))
def test_each_rung_has_fewer_trials_and_more_epochs(trials, first_epochs, factor):
    rungs = HalvingSettings(first_epochs, factor).rungs(trials)
    assert rungs[0].size == trials
    assert rungs[-1] == Rung(1, ENDING)
    for number, (rung, following) in enumerate(itertools.pairwise(rungs)):
        assert rung.epochs == first_epochs * factor**number
        assert 0 <= factor * following.size - rung.size < factor
        assert following.size < rung.size


def test_a_first_rung_that_trains_to_the_end_is_an_error():
    HalvingSettings(6).check(7)
    with pytest.raises(InputError, match=r"^search\.halving\.first_epochs: "):
        HalvingSettings(7).check(7)


def ranked_by_hand(scores, fold, others):
    """Return the trials of a fold from {trial: {fold: UAR or None}}, the best first."""

    def key(trial):
        used = [scores[trial][other] for other in {fold, *others}]
        if None in used:
            return (1, 0, trial)
        return (0, -sum(Fraction(str(scores[trial][other])) for other in others), trial)

    return sorted(scores, key=key)


FEW_SCORES = st.sampled_from([None, 0.1, 0.2, 0.3, 0.6])  # many ties, and means with rounding


@given(st.lists(st.lists(FEW_SCORES, min_size=4, max_size=4), min_size=2, max_size=6), st.data())
def test_ranking_equals_sorting_by_hand(table, data):
    """Also if folds are ranked by their own score, and then contain different trials."""
    ids = data.draw(st.permutations(range(0, 2 * len(table), 2)))
    scores = {trial: dict(enumerate(row, 1)) for trial, row in zip(ids, table, strict=True)}
    rows = [(trial, fold, uar) for trial, row in scores.items() for fold, uar in row.items()]
    validations = pd.DataFrame(rows, columns=["trial", "fold", "uar"])
    size = data.draw(st.integers(1, len(table)))
    for scoring in ({fold: [1, 2, 4] for fold in range(1, 5)}, {f: [f] for f in range(1, 5)}):
        found = next_rung(validations, scoring, size)
        for fold, others in scoring.items():
            assert found[str(fold)] == ranked_by_hand(scores, fold, others)[:size]
    own = {fold: [fold] for fold in range(1, 5)}
    kept = validations[(validations["trial"] != ids[0]) | (validations["fold"] == 1)]
    without = {trial: row for trial, row in scores.items() if trial != ids[0]}
    found = next_rung(kept, own, len(table))
    for fold in own:
        assert found[str(fold)] == ranked_by_hand(scores if fold == 1 else without, fold, [fold])


def test_rounding_errors_do_not_decide_between_equal_means():
    scores = {5: [0.3, 0.2, 0.1], 7: [0.1, 0.2, 0.3]}
    rows = [(trial, f, uar) for trial, row in scores.items() for f, uar in enumerate(row, 1)]
    validations = pd.DataFrame(rows, columns=["trial", "fold", "uar"])
    assert next_rung(validations, {1: [1, 2, 3]}, 1) == {"1": [5]}


def search(rungs, scores, scoring):
    """Return the trials of the later rungs and the final validation UAR of each trial and fold.

    `scores` (rungs, trials, folds) are the highest UAR after each rung, NaN if diverged.
    """
    folds = range(1, scores.shape[2] + 1)
    later, final = [], scores[0].copy()
    for number, rung in enumerate(rungs[1:]):
        chosen = later[-1] if later else dict.fromkeys(map(str, folds), range(rungs[0].size))
        places = [(trial, fold) for fold in folds for trial in chosen[str(fold)]]
        rows = [(trial, fold, scores[number, trial, fold - 1]) for trial, fold in places]
        validations = pd.DataFrame(rows, columns=["trial", "fold", "uar"])
        later.append(next_rung(validations, scoring, rung.size))
        for fold in folds:
            trials = later[-1][str(fold)]
            assert len(trials) == rung.size
            final[trials, fold - 1] = scores[number + 1, trials, fold - 1]
    return later, final


def random_scores(rungs, folds, seed):
    """Return UARs that never decrease from rung to rung, with ties."""
    rng = np.random.default_rng(seed)
    return np.maximum.accumulate(rng.integers(1, 9, (len(rungs), rungs[0].size, folds)) / 10)


PARTS = [(validation, select) for validation in ("F", "both") for select in ("pooled", "fold")]


@pytest.mark.parametrize(("validation", "select"), PARTS)
@pytest.mark.parametrize("seed", range(3))
def test_the_trial_of_the_last_rung_is_chosen(validation, select, seed):
    parts = parts_of(validation)
    scoring = ranking_folds(parts, select)
    rungs = HalvingSettings(1, 3).rungs(9)
    later, final = search(rungs, random_scores(rungs, len(scoring), seed), scoring)
    table = rank_trials([{"filters": 4}] * 9, validations_of(final))
    chosen = {str(fold): [c.trial] for fold, c in choose_trials(table, scoring).items()}
    assert chosen == later[-1]
    assert last_rungs(9, later)[later[-1]["1"][0]] == 2


def test_a_trial_that_diverges_in_the_last_rung_is_not_chosen():
    scoring = ranking_folds(parts_of("F"), "pooled")
    rungs = HalvingSettings(1, 3).rungs(9)
    scores = random_scores(rungs, len(scoring), 0)
    later, _ = search(rungs, scores, scoring)
    (best,) = later[-1]["1"]
    scores[-1, best, 1] = np.nan
    _, final = search(rungs, scores, scoring)
    table = rank_trials([{"filters": 4}] * 9, validations_of(final))
    choices = choose_trials(table, scoring)
    (other,) = {choice.trial for choice in choices.values()}
    assert other != best
    assert table["validation_uar"][other] == np.nanmax(table["validation_uar"])


@pytest.mark.parametrize(("validation", "select"), PARTS)
def test_scores_on_test_speakers_do_not_change_the_search_of_their_fold(validation, select):
    """Neither directly, nor through the training time of other folds."""
    parts = parts_of(validation)
    speakers = parts.groupby(["fold", "part"])["speaker"].agg(set)
    scoring = ranking_folds(parts, select)
    rungs, rng = HalvingSettings(1, 3).rungs(9), np.random.default_rng(5)
    scores = random_scores(rungs, len(scoring), 4)
    later, _ = search(rungs, scores, scoring)
    changed_others = 0
    for fold in scoring:
        forbidden = [n - 1 for n in scoring if speakers[n, "validation"] & speakers[fold, "test"]]
        assert len(forbidden) == (validation == "both")
        other = scores.copy()
        other[:, :, forbidden] = rng.random((*scores.shape[:2], len(forbidden)))
        again, _ = search(rungs, np.maximum.accumulate(other), scoring)
        assert [rung[str(fold)] for rung in again] == [rung[str(fold)] for rung in later]
        changed_others += again != later
    assert changed_others == len(scoring) * (validation == "both")


def test_slots_are_those_of_the_last_rung():
    later = [{"1": [4, 0], "2": [0, 3]}, {"1": [0], "2": [3]}]
    assert last_slots(5, later, 1) == {0: (2, 0), 1: (0, 1), 2: (0, 2), 3: (0, 3), 4: (1, 0)}
    assert last_slots(5, later, 2) == {0: (1, 0), 1: (0, 1), 2: (0, 2), 3: (2, 0), 4: (0, 4)}
    assert last_rungs(5, later) == [2, 0, 0, 2, 1]


PRETRAINING = [(name, 0) for name in MODELS] + [(name, 1) for name in PREDICTIVE]


@pytest.mark.parametrize(("name", "pretraining"), PRETRAINING)
def test_a_training_in_rungs_equals_one_without_pauses(corpus, tmp_path, name, pretraining):
    settings = with_keys(LONG, schedule="pretrain", pretrain_epochs=1) if pretraining else LONG
    whole = trainer_of(corpus, name, settings).train(None, "code")
    previous = None
    for rung, epochs in enumerate([1, 3, 3, ENDING]):
        checkpoint = tmp_path / f"rung-{rung}.safetensors"
        if previous:
            shutil.copyfile(previous, checkpoint)
        part = trainer_of(corpus, name, settings).train(checkpoint, "code", epochs=epochs)
        if epochs:
            assert len(part.history) == part.validation["epochs"] == pretraining + epochs
            assert part.validation["uar"] == part.history["validation_uar"].max()
            assert not part.validation["capped"]
        previous = checkpoint
    assert len(whole.history) > pretraining + 3
    assert_same(part, whole)


def test_a_training_that_has_ended_is_not_continued(corpus, tmp_path):
    settings = with_keys(LONG, patience=1, max_epochs=20)
    checkpoint = tmp_path / "checkpoint"
    whole = trainer_of(corpus, "BasicCNN", settings).train(checkpoint, "code", epochs=18)
    assert len(whole.history) < 18
    again = trainer_of(corpus, "BasicCNN", settings).train(checkpoint, "code")
    assert_same(again, whole)
    assert not again.validation["capped"]


SCRIPT = runpy.run_path(str(Path(__file__).parents[1] / "workflow/scripts/train_rung.py"))
NAMES = ["weights.safetensors", "history.csv", "draws.csv.gz", "validation.json"]
NAMES += ["generated.npz", "hardware.json", "checkpoint.safetensors"]
DIVERGING = 1e30  # learning rate


def train_rung(corpus, folder, rung, rungs=(), previous=(), **params):
    """Run the script on fold 1 for trials with a learning rate of 0.001, but trial 1 diverges."""
    folders = [folder / f"rung-{rung}/slot-{slot}" for slot in params["slots"]]
    outputs = {name.partition(".")[0]: [folder / name for folder in folders] for name in NAMES}
    trials = [(n, PARAMETERS | {"learning_rate": DIVERGING if n == 1 else 1e-3}) for n in range(3)]
    params |= {"model": "BasicCNN", "fold": 1, "seed": 1, "code": "code", "study": LONG.to_config()}
    params |= {"checkpoints": [str(folder / ".checkpoint.safetensors") for folder in folders]}
    SCRIPT["main"](
        corpus_paths(corpus, unlabelled=[], rungs=rungs, previous=previous, **outputs),
        SimpleNamespace(**params, trials=trials),
    )
    assert not [file for file in params["checkpoints"] if Path(file).exists()]
    return folders


def test_the_script_of_a_rung_continues_the_trials_in_its_slots(corpus, tmp_path, caplog):
    """Also if there are not enough trials that have not diverged."""
    first = train_rung(corpus, tmp_path, 0, slots=["0", "1", "2"], epochs=1)
    assert [read_json(folder / "validation.json")["diverged"] for folder in first] == [0, 1, 0]
    checkpoints = [folder / NAMES[-1] for folder in first]
    assert [file.stat().st_size > 0 for file in checkpoints] == [True, False, True]
    write_json(tmp_path / "rung-1.json", {"1": [2, 1]})
    stale = tmp_path / "rung-1/slot-0/.checkpoint.safetensors"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(checkpoints[0].read_bytes())  # of another trial, from an earlier config
    os.utime(stale, (0, 0))
    rungs = [tmp_path / "rung-1.json"]
    with caplog.at_level(logging.INFO):
        second = train_rung(corpus, tmp_path, 1, rungs, checkpoints, slots=["0", "1"], epochs=3)
    assert caplog.text.count("resuming after epoch 1") == 1
    found = [read_json(folder / "validation.json") for folder in second]
    assert [(one["trial"], one["epochs"], one["diverged"]) for one in found] == [
        (2, 3, False),
        (1, 1, True),
    ]
    write_json(tmp_path / "rung-2.json", {"1": [2]})
    rungs.append(tmp_path / "rung-2.json")
    previous = [folder / NAMES[-1] for folder in second]
    (last,) = train_rung(corpus, tmp_path, 2, rungs, previous, slots=["0"], epochs=ENDING)
    assert not (last / NAMES[-1]).exists()
    whole = trainer_of(corpus, "BasicCNN", trial=Trial(2, PARAMETERS)).train()
    assert read_json(last / "validation.json") == whole.validation
    save_weights(tmp_path / "whole", whole.weights)
    (weights, expected) = (load_file(file) for file in (last / NAMES[0], tmp_path / "whole"))
    assert all(torch.equal(weights[name], expected[name]) for name in expected)

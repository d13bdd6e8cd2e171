"""Trials: reproducible, within the search space, and selected by validation scores only."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from emospeech.folds import FoldSettings, make_folds
from emospeech.models.catalogue import FAMILIES, MODELS
from emospeech.report.paper import TABLE_1
from emospeech.runtime.errors import InputError
from emospeech.search import (
    SearchSpace,
    SequentialSpace,
    best_trials,
    choose_trials,
    chosen_histories,
    draw_trial,
    fixed_trials,
    mark_chosen,
    rank_trials,
    selection_folds,
)
from emospeech.training.trial import file_of_trial, trial_of_fold

SPACE = SearchSpace()
PARAMETERS = FAMILIES["CNN"].parameters


def read_config(name):
    return yaml.safe_load((Path(__file__).parents[1] / f"config/{name}.yaml").read_text())


def test_trials_depend_on_seed_and_id_only():
    trials = [draw_trial(SPACE, PARAMETERS, 1, trial_id) for trial_id in range(20)]
    assert draw_trial(SPACE, PARAMETERS, 1, 7) == trials[7]
    assert draw_trial(SPACE, PARAMETERS, 2, 7) != trials[7]
    assert len({tuple(trial.values()) for trial in trials}) > 15


def test_trials_cover_exactly_the_search_space():
    trials = pd.DataFrame([draw_trial(SPACE, PARAMETERS, 1, number) for number in range(3000)])
    for name in ("crop_width", "batch_size", "learning_rate", "filters"):
        assert set(trials[name]) == set(getattr(SPACE, name))
    for width, rows in trials.groupby("crop_width"):
        assert set(rows["filter_size"]) == set(range(2, width // 8 + 1))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "config",
            [
                (64, 1e-5, 256, 3, 80),
                (128, 1e-4, 64, 11, 88),
                (64, 1e-3, 64, 2, 80),
                (64, 1e-3, 128, 7, 72),
            ],
        ),
        ("demo", [(64, 1e-3, 32, size, 8) for size in (4, 5, 4, 4, 5, 4)]),
    ],
)
def test_trials_of_the_configs_stay_the_same(name, expected):
    """Other values would change the results of every study."""
    space = SearchSpace(**read_config(name)["search"]["space"])
    trials = [draw_trial(space, PARAMETERS, 1, number) for number in range(len(expected))]
    assert [tuple(trial[key] for key in PARAMETERS) for trial in trials] == expected


def test_listed_filter_sizes_are_all_drawn_and_no_others():
    space = SearchSpace(filter_size=(3, 8, 5))
    assert {draw_trial(space, PARAMETERS, 1, number)["filter_size"] for number in range(100)} == {
        3,
        5,
        8,
    }


TRIAL = {"crop_width": 64, "learning_rate": 1e-3, "batch_size": 8, "filter_size": 8, "filters": 4}
RECURRENT = {"crop_width": 64, "learning_rate": 1e-3, "batch_size": 8, "layers": 1}
RECURRENT |= {"hidden_units": 64}
NAMES = ["BasicCNN", "BasicDCGAN"]


def test_fixed_parameters_are_shared_or_by_model():
    first, second = NAMES
    other = TRIAL | {"filters": 9}
    assert fixed_trials(TRIAL, NAMES) == dict.fromkeys(NAMES, TRIAL)
    by_model = {first: TRIAL, second: other, "MultitaskCNN": other}
    assert fixed_trials(by_model, [second, first]) == {second: other, first: TRIAL}


def test_models_use_the_shared_parameters_that_they_have():
    shared = TRIAL | RECURRENT | {"steps_ahead": 5}
    trials = fixed_trials(shared, ["BasicCNN", "BasicLSTM", "BasicAPC"])
    assert list(trials.values()) == [TRIAL, RECURRENT, RECURRENT | {"steps_ahead": 5}]


@pytest.mark.parametrize(
    ("fixed", "named"),
    [
        ({}, "BasicCNN: .*crop_width"),
        ({"BasicCNN": TRIAL}, "BasicDCGAN: .*crop_width"),
        ({"crop_width": 64}, "learning_rate"),
        ({"crop_width": 64, **dict.fromkeys(NAMES, TRIAL)}, ", ".join(NAMES)),
        (TRIAL | dict.fromkeys(NAMES, TRIAL), ", ".join(NAMES)),
        (RECURRENT, "filter_size"),
        (TRIAL | {"filter": 8}, "filter is unknown"),
        ({"BasicCNN": TRIAL, "BasicGAN": TRIAL}, "BasicGAN is unknown"),
        (TRIAL | {"filter_size": 9}, "filter_size 9"),
        ({"BasicCNN": TRIAL, "BasicDCGAN": TRIAL | {"filter_size": 9}}, "filter_size 9"),
    ],
)
def test_fixed_parameters_that_cannot_work_are_refused(fixed, named):
    with pytest.raises(InputError, match=rf"^search\.fixed.*{named}"):
        fixed_trials(fixed, NAMES)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_tries_the_same_values_as_without_unlabelled_speech(name):
    """Otherwise a difference between the two could be due to the parameters."""
    model, spaces = MODELS[name], {"space": SPACE, "sequential_space": SequentialSpace()}
    counterpart = FAMILIES[model.family.supervised] if model.unlabelled else model.family
    space = spaces[model.family.space]
    for number in range(20):
        own = draw_trial(space, model.family.parameters, 1, number)
        other = draw_trial(space, counterpart.parameters, 1, number)
        assert own.items() >= other.items()
        assert set(own) == set(model.family.parameters)


def test_trials_contain_python_numbers():
    assert {type(value) for value in draw_trial(SPACE, PARAMETERS, 1, 0).values()} == {int, float}


UAR = [[0.3, 0.5], [0.6, 0.4], [0.5, 0.5]]  # three trials, two folds
SHARED, OWN = {1: [1, 2], 2: [1, 2]}, {1: [1], 2: [2]}


def validations_of(scores):
    """Return validation.json of all training runs from UAR (trials, folds), NaN if diverged."""
    rows = [
        (trial, fold, uar, trial + fold, trial == 2, np.isnan(uar), "float32")
        for trial, of_folds in enumerate(scores)
        for fold, uar in reversed([*enumerate(of_folds, start=1)])
    ]
    columns = ["trial", "fold", "uar", "epochs", "capped", "diverged", "precision"]
    return pd.DataFrame(rows, columns=columns)


TRIALS = [draw_trial(SPACE, PARAMETERS, 1, number) for number in range(3)]


def test_ranking_contains_scores_and_counts_of_epochs_and_of_capped_and_diverged_trainings():
    table = rank_trials(TRIALS, validations_of(UAR))
    assert table[list(TRIALS[0])].to_dict("records") == TRIALS
    np.testing.assert_allclose(table["validation_uar"], [0.4, 0.5, 0.5])
    assert table["validation_uar_fold-1"].tolist() == [0.3, 0.6, 0.5]
    assert table["validation_uar_fold-2"].tolist() == [0.5, 0.4, 0.5]
    assert table["epochs"].tolist() == [3, 5, 7]
    assert table["capped"].tolist() == [0, 0, 2]
    assert table["diverged"].tolist() == [0, 0, 0]


def test_ranking_lists_the_precisions_of_the_trainings():
    validations = validations_of(UAR)
    validations.loc[validations["fold"] == 2, "precision"] = "bfloat16"
    validations.loc[validations["trial"] == 1, "precision"] = "tf32"
    found = rank_trials(TRIALS, validations)["training_precision"]
    assert found.tolist() == ["bfloat16 float32", "tf32", "bfloat16 float32"]


def test_rounding_errors_do_not_decide_between_equal_means():
    scores = [[0.3, 0.2, 0.1], [0.1, 0.2, 0.3]]
    assert np.mean(scores[0]) < np.mean(scores[1])
    table = rank_trials(TRIALS[:2], validations_of(scores))
    choices = choose_trials(table, {fold: [1, 2, 3] for fold in (1, 2, 3)})
    assert {choice.trial for choice in choices.values()} == {0}


def test_pooled_selection_takes_the_first_trial_with_the_highest_mean():
    table = rank_trials(TRIALS, validations_of(UAR))
    choices = choose_trials(table, SHARED)
    assert {fold: choice.trial for fold, choice in choices.items()} == {1: 1, 2: 1}
    marked = mark_chosen(table, choices)
    assert marked["chosen"].tolist() == [False, True, False]
    assert "chosen_by" not in marked
    best = json.loads(json.dumps(best_trials(table, choices)))
    chosen = {"trial": 1, **TRIALS[1], "validation_uar": 0.5, "validation_folds": [1, 2]}
    assert best == chosen
    assert type(best["trial"]) is int
    assert trial_of_fold(best, 2) == (1, TRIALS[1])


def test_selection_per_fold_uses_the_score_of_that_fold_only():
    table = rank_trials(TRIALS, validations_of(UAR))
    choices = choose_trials(table, OWN)
    assert {fold: choice.trial for fold, choice in choices.items()} == {1: 1, 2: 0}
    other = rank_trials(TRIALS, validations_of([[row[0], 0.9] for row in UAR]))
    assert choose_trials(other, OWN)[1] == choices[1]
    marked = mark_chosen(table, choices)
    assert marked["chosen_by"].tolist() == ["2", "1", ""]
    best = json.loads(json.dumps(best_trials(table, choices)))
    expected = {"trial": 0, **TRIALS[0], "validation_uar": 0.5, "validation_folds": [2]}
    assert best["folds"]["2"] == expected
    assert trial_of_fold(best, 1) == (1, TRIALS[1])


def parts_of(validation):
    rows = [(f"{s}{g}", f"Ses{s}", f"Ses{s}{g}", g) for s in range(1, 4) for g in "FM"]
    recordings = pd.DataFrame(rows, columns=["recording", "session", "speaker", "gender"])
    folds = make_folds(recordings, FoldSettings(3, validation))
    return folds.merge(recordings, on="recording")


@pytest.mark.parametrize("select", ["pooled", "fold"])
@pytest.mark.parametrize("validation", ["F", "M", "both"])
def test_scores_on_test_speakers_do_not_select_their_trial(validation, select):
    parts = parts_of(validation)
    scoring = selection_folds(parts, select)
    for fold, others in scoring.items():
        by_part = parts.groupby(["fold", "part"])["speaker"].unique()
        (tested,) = by_part[fold, "test"]
        assert fold in others
        assert tested not in {by_part[other, "validation"][0] for other in others}
        if select == "pooled":
            assert len(others) == (5 if validation == "both" else 3), (
                "all but the fold with swapped speakers"
            )


def test_pooled_selection_ignores_the_score_on_the_test_speaker():
    """Trial 1 has the best mean over all folds, but only due to fold 4 (test speaker of fold 1)."""
    scores = [[0.5] * 6, [0.4, 0.5, 0.5, 0.9, 0.5, 0.5]]
    table = rank_trials(TRIALS[:2], validations_of(scores))
    choices = choose_trials(table, selection_folds(parts_of("both"), "pooled"))
    assert [choices[fold].trial for fold in range(1, 7)] == [0, 1, 1, 1, 1, 1]
    assert list(best_trials(table, choices)) == ["folds"]


def test_diverged_trials_are_not_selected():
    nan = float("nan")
    table = rank_trials(TRIALS, validations_of([[0.3, 0.3], [0.9, nan], [0.2, 0.2]]))
    assert table["diverged"].tolist() == [0, 1, 0]
    assert np.isnan(table["validation_uar"][1])
    assert {choice.trial for choice in choose_trials(table, SHARED).values()} == {0}
    own = choose_trials(table, OWN)
    assert (own[1].trial, own[2].trial) == (1, 0), "trial 1 did not diverge on fold 1"
    hopeless = rank_trials(TRIALS[:1], validations_of([[0.5, nan]]))
    with pytest.raises(InputError, match=r"search\.space"):
        choose_trials(hopeless, SHARED)


def test_file_of_trial_finds_the_file_of_a_trial_or_seed():
    paths = [f"BasicCNN/trial-{t}/fold-{f}/weights.safetensors" for t in (0, 1, 11) for f in (1, 2)]
    assert file_of_trial(paths, 1, 2) == paths[3]
    seeds = [f"BasicCNN/seed-7/fold-{f}/weights.safetensors" for f in (1, 2)]
    assert file_of_trial(seeds, 1, 2) == seeds[1]
    for given in (paths, seeds):
        with pytest.raises(ValueError, match="not enough"):
            file_of_trial(given, 1, 3)


@pytest.mark.parametrize(("scoring", "marks"), [(SHARED, [3, 3, 2, 2]), (OWN, [3, 3, 0, 0])])
def test_histories_are_of_the_selected_trials(tmp_path, scoring, marks):
    validations, paths = validations_of(UAR), []
    for row in validations.itertuples():
        paths.append(tmp_path / f"{row.trial}-{row.fold}.csv")
        pd.DataFrame({"epoch": [1, 2], "mark": row.Index}).to_csv(paths[-1], index=False)
    choices = choose_trials(rank_trials(TRIALS, validations), scoring)
    histories = chosen_histories(choices, validations, paths)
    assert histories["mark"].tolist() == marks
    assert histories["fold"].tolist() == [1, 1, 2, 2]


def test_preset_of_the_paper_equals_table_1():
    fixed = read_config("paper")["search"]["fixed"]
    assert fixed_trials(fixed, list(TABLE_1)) == TABLE_1
    assert {tuple(trial) for trial in fixed.values()} == {PARAMETERS}

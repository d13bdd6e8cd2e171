"""Trials: reproducible, within the paper's space, and chosen by validation alone."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from emospeech.report.paper import TABLE_1
from emospeech.search import (
    SearchSpace,
    best_trials,
    choose,
    chosen_histories,
    draw_trial,
    mark_chosen,
    rank_trials,
)
from emospeech.training.trial import PARAMETERS, file_of_trial, trial_of_fold

SPACE = SearchSpace()


def test_a_trial_depends_on_seed_and_number_alone():
    trials = [draw_trial(SPACE, 1, number) for number in range(20)]
    assert draw_trial(SPACE, 1, 7) == trials[7]
    assert draw_trial(SPACE, 2, 7) != trials[7]
    assert len({tuple(trial.values()) for trial in trials}) > 15


def test_trials_fill_the_papers_space_and_nothing_beyond():
    trials = pd.DataFrame([draw_trial(SPACE, 1, number) for number in range(3000)])
    for name in ("crop_width", "batch_size", "learning_rate", "filters"):
        assert set(trials[name]) == set(getattr(SPACE, name))
    for width, rows in trials.groupby("crop_width"):
        assert set(rows["filter_size"]) == set(range(2, width // 8 + 1))


def test_trials_hold_python_numbers():
    assert {type(value) for value in draw_trial(SPACE, 1, 0).values()} == {int, float}


@pytest.fixture
def validations():
    uar = [[0.3, 0.5], [0.6, 0.4], [0.5, 0.5]]
    rows = [
        (trial, fold, uar[trial][fold - 1], trial == 2) for trial in range(3) for fold in (2, 1)
    ]
    return pd.DataFrame(rows, columns=["trial", "fold", "uar", "capped"])


TRIALS = [draw_trial(SPACE, 1, number) for number in range(3)]


def test_every_trial_stands_with_its_scores_and_how_its_trainings_ended(validations):
    table = rank_trials(TRIALS, validations)
    assert table[list(TRIALS[0])].to_dict("records") == TRIALS
    np.testing.assert_allclose(table["validation_uar"], [0.4, 0.5, 0.5])
    assert table["validation_uar_fold-1"].tolist() == [0.3, 0.6, 0.5]
    assert table["validation_uar_fold-2"].tolist() == [0.5, 0.4, 0.5]
    assert table["capped"].tolist() == [0, 0, 2]


def test_the_highest_mean_is_chosen_and_of_equal_ones_the_first(validations):
    table = rank_trials(TRIALS, validations)
    choice = choose(table, "pooled")
    assert choice == {1: 1, 2: 1}
    marked = mark_chosen(table, choice, "pooled")
    assert marked["chosen"].tolist() == [False, True, False]
    assert "chosen_by" not in marked
    best = best_trials(table, choice, "pooled")
    assert best == {"trial": 1, **TRIALS[1], "validation_uar": 0.5}
    assert type(best["trial"]) is int
    assert trial_of_fold(best, 2) == (1, TRIALS[1])


def test_a_fold_that_chooses_for_itself_sees_its_own_score_alone(validations):
    table = rank_trials(TRIALS, validations)
    choice = choose(table, "fold")
    assert choice == {1: 1, 2: 0}
    other = validations.assign(uar=validations["uar"].where(validations["fold"] == 1, 0.9))
    assert choose(rank_trials(TRIALS, other), "fold")[1] == choice[1]
    marked = mark_chosen(table, choice, "fold")
    assert marked["chosen_by"].tolist() == ["2", "1", ""]
    best = json.loads(json.dumps(best_trials(table, choice, "fold")))
    assert best["folds"]["2"] == {"trial": 0, **TRIALS[0], "validation_uar": 0.5}
    assert trial_of_fold(best, 1) == (1, TRIALS[1])


def test_the_file_of_a_fold_is_that_of_its_trial_or_of_the_seed():
    paths = [f"BasicCNN/trial-{t}/fold-{f}/weights.safetensors" for t in (0, 1, 11) for f in (1, 2)]
    assert file_of_trial(paths, 1, 2) == paths[3]
    seeds = [f"BasicCNN/seed-7/fold-{f}/weights.safetensors" for f in (1, 2)]
    assert file_of_trial(seeds, 1, 2) == seeds[1]
    for given in (paths, seeds):
        with pytest.raises(ValueError, match="not enough"):
            file_of_trial(given, 1, 3)


@pytest.mark.parametrize(("select", "marks"), [("pooled", [3, 3, 2, 2]), ("fold", [3, 3, 0, 0])])
def test_the_histories_are_those_of_the_chosen_trials(validations, tmp_path, select, marks):
    paths = []
    for row in validations.itertuples():
        paths.append(tmp_path / f"{row.trial}-{row.fold}.csv")
        pd.DataFrame({"epoch": [1, 2], "mark": row.Index}).to_csv(paths[-1], index=False)
    choice = choose(rank_trials(TRIALS, validations), select)
    histories = chosen_histories(choice, validations, paths)
    assert histories["mark"].tolist() == marks
    assert histories["fold"].tolist() == [1, 1, 2, 2]


def test_the_preset_is_the_papers_table_1():
    preset = yaml.safe_load((Path(__file__).parents[1] / "config/paper.yaml").read_text())
    assert preset["search"]["fixed"] == TABLE_1
    assert {tuple(trial) for trial in preset["search"]["fixed"].values()} == {PARAMETERS}

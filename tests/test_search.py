"""Trials: reproducible, within the paper's space, and chosen by validation alone."""

import numpy as np
import pandas as pd
import pytest

from emospeech.search import (
    SearchSpace,
    chosen_histories,
    chosen_trial,
    draw_trial,
    rank_trials,
)

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
    rows = [(trial, fold, uar[trial][fold - 1]) for trial in range(3) for fold in (1, 2)]
    return pd.DataFrame(rows, columns=["trial", "fold", "uar"])


def test_the_highest_mean_is_chosen_and_of_equal_ones_the_first(validations):
    trials = [draw_trial(SPACE, 1, number) for number in range(3)]
    table = rank_trials(trials, validations)
    np.testing.assert_allclose(table["validation_uar"], [0.4, 0.5, 0.5])
    assert table["chosen"].tolist() == [False, True, False]
    best = chosen_trial(table)
    assert best == {"trial": 1, **trials[1], "validation_uar": 0.5}
    assert type(best["trial"]) is int


def test_the_histories_are_those_of_the_chosen_trial(validations, tmp_path):
    trials = [draw_trial(SPACE, 1, number) for number in range(3)]
    paths = []
    for row in validations.itertuples():
        paths.append(tmp_path / f"{row.trial}-{row.fold}.csv")
        pd.DataFrame({"epoch": [1, 2], "mark": row.Index}).to_csv(paths[-1], index=False)
    histories = chosen_histories(rank_trials(trials, validations), validations, paths)
    assert histories["mark"].tolist() == [2, 2, 3, 3]
    assert histories["fold"].tolist() == [1, 1, 2, 2]

"""Differences between variants and the study, compared with brute force and with simulations."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emospeech.evaluation.comparisons import holm
from emospeech.evaluation.predictions import labels_and_probabilities
from emospeech.evaluation.variants import (
    BASE,
    compare_variants,
    correct_p,
    estimate,
    load_variants,
    read_runs,
)
from emospeech.folds import FoldSettings, make_folds
from emospeech.metrics import metric_names, score
from emospeech.runtime.files import write_json, write_table
from tests.example_study import predictions_of, recordings_table
from tests.settings import VALENCE

METRICS = metric_names(VALENCE)
MODEL, SEEDS, RESAMPLES = "BasicCNN", (1, 2), 300
RECORDINGS = recordings_table(300)
FOLDS = make_folds(RECORDINGS, FoldSettings())
RUNS = pd.DataFrame(
    [
        {"variant": name, "model": MODEL, "seed": n, "fold": 1, "diverged": False, "hours": np.nan}
        for name in (BASE, "better", "worse", "same")
        for n in SEEDS
    ]
)


def tables(skill, first_seed):
    """Return {(model, seed): predictions}."""
    return {
        (MODEL, n): predictions_of(RECORDINGS, FOLDS, [VALENCE], skill, first_seed + n)
        for n in SEEDS
    }


STUDY = tables(0.1, 0)
VARIANTS = {"better": tables(0.4, 10), "worse": tables(0.02, 20), "same": STUDY}


def differences(variants=VARIANTS, runs=RUNS):
    """Return the differences by (variant, metric)."""
    _, table = compare_variants(STUDY, variants, runs, RESAMPLES, seed=1)
    return table.set_index(["variant", "metric"])


def test_values_are_means_over_the_seeds():
    metrics, table = compare_variants(STUDY, VARIANTS, RUNS, RESAMPLES, seed=1)
    found = {(row["variant"], row["metric"]): row["value"] for row in metrics.to_dict("records")}
    for variant, predictions in {BASE: STUDY, **VARIANTS}.items():
        scores = [
            score(*labels_and_probabilities(t, VALENCE), VALENCE) for t in predictions.values()
        ]
        for name in METRICS:
            expected = np.mean([one[name] for one in scores])
            assert found[variant, name] == pytest.approx(expected), (variant, name)
    for row in table.to_dict("records"):
        expected = found[row["variant"], row["metric"]] - found[BASE, row["metric"]]
        assert row["value"] == pytest.approx(expected)
        assert row["low"] <= row["value"] <= row["high"]


def test_a_variant_equal_to_the_study_differs_by_exactly_zero():
    rows = differences().loc["same"]
    assert (rows[["value", "low", "high", "error", "detectable"]] == 0).all(axis=None)
    assert (rows["p"] == 1).all()


def test_p_value_counts_all_patterns_of_swapped_speakers():
    """Swap the predictions of a speaker in all seeds and count the larger mean differences."""
    own, base = VARIANTS["better"], STUDY
    speakers = sorted(RECORDINGS["speaker"].unique())[:4]
    kept = [
        {key: table[table["speaker"].isin(speakers)] for key, table in part.items()}
        for part in (own, base)
    ]
    seen = []
    for pattern in itertools.product((False, True), repeat=len(speakers)):
        swapped = {name for name, swap in zip(speakers, pattern, strict=True) if swap}
        change = []
        for n in SEEDS:
            parts = [part[MODEL, n] for part in kept]
            masks = [part["speaker"].isin(swapped) for part in parts]
            first = pd.concat([parts[0][~masks[0]], parts[1][masks[1]]])
            second = pd.concat([parts[1][~masks[1]], parts[0][masks[0]]])
            scores = [
                score(*labels_and_probabilities(t, VALENCE), VALENCE) for t in (first, second)
            ]
            change.append(scores[0]["uar5"] - scores[1]["uar5"])
        seen.append(abs(np.mean(change)))
    expected = np.mean(np.array(seen) >= seen[0] - 1e-9)
    _, table = compare_variants(kept[1], {"better": kept[0]}, RUNS, RESAMPLES, seed=1)
    found = table.set_index("metric").loc["uar5", "p"]
    assert found == pytest.approx(expected)


def test_a_variant_does_not_change_the_numbers_of_another():
    alone, together = differences({"worse": VARIANTS["worse"]}), differences()
    columns = ["value", "low", "high", "error", "degrees_of_freedom", "p", "detectable"]
    pd.testing.assert_frame_equal(alone[columns], together.loc[["worse"], columns])
    for name in METRICS:
        rows = together.xs(name, level="metric")
        np.testing.assert_allclose(rows["p_holm"], holm(rows["p"].to_numpy()))


def test_seeds_with_a_diverged_run_are_left_out_and_counted():
    runs = RUNS.copy()
    runs.loc[(runs["variant"] == "better") & (runs["seed"] == 2), "diverged"] = True
    runs.loc[runs["variant"] == "worse", "diverged"] = True
    rows = differences(runs=runs)
    first = {"better": {(MODEL, 1): VARIANTS["better"][MODEL, 1]}}
    expected = differences(first).loc["better"]
    assert rows.loc["better", "value"].tolist() == expected["value"].tolist()
    assert set(rows.loc["better", "diverged_seeds"]) == {1}
    assert rows.loc["worse", "value"].isna().all()
    assert set(rows.loc["worse", "diverged_seeds"]) == {2}
    assert set(rows.loc["same", "diverged_seeds"]) == {0}


def test_with_one_seed_the_interval_is_that_of_student():
    """The metric is a mean over speakers, whose interval scipy knows."""
    rng = np.random.default_rng(0)
    speakers = rng.normal(size=8)
    picked = rng.integers(0, 8, (200_000, 8))
    columns = estimate(
        speakers.mean()[None, None], speakers[picked].mean(axis=1)[:, None, None], 8
    ).columns()
    low, high = stats.t.interval(0.95, 7, speakers.mean(), stats.sem(speakers))
    assert [columns["low"][0], columns["high"][0]] == pytest.approx([low, high], rel=0.01)


@pytest.mark.parametrize(
    ("of_speakers", "of_seeds", "of_both"),
    [(1, 0, 0.3), (0.3, 1, 0.3), (1, 1, 1), (0, 0, 1), (0.5, 0.3, 2)],
)
def test_intervals_cover_the_true_difference(of_speakers, of_seeds, of_both):
    """Coverage of the 95 % interval is at least nominal for known variances."""
    rng, studies, n_speakers, n_seeds = np.random.default_rng(1), 400, 10, 4
    covered = 0
    for _ in range(studies):
        cells = of_speakers * rng.normal(size=(1, n_speakers))
        cells = cells + of_seeds * rng.normal(size=(n_seeds, 1))
        cells = cells + of_both * rng.normal(size=(n_seeds, n_speakers))
        picked = rng.integers(0, n_speakers, (300, n_speakers))
        draws = cells[:, picked].mean(axis=2).T[..., None]  # (resamples, seeds, 1)
        columns = estimate(cells.mean(axis=1)[:, None], draws, n_speakers).columns()
        covered += bool(columns["low"][0] <= 0 <= columns["high"][0])
    # 400 intervals that cover with probability .95 cover at least 92.75 % in 98 % of all samples.
    assert covered / studies >= 0.9275


def test_files_are_read_by_variant_model_and_seed(tmp_path):
    table = STUDY[MODEL, 1]
    for fold, rows in table.groupby("fold"):
        folder = tmp_path / f"joint/evaluation/{MODEL}/seed-3/fold-{fold}"
        write_table(folder / "predictions.csv", rows)
    loaded = load_variants(sorted(tmp_path.rglob("predictions.csv")))
    assert [*loaded["joint"]] == [(MODEL, 3)]
    assert len(loaded["joint"][MODEL, 3]) == len(table)
    content = {"model": MODEL, "trial": 5, "fold": 1, "diverged": True, "unlabelled_hours": 2.5}
    own = tmp_path / f"training/{MODEL}/trial-0/fold-1/validation.json"
    other = tmp_path / f"joint/training/{MODEL}/seed-3/fold-1/validation.json"
    write_json(own, content)
    write_json(other, content)
    runs = read_runs([own], [other], seed=1)
    assert runs["variant"].tolist() == [BASE, "joint"]
    assert runs["seed"].tolist() == [1, 3]
    assert runs["diverged"].tolist() == [False, True], "trial 0 need not be the chosen one"
    assert runs["hours"].tolist() == [2.5, 2.5]


def test_rows_without_a_p_value_do_not_weaken_the_others():
    rows = {"task": "valence", "metric": "uar5", "speakers": 5, "p": [0.0625, np.nan, 0.25]}
    found = correct_p(pd.DataFrame(rows))
    assert found["p_holm"].tolist()[::2] == [0.125, 0.25]
    assert found["smallest_p_holm"].tolist()[::2] == [0.125, 0.125]
    assert found[["p_holm", "smallest_p_holm"]].iloc[1].isna().all()

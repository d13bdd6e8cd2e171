"""Intervals and tests over speakers, compared with plain loops, SciPy and simulations."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emospeech.evaluation import bootstrap, comparisons, intervals
from emospeech.evaluation.predictions import predictions_table
from emospeech.metrics import score

SCORED = dict(zip(bootstrap.METRICS, range(len(bootstrap.METRICS)), strict=True))


def predictions(speakers=5, size=60, skill=1.0, seed=0, tasks=("valence",)):
    """Predictions of a model whose accuracy varies across `speakers`, one speaker per fold."""
    labels = np.random.default_rng(99).choice(np.arange(1, 5.5, 0.5), (speakers * size, len(tasks)))
    rng = np.random.default_rng(seed)
    number = np.repeat(np.arange(speakers), size)
    rows = pd.DataFrame({"recording": [f"r{i:05d}" for i in range(len(number))]})
    rows["speaker"] = [f"s{i:02d}" for i in number]
    rows["session"], rows["fold"], rows["trial"] = rows["speaker"], number + 1, 0
    own = skill * rng.uniform(0.5, 1.5, speakers)[number, None, None]
    logits = -own * (labels[..., None] - np.arange(1, 6)) ** 2 + rng.normal(size=(*labels.shape, 5))
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    shares = {task: shares[:, place] for place, task in enumerate(tasks)}
    return predictions_table(rows, labels, shares)


def scored(truth, probabilities):
    figures = score(np.asarray(truth), np.asarray(probabilities))
    return [figures[name] for name in bootstrap.METRICS]


def probabilities_of(table):
    return table[[f"p{number}" for number in range(1, 6)]].to_numpy()


def test_metrics_from_sums_agree_with_the_predictions():
    table = predictions()
    rows = bootstrap.recording_sums(table["valence"], probabilities_of(table))
    ours = bootstrap.metrics_from_sums(rows.sum(axis=0))
    assert ours == pytest.approx(scored(table["valence"], probabilities_of(table)), abs=1e-12)


def test_correlations_of_constants_are_nan():
    rows = bootstrap.recording_sums(np.full(4, 2.0), np.full((4, 5), 0.2))
    figures = bootstrap.metrics_from_sums(rows.sum(axis=0))
    assert np.isnan(figures[SCORED["rho"]])
    assert np.isnan(figures[SCORED["ccc"]])


def test_resamples_agree_with_a_plain_bootstrap():
    tables = {"a": predictions(3, 20), "b": predictions(3, 20, seed=1).iloc[:-5]}
    _, parts = bootstrap.sums_by_speaker(tables, "valence")
    drawn = bootstrap.resample(parts, 7, np.random.default_rng(4)).both
    rng = np.random.default_rng(4)
    speakers = bootstrap.draw_speakers(3, 7, rng)
    bootstrap.draw_recordings(parts, np.tile(np.arange(3), (7, 1)), rng)  # with fixed speakers
    rows = {name: [part for _, part in table.groupby("speaker")] for name, table in tables.items()}
    picked = {}
    for speaker in range(3):
        size = len(rows["a"][speaker])
        lines = rng.integers(0, size, ((speakers == speaker).sum(), size))
        for (resample, place), line in zip(np.argwhere(speakers == speaker), lines, strict=True):
            picked[resample, place] = rows["a"][speaker].iloc[line]["recording"]
    for number, (_, table) in enumerate(tables.items()):
        table = table.set_index("recording")
        for resample in range(7):
            parts_drawn = [
                table.loc[[name for name in picked[resample, place] if name in table.index]]
                for place in range(3)
            ]
            everything = pd.concat(parts_drawn)
            pooled = scored(everything["valence"], probabilities_of(everything))
            each = [scored(part["valence"], probabilities_of(part)) for part in parts_drawn]
            assert drawn[resample, number, 0] == pytest.approx(pooled, abs=1e-12)
            assert drawn[resample, number, 1] == pytest.approx(np.mean(each, axis=0), abs=1e-12)


@pytest.mark.parametrize(("speakers", "spread"), [(5, 0.0), (5, 0.5), (10, 0.5), (10, 1.5)])
def test_intervals_cover_at_the_nominal_rate(speakers, spread):
    """The recalls of simulated speakers vary by `spread` (in logits) around a known mean."""
    rng = np.random.default_rng([speakers, int(10 * spread)])
    sizes = np.array([20, 60, 50, 40, 20])
    centre = np.array([-0.5, 0.5, 0.0, -0.3, 0.2])
    population = 1 / (1 + np.exp(-(centre + spread * rng.standard_normal((200_000, 5)))))
    truth = population.mean()
    covered, runs = 0, 1000
    for _ in range(runs):
        recall = 1 / (1 + np.exp(-(centre + spread * rng.standard_normal((speakers, 5)))))
        right = rng.binomial(sizes, recall)
        totals = np.zeros((speakers, 1, bootstrap.N_SUMS))
        cells = totals[..., : bootstrap.CELLS].reshape(speakers, 9, 5)
        for label in range(5):
            cells[:, 2 * label, label] = right[:, label]
            cells[:, 2 * label, (label + 1) % 5] = (sizes - right)[:, label]
        totals[..., bootstrap.CELLS :] = sizes.sum() * np.array([1, 0, 0, 1, 1, 0, 0])
        drawn = bootstrap.draw_speakers(speakers, 200, rng)
        figures = bootstrap.scope_metrics(np.swapaxes(totals[drawn], 1, 2))[:, 0]
        value = bootstrap.scope_metrics(np.swapaxes(totals, 0, 1))[0]
        half = bootstrap.margin(bootstrap.standard_error(figures, speakers), speakers)
        covered += (abs(value - truth) <= half)[:, SCORED["uar5"]]
    assert (covered > 0.92 * runs).all()  # for both scopes
    assert (covered < 0.98 * runs).all()


def test_error_of_the_mean_is_students():
    """The bootstrap of a mean over speakers has a closed form: s / sqrt(n) and t(n - 1)."""
    table = predictions(6, 30)
    _, parts = bootstrap.sums_by_speaker({"a": table}, "valence")
    draws = bootstrap.resample(parts, 20_000, np.random.default_rng(0))
    each = [
        scored(rows["valence"], probabilities_of(rows))[SCORED["uar5"]]
        for _, rows in table.groupby("speaker")
    ]
    error = bootstrap.standard_error(draws.speakers, 6)[0, 1, SCORED["uar5"]]
    assert error == pytest.approx(stats.sem(each), rel=0.02)
    assert bootstrap.margin(error, 6) == pytest.approx(stats.t.ppf(0.975, 5) * error)


def test_intervals_table_is_complete_and_reproducible():
    both = predictions(tasks=("valence", "activation"))
    tables = {"BasicCNN": predictions(), "MultitaskCNN": both}
    table, again = (intervals.intervals_table(tables, 300, seed=1) for _ in range(2))
    assert table.equals(again)
    assert len(table) == 3 * 2 * len(bootstrap.METRICS)
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()
    found = table.set_index(["model", "task", "scope", "figure"])["value"].sort_index()
    expected = scored(tables["BasicCNN"]["valence"], probabilities_of(tables["BasicCNN"]))
    found = found["BasicCNN", "valence", "pooled"][list(bootstrap.METRICS)]
    assert found.tolist() == pytest.approx(expected)


def enumerated_p(differences):
    """Return the p-value of sign flips from a loop over all sign patterns."""
    flips = [abs(np.dot(signs, differences)) for signs in product((-1, 1), repeat=len(differences))]
    return np.mean(np.array(flips) >= abs(differences.sum()) - 1e-9)


def test_sign_flip_p_is_exact_and_bounded():
    rng = np.random.default_rng(0)
    for speakers in (5, 8):
        differences = rng.normal(0.5, 1, (speakers, 2, 3))
        p = comparisons.sign_flip_p(differences, rng)
        assert p == pytest.approx(np.apply_along_axis(enumerated_p, 0, differences))
        assert comparisons.sign_flip_p(np.ones(speakers), rng) == comparisons.smallest_p(speakers)
    assert comparisons.sign_flip_p(np.full(5, np.nan), rng) == 1
    assert comparisons.smallest_p(5) == 0.0625
    assert comparisons.smallest_p(10) == pytest.approx(0.00195, abs=1e-5)


def test_random_sign_patterns_approximate_all_patterns():
    differences = np.random.default_rng(1).normal(0.4, 1, 17)
    drawn = comparisons.sign_flip_p(differences, np.random.default_rng(2))
    assert drawn == pytest.approx(enumerated_p(differences), abs=0.005)
    certain = comparisons.sign_flip_p(np.ones(17), np.random.default_rng(2))
    assert certain >= comparisons.smallest_p(17)


def test_holm_on_small_examples():
    assert comparisons.holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert comparisons.holm([0.5, 0.9]).tolist() == [1, 1]
    columns = np.array([[0.01, 0.5], [0.04, 0.001]])
    assert comparisons.holm(columns).tolist() == [[0.02, 0.5], [0.04, 0.002]]


def test_comparisons_are_paired_and_report_the_smallest_p():
    good, bad = predictions(skill=2.0), predictions(skill=0.2, seed=1)
    tables = {"BasicCNN": good, "BasicDCGAN": bad, "same": good, "baseline": bad.iloc[1:]}
    table = comparisons.comparisons_table(tables, ["baseline"], 500, seed=1)
    assert table.groupby("family")["other"].size().to_dict() == {"baseline": 42, "models": 42}
    rows = table[table["figure"] == "uar5"].set_index(["model", "other", "scope"])
    better = rows.loc["BasicCNN", "BasicDCGAN", "mean"]
    assert better["low"] > 0
    assert better["p"] == better["smallest_p"] == 0.0625
    assert better["p_holm"] == better["smallest_p_holm"] == pytest.approx(3 * 0.0625)
    same = rows.loc["BasicCNN", "same", "pooled"]
    assert same["value"] == same["low"] == same["high"] == 0
    nothing = rows.loc["BasicDCGAN", "baseline", "mean"]
    assert nothing["value"] == 0, "only common recordings are compared"
    assert nothing["p"] == 1


def test_comparisons_of_a_single_model_are_empty():
    table = comparisons.comparisons_table({"BasicCNN": predictions()}, ["baseline"], 10, seed=1)
    assert len(table) == 0

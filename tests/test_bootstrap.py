"""Intervals and tests over speakers, compared with plain loops, SciPy and simulations."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emospeech.evaluation import bootstrap, comparisons, intervals
from emospeech.evaluation.predictions import predictions_table
from emospeech.metrics import metric_names, metrics_from_sums, n_cells, n_sums
from tests.plain_metrics import plain_metrics
from tests.settings import ACTIVATION, VALENCE

METRICS = metric_names(VALENCE)
SCORED = {name: place for place, name in enumerate(METRICS)}


def predictions(speakers=5, size=60, skill=1.0, seed=0, tasks=(VALENCE,)):
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
    shares = {task.name: shares[:, place] for place, task in enumerate(tasks)}
    return predictions_table(rows, labels, shares, tasks)


def scored(truth, probabilities):
    figures = plain_metrics(truth, probabilities)
    return [figures[name] for name in METRICS]


def probabilities_of(table):
    return table[[f"p{number}" for number in range(1, 6)]].to_numpy()


def test_resamples_agree_with_a_plain_bootstrap():
    tables = {"a": predictions(3, 20), "b": predictions(3, 20, seed=1).iloc[:-5]}
    _, parts = bootstrap.sums_by_speaker(tables, VALENCE)
    drawn = bootstrap.resample(parts, VALENCE, 7, np.random.default_rng(4)).both
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
        totals = np.zeros((speakers, 1, n_sums(VALENCE)))
        cells = totals[..., : n_cells(VALENCE)].reshape(speakers, 9, 5)
        for label in range(5):
            cells[:, 2 * label, label] = right[:, label]
            cells[:, 2 * label, (label + 1) % 5] = (sizes - right)[:, label]
        totals[..., n_cells(VALENCE) :] = sizes.sum() * np.array([1, 0, 0, 1, 1, 0, 0])
        drawn = bootstrap.draw_speakers(speakers, 200, rng)
        figures = bootstrap.scope_metrics(np.swapaxes(totals[drawn], 1, 2), VALENCE)[:, 0]
        value = bootstrap.scope_metrics(np.swapaxes(totals, 0, 1), VALENCE)[0]
        half = bootstrap.margin(bootstrap.standard_error(figures, speakers), speakers)
        covered += (abs(value - truth) <= half)[:, SCORED["uar5"]]
    assert (covered > 0.92 * runs).all()  # for both scopes
    assert (covered < 0.98 * runs).all()


def test_error_of_the_mean_is_students():
    """The bootstrap of a mean over speakers has a closed form: s / sqrt(n) and t(n - 1)."""
    table = predictions(6, 30)
    _, parts = bootstrap.sums_by_speaker({"a": table}, VALENCE)
    draws = bootstrap.resample(parts, VALENCE, 20_000, np.random.default_rng(0))
    each = [
        scored(rows["valence"], probabilities_of(rows))[SCORED["uar5"]]
        for _, rows in table.groupby("speaker")
    ]
    error = bootstrap.standard_error(draws.speakers, 6)[0, 1, SCORED["uar5"]]
    assert error == pytest.approx(stats.sem(each), rel=0.02)
    assert bootstrap.margin(error, 6) == pytest.approx(stats.t.ppf(0.975, 5) * error)


def test_intervals_table_is_complete_and_reproducible():
    both = predictions(tasks=(VALENCE, ACTIVATION))
    tables = {"BasicCNN": predictions(), "MultitaskCNN": both}
    table, again = (intervals.intervals_table(tables, 300, seed=1) for _ in range(2))
    assert table.equals(again)
    assert len(table) == 3 * 2 * len(METRICS)
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()
    found = table.set_index(["model", "task", "scope", "metric"])["value"].sort_index()
    expected = scored(tables["BasicCNN"]["valence"], probabilities_of(tables["BasicCNN"]))
    found = found["BasicCNN", "valence", "pooled"][list(METRICS)]
    assert found.tolist() == pytest.approx(expected)


def enumerated_p(first, second):
    """Return p-values of swaps (scopes, metrics) from a loop over all patterns and recordings.

    `first` and `second` are the predictions of two models by speaker.
    """
    drawn = []
    for pattern in product((False, True), repeat=len(first)):
        pairs = [
            (b, a) if swap else (a, b) for swap, a, b in zip(pattern, first, second, strict=True)
        ]
        sides = []
        for tables in zip(*pairs, strict=True):
            each = [scored(rows["valence"], probabilities_of(rows)) for rows in tables]
            rows = pd.concat(tables)
            pooled = scored(rows["valence"], probabilities_of(rows))
            sides.append([pooled, np.mean(each, axis=0)])
        drawn.append(np.subtract(*sides))
    return np.mean(np.abs(drawn) >= np.abs(drawn[0]) - 1e-9, axis=0)


def by_speaker(table):
    return [rows for _, rows in table.groupby("speaker")]


def test_swap_p_agrees_with_a_loop_over_all_patterns():
    """One of the models predicts a constant for a speaker."""
    good, bad = predictions(4, 25, skill=1.0), predictions(4, 25, skill=0.4, seed=1)
    names = [f"p{number}" for number in range(1, 6)]
    good.loc[good["speaker"] == "s02", names] = [0.1, 0.2, 0.4, 0.2, 0.1]
    _, sums = bootstrap.sums_by_speaker({"good": good, "bad": bad}, VALENCE)
    totals = np.stack([speaker.sum(axis=0) for speaker in sums])
    p = comparisons.swap_p(totals[:, [0]], totals[:, [1]], VALENCE, np.random.default_rng(0))
    assert p[0] == pytest.approx(enumerated_p(by_speaker(good), by_speaker(bad)))
    table = comparisons.comparisons_table({"good": good, "bad": bad}, "baseline", 50, seed=1)
    rho = table[table["metric"] == "rho"].set_index("scope")
    each = [
        [
            0 if rows["expected"].std() < 1e-9 else rows["valence"].corr(rows["expected"])
            for rows in by_speaker(own.assign(expected=probabilities_of(own) @ np.arange(1, 6)))
        ]
        for own in (good, bad)
    ]
    assert rho.loc["mean", "value"] == pytest.approx(np.subtract(*np.mean(each, axis=1)))
    assert rho["constant_speakers"].tolist() == [1, 1]


def test_swap_p_has_its_nominal_error_rate_and_smallest_value():
    """Two models of equal quality, whose results vary across speakers."""
    rng = np.random.default_rng(0)
    skill = rng.uniform(0.2, 0.8, (8, 400, 1, 5))  # speakers, pairs
    sums = []
    for _ in range(2):
        right = rng.binomial(12, skill + rng.uniform(-0.15, 0.15, skill.shape))
        cells = np.zeros((8, 400, 9, 5))
        for label in range(5):
            cells[:, :, 2 * label, label] = right[:, :, 0, label]
            cells[:, :, 2 * label, (label + 1) % 5] = 12 - right[:, :, 0, label]
        moments = np.tile(60.0 * np.array([1, 0, 0, 1, 1, 0, 0]), (8, 400, 1))
        sums.append(np.concatenate([cells.reshape(8, 400, -1), moments], axis=-1))
    p = comparisons.swap_p(*sums, VALENCE, rng)[..., SCORED["uar5"]]
    for level in (0.05, 0.25, 0.5):
        assert p.min() >= comparisons.smallest_p(8) == 2 / 2**8
        assert (p <= level).mean(axis=0) == pytest.approx(level, abs=0.04 + level / 10)
    assert (comparisons.swap_p(sums[0], sums[0], VALENCE, rng) == 1).all()
    assert comparisons.smallest_p(5) == 0.0625


def test_random_patterns_approximate_all_patterns():
    tables = {"a": predictions(17, 10), "b": predictions(17, 10, skill=0.6, seed=1)}
    _, sums = bootstrap.sums_by_speaker(tables, VALENCE)
    totals = np.stack([speaker.sum(axis=0) for speaker in sums])
    drawn = comparisons.swap_p(totals[:, [0]], totals[:, [1]], VALENCE, np.random.default_rng(2))
    each = metrics_from_sums(totals, VALENCE)[..., SCORED["uar5"]]
    differences = each[:, 0] - each[:, 1]
    signs = np.array(list(product((-1, 1), repeat=17)))
    exact = np.mean(abs(signs @ differences) >= abs(differences.sum()) - 1e-9)
    assert drawn[0, 1, SCORED["uar5"]] == pytest.approx(exact, abs=0.006)
    assert (drawn >= comparisons.smallest_p(17)).all()
    better = {"a": predictions(30, 5, skill=1.0), "b": predictions(30, 5, skill=0.0)}
    table = comparisons.comparisons_table(better, [], 20, 1)
    assert table["p"].min() == table["smallest_p"].iloc[0] == 1 / (2**16 + 1)


def test_only_speakers_with_a_value_count():
    """Two recordings have no correlation; another model may be tested on other speakers."""
    table = predictions(6)
    few = table[(table["speaker"] < "s03") | (table.groupby("speaker").cumcount() < 2)]
    tables = {"a": table, "b": few, "c": table[table["speaker"] < "s04"]}
    found = intervals.intervals_table(tables, 300, 1).set_index(["model", "scope", "metric"])
    assert found.loc[("b", "mean", "rho"), "speakers"] == 3
    assert found.loc[("b", "pooled", "rho"), "speakers"] == 6
    rho = found.loc[("b", "mean", "rho")]
    margin = stats.t.ppf(0.975, 2) * rho["error"]
    assert (rho["low"], rho["high"]) == pytest.approx(
        (rho["value"] - margin, rho["value"] + margin)
    )
    alone = intervals.intervals_table({"c": tables["c"]}, 300, 1).set_index(
        ["model", "scope", "metric"]
    )
    pd.testing.assert_frame_equal(found.loc[["c"]], alone)
    differences = comparisons.comparisons_table({"a": table.iloc[:2], "b": few.iloc[:2]}, [], 20, 1)
    undefined = differences[differences["value"].isna()]
    assert set(undefined["metric"]) == {"rho"}
    assert undefined[["p", "p_holm"]].isna().all(axis=None)


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
    rows = table[table["metric"] == "uar5"].set_index(["model", "other", "scope"])
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

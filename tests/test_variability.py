"""Variability across seeds and crops, compared with simulations of known variance."""

import statistics

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emospeech.evaluation.intervals import intervals_table
from emospeech.evaluation.predictions import predictions_table
from emospeech.evaluation.variability import (
    count_diverged,
    load_crops,
    seeds_table,
    variability_table,
)
from emospeech.runtime.files import write_json
from tests.settings import VALENCE

SEEDS = 300
SIZES = np.array([40, 60, 80, 30, 20])  # recordings of each class
SPEAKERS = 5


def study(rng, right):
    """Return predictions, each correct with probability `right`, independently of the recording."""
    truth = np.repeat(np.arange(1, 6), SIZES)
    hit = rng.random(len(truth)) < right
    wrong = (truth - 1 + rng.integers(1, 5, len(truth))) % 5 + 1
    probabilities = 0.9 * (np.where(hit, truth, wrong)[:, None] == np.arange(1, 6)) + 0.02
    rows = pd.DataFrame({"recording": [f"r{i}" for i in range(len(truth))]})
    rows["speaker"] = [f"s{i % SPEAKERS}" for i in range(len(truth))]
    rows = rows.assign(session="x", fold=1, trial=0)
    return predictions_table(
        rows, truth[:, None].astype(float), {"valence": probabilities}, (VALENCE,)
    )


def simulated(rng, deviation, name):
    """Return the metrics of SEEDS runs whose accuracy has the standard deviation `deviation`."""
    tables = {
        ("M", seed): study(rng, 0.5 + deviation * rng.standard_normal()) for seed in range(SEEDS)
    }
    return seeds_table(tables, name, {} if name == "seed" else None)


def expected(deviation):
    """Return the standard deviation of the UAR of the runs of `simulated`.

    It combines the binomial variances of the five recalls with the variance of the accuracy.
    """
    binomial = (0.25 - deviation**2) / SIZES
    return np.sqrt(deviation**2 + binomial.sum() / 25)


@pytest.mark.parametrize(("of_seeds", "of_crops"), [(0.0, 0.06), (0.06, 0.0)])
def test_known_variances_are_recovered_separately(of_seeds, of_crops):
    rng = np.random.default_rng(0)
    intervals = intervals_table({"M": study(rng, 0.5), "baseline": study(rng, 0.5)}, 200, seed=1)
    seeds, crops = simulated(rng, of_seeds, "seed"), simulated(rng, of_crops, "crop_seed")
    table = variability_table(crops, intervals, seeds)
    assert set(table["model"]) == {"M"}, "the baseline has no crops"
    row = table.set_index("metric").loc["uar5"]
    assert (row["seeds"], row["crop_seeds"], row["speakers"]) == (SEEDS, SEEDS, SPEAKERS)
    assert row["deviation_seeds"] == pytest.approx(statistics.stdev(seeds["uar5"]))
    # Bounds of the ratio of sample and true deviation in 99.9 % of all samples.
    low, high = np.sqrt(stats.chi2(SEEDS - 1).ppf([0.0005, 0.9995]) / (SEEDS - 1))
    for kind, deviation in (("seeds", of_seeds), ("crops", of_crops)):
        assert low < row[f"deviation_{kind}"] / expected(deviation) < high
    pooled = intervals.query("model == 'M' and scope == 'pooled' and metric == 'uar5'").iloc[0]
    assert row["value"] == pooled["value"]
    assert row["error_speakers"] == pooled["error"]
    assert row["error_recordings"] == pooled["error_recordings"]


def test_seeds_with_diverged_trainings_are_counted_and_excluded(tmp_path):
    rng, paths = np.random.default_rng(3), []
    for seed, diverged in ((2, False), (3, True)):
        path = tmp_path / "M" / f"seed-{seed}" / "fold-1" / "validation.json"
        path.parent.mkdir(parents=True)
        write_json(path, {"diverged": diverged})
        paths.append(path)
    tables = {("M", seed): study(rng, 0.5) for seed in (1, 2, 3)}
    table = seeds_table(tables, diverged=count_diverged(paths))
    assert table["diverged"].tolist() == [0, 0, 1]
    assert table["uar5"].isna().tolist() == [False, False, True]
    intervals = intervals_table({"M": tables["M", 1]}, 50, seed=1)
    row = variability_table(simulated(rng, 0, "crop_seed"), intervals, table).set_index("metric")
    assert row.loc["uar5", ["seeds", "diverged_seeds"]].tolist() == [2, 1]
    assert row.loc["uar5", "deviation_seeds"] == pytest.approx(table["uar5"][:2].std())


def test_single_seeds_have_no_deviation():
    rng = np.random.default_rng(1)
    intervals = intervals_table({"M": study(rng, 0.5)}, 50, seed=1)
    table = variability_table(simulated(rng, 0, "crop_seed").iloc[:1], intervals)
    assert table["seeds"].eq(1).all()
    assert table["crop_seeds"].eq(1).all()
    assert table[["deviation_seeds", "deviation_crops"]].isna().all(axis=None)
    assert list(table["metric"]) == list(intervals.loc[intervals["scope"] == "pooled", "metric"])


def test_crops_are_loaded_by_crop_seed(tmp_path):
    rng = np.random.default_rng(2)
    one, two = study(rng, 0.4), study(rng, 0.6)
    path = tmp_path / "M" / "crops.csv"
    path.parent.mkdir()
    pd.concat([one.assign(crop_seed=7), two.assign(crop_seed=11)]).to_csv(path, index=False)
    table = seeds_table(load_crops([path]), "crop_seed")
    assert table["crop_seed"].tolist() == [7, 11]
    wanted = seeds_table({("M", 7): one, ("M", 11): two}, "crop_seed")
    pd.testing.assert_frame_equal(table, wanted)

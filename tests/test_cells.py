"""Intervals of confusion matrices, compared with plain loops over the same draws."""

import numpy as np
import pandas as pd
import pytest

from emospeech import metrics
from emospeech.evaluation import bootstrap, intervals
from emospeech.folds import FoldSettings, make_folds
from tests import example_study
from tests.settings import VALENCE


@pytest.fixture(scope="module")
def predictions():
    recordings = example_study.recordings_table(150)
    return example_study.predictions_of_all(recordings, make_folds(recordings, FoldSettings()))


def counts_of(table):
    prediction = metrics.predicted_class(table[[f"p{n}" for n in range(1, 6)]].to_numpy())
    return metrics.confusion_matrix(metrics.contingency_table(table["valence"], prediction))


def plain_metrics(counts):
    """The metrics of `matrix_keys` one by one, from the functions for a single matrix."""
    classes = metrics.class_metrics(counts, VALENCE).set_index("class")
    shares = metrics.normalise_rows(counts)
    classes["recall"] = np.diag(shares)
    for metric, truth, prediction in intervals.matrix_keys(VALENCE):
        if metric == "share":
            yield shares[int(truth) - 1, int(prediction) - 1]
        elif truth is None:
            yield metrics.unweighted_average_recall(
                counts if metric == "uar5" else metrics.merge_classes(counts)
            )
        else:
            yield classes.loc[truth, metric]


def test_values_are_of_the_pooled_confusion_matrix(predictions):
    table = intervals.cells_table(predictions, 20, 1)
    for model, rows in table.groupby("model"):
        counts = counts_of(predictions[model])
        assert rows["value"].tolist() == pytest.approx(list(plain_metrics(counts)), nan_ok=True)
        shares = rows[rows["metric"] == "share"]
        assert shares["count"].tolist() == counts.ravel().tolist()
        assert rows["count"].isna().sum() == len(rows) - 25


def test_errors_agree_with_a_plain_bootstrap(predictions):
    table = intervals.cells_table(predictions, 40, 7)
    rng = np.random.default_rng(np.random.SeedSequence(7))
    drawn = bootstrap.draw_speakers(5, 40, rng)
    own = predictions["BasicCNN"]
    parts = [counts_of(rows) for _, rows in own.groupby("speaker")]
    with np.errstate(all="ignore"):
        figures = [list(plain_metrics(sum(parts[n] for n in line))) for line in drawn]
    error = np.sqrt(5 / 4) * pd.DataFrame(figures).std(ddof=0).to_numpy()
    error[error < 1e-12] = np.nan  # values that do not vary have no interval
    rows = table[table["model"] == "BasicCNN"]
    assert rows["error"].tolist() == pytest.approx(error, nan_ok=True)
    assert rows["speakers"].eq(5).all()


def test_bounds_are_students_interval_of_the_logit(predictions):
    table = intervals.cells_table(predictions, 300, 1)
    shares = table[~table["metric"].isin(["uar5", "uar3"])]
    known, value = shares["error"].notna(), shares["value"]
    t = 2.776445  # the 97.5 % quantile with four degrees of freedom
    half = t * shares["error"] / (value * (1 - value))
    for name, sign in (("low", -1), ("high", 1)):
        odds = np.exp(sign * half[known]) * value[known] / (1 - value[known])
        np.testing.assert_allclose(shares[name][known], odds / (1 + odds), atol=1e-6)
    assert known.sum() > 100
    uars = table[table["metric"].isin(["uar5", "uar3"])]
    np.testing.assert_allclose(uars["high"] - uars["low"], 2 * t * uars["error"], rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Degrees of freedom")  # a class without recordings
def test_values_that_do_not_vary_have_no_interval(predictions):
    """Empty cells, and classes that only one speaker has, say nothing about other speakers."""
    own = predictions["BasicCNN"].copy()
    speakers = own["speaker"].unique()
    own = own[(own["valence"] < 4.5) | (own["speaker"] == speakers[0])]
    names = [f"p{number}" for number in range(1, 6)]
    own.loc[own["valence"] <= 1.5, names] = [1.0, 0, 0, 0, 0]
    table = intervals.cells_table({"BasicCNN": own}, 300, 1)
    cells = table[table["metric"] == "share"].set_index(["truth", "prediction"])
    empty = cells["count"] == 0
    assert empty.sum() >= 4
    for part in (cells[empty], cells.loc["5"], cells.loc[[("1", "1")]]):
        assert part[["low", "high", "error"]].isna().all().all()
    assert cells.loc["2", "low"].notna().any()


def test_intervals_of_rare_cells_cover_at_least_at_the_nominal_rate():
    """Shares of 5 % that vary by 1 in the logit; without the logit, 88 % are covered."""
    rng = np.random.default_rng(0)
    studies, sizes = 400, 60
    shares = 1 / (1 + np.exp(3 - rng.standard_normal((5, studies))))
    truth = (1 / (1 + np.exp(3 - rng.standard_normal(100_000)))).mean()
    counts = np.zeros((5, studies, 5, 5))
    counts[..., 0, 0] = rng.binomial(sizes, shares)
    counts[..., 0, 1] = sizes - counts[..., 0, 0]
    with np.errstate(all="ignore"):
        draws = intervals.resampled_matrix_metrics(counts, VALENCE, 300, rng)[..., 0]
    value = counts.sum(axis=0)[:, 0, 0] / (5 * sizes)
    half = bootstrap.margin(bootstrap.standard_error(draws, 5), 5)
    low, high = intervals.share_bounds(value, half)
    assert np.mean((low <= truth) & (truth <= high)) > 0.93
    assert np.mean(abs(value - truth) <= half) < 0.91


def test_uar_agrees_with_intervals_csv(predictions):
    """Both tables are computed by drawing speakers, but with different random numbers."""
    ours = intervals.cells_table(predictions, 4000, 1).set_index(["model", "metric"])
    other = intervals.intervals_table(predictions, 4000, 1).query("task == 'valence'")
    other = other[other["scope"] == "pooled"].set_index(["model", "metric"])
    for model in predictions:
        for name in ("uar5", "uar3"):
            found, known = ours.loc[(model, name)], other.loc[(model, name)]
            assert found["value"].item() == pytest.approx(known["value"])
            assert found["error"].item() == pytest.approx(known["error"], rel=0.05)

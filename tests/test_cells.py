"""Intervals of confusion matrices, compared with plain loops over the same draws."""

import numpy as np
import pandas as pd
import pytest

from emospeech import metrics
from emospeech.evaluation import bootstrap, intervals
from emospeech.folds import FoldSettings, make_folds
from tests import example_study


@pytest.fixture(scope="module")
def predictions():
    recordings = example_study.recordings_table(150)
    return example_study.predictions_of_all(recordings, make_folds(recordings, FoldSettings()))


def counts_of(table):
    prediction = metrics.predicted_class(table[[f"p{n}" for n in range(1, 6)]].to_numpy())
    return metrics.confusion_matrix(metrics.contingency_table(table["valence"], prediction))


def plain_metrics(counts):
    """MATRIX_METRICS one by one, from the functions for a single matrix."""
    classes = metrics.class_metrics(counts).set_index("class")
    shares = metrics.normalise_rows(counts)
    classes["recall"] = np.diag(shares)
    for figure, truth, prediction in intervals.MATRIX_METRICS:
        if figure == "share":
            yield shares[truth - 1, prediction - 1]
        elif truth is None:
            yield metrics.unweighted_average_recall(
                counts if figure == "uar5" else metrics.merge_classes(counts)
            )
        else:
            yield classes.loc[truth, figure]


def test_values_are_of_the_pooled_confusion_matrix(predictions):
    table = intervals.cells_table(predictions, 20, 1)
    for model, rows in table.groupby("model"):
        counts = counts_of(predictions[model])
        assert rows["value"].tolist() == pytest.approx(list(plain_metrics(counts)), nan_ok=True)
        shares = rows[rows["figure"] == "share"]
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
    rows = table[table["model"] == "BasicCNN"]
    assert rows["error"].tolist() == pytest.approx(error, nan_ok=True)
    assert rows["speakers"].eq(5).all()


def test_bounds_are_students_interval_clipped_to_shares(predictions):
    table = intervals.cells_table(predictions, 300, 1)
    half = 2.776445 * table["error"]  # the 97.5 % quantile of t with four degrees of freedom
    low, high = (table["value"] - half).clip(0), (table["value"] + half).clip(upper=1)
    np.testing.assert_allclose(table["low"], low, atol=1e-6)
    np.testing.assert_allclose(table["high"], high, atol=1e-6)
    inner = table[(table["low"] > 0) & (table["high"] < 1)]
    assert len(inner) > 50


def test_uar_agrees_with_intervals_csv(predictions):
    """Both tables are computed by drawing speakers, but with different random numbers."""
    ours = intervals.cells_table(predictions, 4000, 1).set_index(["model", "figure"])
    other = intervals.intervals_table(predictions, 4000, 1).query("task == 'valence'")
    other = other[other["scope"] == "pooled"].set_index(["model", "figure"])
    for model in predictions:
        for name in ("uar5", "uar3"):
            found, known = ours.loc[(model, name)], other.loc[(model, name)]
            assert found["value"].item() == pytest.approx(known["value"])
            assert found["error"].item() == pytest.approx(known["error"], rel=0.05)

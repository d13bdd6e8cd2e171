"""The metrics against scikit-learn, SciPy and the paper's own arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import (
    balanced_accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
)

from emospeech import metrics
from emospeech.report.paper import TABLE_3_COUNTS


def counted(truth, prediction):
    return metrics.confusion(metrics.count_table(truth, prediction))


@pytest.mark.filterwarnings("ignore")  # scikit-learn warns of classes that it does not see
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=60))
def test_whole_labels_count_as_scikit_learn_counts(pairs):
    truth, prediction = np.array(pairs).T
    counts = counted(truth.astype(float), prediction)
    assert (counts == confusion_matrix(truth, prediction, labels=range(1, 6))).all()
    assert metrics.unweighted_recall(counts) == pytest.approx(
        balanced_accuracy_score(truth, prediction)
    )


@pytest.mark.filterwarnings("ignore")
def test_precision_recall_and_f1_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, prediction = rng.integers(1, 6, (2, 500))
    ours = metrics.precision_recall_f1(counted(truth.astype(float), prediction))
    theirs = precision_recall_fscore_support(truth, prediction, labels=range(1, 6))[:3]
    np.testing.assert_allclose(ours, theirs)


def test_a_tie_accepts_both_sides_and_a_miss_counts_under_the_lower_class():
    for prediction, row in ((3, 2), (4, 3), (5, 2), (1, 2)):
        counts = counted([3.5], [prediction])
        assert counts[row, prediction - 1] == counts.sum() == 1


@given(st.floats(1, 5), st.integers(1, 5))
def test_every_label_counts_once_in_a_neighbouring_class(label, prediction):
    counts = counted([label], [prediction])
    assert counts.sum() == 1
    assert abs(counts.sum(axis=1).argmax() + 1 - label) <= 0.5 + 1e-6


def test_the_papers_tables_follow_from_its_counts():
    assert round(100 * metrics.unweighted_recall(TABLE_3_COUNTS), 2) == 43.88
    assert round(100 * metrics.unweighted_recall(metrics.pool(TABLE_3_COUNTS)), 2) == 49.80
    figures = metrics.class_figures(TABLE_3_COUNTS)
    assert figures["precision_normalised"].round(4)[1] == 0.3502
    assert figures["f1_normalised"].round(4)[4] == 0.5284
    assert figures["precision"].round(4)[1] == 0.6046


def test_absent_classes_are_left_out_of_the_mean():
    assert metrics.unweighted_recall(counted([1.0, 1.0, 5.0], [1, 2, 5])) == pytest.approx(0.75)


def test_strict_counts_are_scikit_learns_of_the_class_nearer_to_neutral():
    rng = np.random.default_rng(3)
    truth = rng.choice(np.arange(1, 5.5, 0.5), 300)
    prediction = rng.integers(1, 6, 300)
    inward = {1.5: 2, 2.5: 3, 3.5: 3, 4.5: 4}
    single = [inward.get(label, int(label)) for label in truth]
    counts = metrics.strict_confusion(metrics.count_table(truth, prediction))
    assert (counts == confusion_matrix(single, prediction, labels=range(1, 6))).all()
    assert metrics.unweighted_recall(counts) < metrics.unweighted_recall(counted(truth, prediction))


def test_concordance_falls_with_shift_and_scale_where_the_correlation_does_not():
    truth = np.array([1.0, 2, 3, 4])  # variance 1.25
    assert metrics.concordance(truth, truth) == pytest.approx(1)
    assert metrics.concordance(truth, truth + 1) == pytest.approx(2.5 / 3.5)
    assert metrics.concordance(truth, 2 * truth) == pytest.approx(5 / (1.25 + 5 + 2.5**2))
    assert metrics.concordance(truth, np.full(4, 3.0)) == 0
    assert np.isnan(metrics.concordance(np.ones(3), np.ones(3)))


def test_accuracy_and_error_of_a_hand_made_case():
    counts = counted([1.0, 1.5, 4.5, 3.0], [1, 2, 3, 3])
    assert metrics.accuracy(counts) == 0.75
    assert metrics.accuracy(np.stack([counts, counts])).tolist() == [0.75, 0.75]
    assert metrics.mean_absolute_error([1.0, 4.5], [2.0, 4.0]) == 0.75


def test_correlation_is_scipys_and_undefined_without_spread():
    rng = np.random.default_rng(1)
    truth, prediction = rng.normal(size=(2, 40))
    assert metrics.correlation(truth, prediction) == pytest.approx(
        tuple(stats.pearsonr(truth, prediction))
    )
    assert np.isnan(metrics.correlation(truth, np.ones(40))).all()


def test_expected_value_and_predicted_class():
    probabilities = np.array([[0.5, 0, 0, 0, 0.5], [0, 0, 0, 0.25, 0.75]])
    assert metrics.expected_value(probabilities).tolist() == [3, 4.75]
    assert metrics.predicted_class(probabilities).tolist() == [1, 5]

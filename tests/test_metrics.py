"""Metrics compared with scikit-learn, SciPy and the paper."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
)

from emospeech import metrics
from emospeech.report.paper import TABLE_3_COUNTS
from tests.plain_metrics import CONSTANT, plain_metrics
from tests.settings import VALENCE, emotion_labels


def counted(truth, prediction):
    return metrics.confusion_matrix(metrics.contingency_table(truth, prediction))


@pytest.mark.filterwarnings("ignore")  # scikit-learn warns about absent classes
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=60))
def test_integer_labels_agree_with_scikit_learn(pairs):
    truth, prediction = np.array(pairs).T
    counts = counted(truth.astype(float), prediction)
    assert (counts == confusion_matrix(truth, prediction, labels=range(1, 6))).all()
    assert metrics.unweighted_average_recall(counts) == pytest.approx(
        balanced_accuracy_score(truth, prediction)
    )


@pytest.mark.filterwarnings("ignore")
def test_precision_recall_and_f1_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    truth, prediction = rng.integers(1, 6, (2, 500))
    ours = metrics.precision_recall_f1(counted(truth.astype(float), prediction))
    theirs = precision_recall_fscore_support(truth, prediction, labels=range(1, 6))[:3]
    np.testing.assert_allclose(ours, theirs)


@st.composite
def categories(draw):
    """Return a number of classes with labels and predicted classes, some of which may be absent."""
    size = draw(st.sampled_from([2, 3, 4, 7, 9]))
    number = st.integers(1, size)
    pairs = draw(st.lists(st.tuples(number, number), min_size=1, max_size=60))
    return size, *np.array(pairs).T


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=50)
@given(categories())
def test_metrics_of_categories_agree_with_scikit_learn(drawn):
    size, truth, prediction = drawn
    (task,) = emotion_labels([f"c{number}" for number in range(size)]).tasks(multitask=False)
    found = metrics.score(truth.astype(float), np.eye(size)[prediction - 1], task)
    assert found == {
        "recordings": len(truth),
        "accuracy": pytest.approx(accuracy_score(truth, prediction)),
        "uar": pytest.approx(balanced_accuracy_score(truth, prediction)),
        "macro_f1": pytest.approx(f1_score(truth, prediction, average="macro")),
    }
    names = range(1, size + 1)
    counts = metrics.confusion_matrix(
        metrics.contingency_table(truth.astype(float), prediction, size)
    )
    assert (counts == confusion_matrix(truth, prediction, labels=names)).all()
    table = metrics.class_metrics(counts, task)
    assert table["class"].tolist() == [*task.classes]
    ours = table[["precision", "recall", "f1", "support"]].fillna(0).to_numpy().T
    theirs = precision_recall_fscore_support(truth, prediction, labels=names)
    np.testing.assert_allclose(ours, theirs)


def test_an_absent_class_has_no_recall_in_any_table():
    counts = counted([1.0, 1.0, 3.0], [1, 2, 3])
    classes = metrics.class_metrics(counts, VALENCE).set_index("class")
    recall = np.diag(metrics.normalise_rows(counts))
    np.testing.assert_array_equal(classes["recall"], recall)
    assert classes["recall"].isna().tolist() == [False, True, False, True, True]
    assert (classes.loc[["2", "4", "5"], ["precision", "f1", "f1_normalised"]] == 0).all(axis=None)


def test_halfway_labels_accept_both_classes_and_misses_count_in_the_lower():
    for prediction, row in ((3, 2), (4, 3), (5, 2), (1, 2)):
        counts = counted([3.5], [prediction])
        assert counts[row, prediction - 1] == counts.sum() == 1


def test_the_support_of_a_class_depends_on_the_predictions_of_halfway_labels():
    truth = [2.0, 2.5, 2.5, 3.0, 3.5]
    for prediction, support in ((2, [3, 2]), (3, [1, 4]), (5, [3, 2])):
        counts = counted(truth, [prediction] * 5)
        assert metrics.class_metrics(counts, VALENCE)["support"].tolist() == [0, *support, 0, 0]


@given(st.floats(1, 5), st.integers(1, 5))
def test_each_label_counts_once_in_a_neighbouring_class(label, prediction):
    counts = counted([label], [prediction])
    assert counts.sum() == 1
    assert abs(counts.sum(axis=1).argmax() + 1 - label) <= 0.5 + 1e-6


def test_the_counts_of_table_3_reproduce_the_metrics_of_the_paper():
    assert round(100 * metrics.unweighted_average_recall(TABLE_3_COUNTS), 2) == 43.88
    assert (
        round(100 * metrics.unweighted_average_recall(metrics.merge_classes(TABLE_3_COUNTS)), 2)
        == 49.80
    )
    figures = metrics.class_metrics(TABLE_3_COUNTS, VALENCE)
    assert figures["precision_normalised"].round(4)[1] == 0.3502
    assert figures["f1_normalised"].round(4)[4] == 0.5284
    assert figures["precision"].round(4)[1] == 0.6046


def test_uar_ignores_absent_classes():
    assert metrics.unweighted_average_recall(counted([1.0, 1.0, 5.0], [1, 2, 5])) == pytest.approx(
        0.75
    )


def test_strict_confusion_matrix_agrees_with_scikit_learn_on_hard_labels():
    rng = np.random.default_rng(3)
    truth = rng.choice(np.arange(1, 5.5, 0.5), 300)
    prediction = rng.integers(1, 6, 300)
    inward = {1.5: 2, 2.5: 3, 3.5: 3, 4.5: 4}
    single = [inward.get(label, int(label)) for label in truth]
    counts = metrics.strict_confusion_matrix(metrics.contingency_table(truth, prediction))
    assert (counts == confusion_matrix(single, prediction, labels=range(1, 6))).all()
    assert metrics.unweighted_average_recall(counts) < metrics.unweighted_average_recall(
        counted(truth, prediction)
    )


@st.composite
def rated(draw):
    """Return labels and class probabilities of a scale, which may be few, halfway or constant."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, values = draw(st.integers(1, 40)), draw(st.lists(st.integers(2, 10), min_size=1))
    probabilities = rng.dirichlet(np.full(5, draw(st.sampled_from([0.1, 1, 10]))), size)
    if draw(st.booleans()):
        # Standard deviations of the expected values on both sides of the limit for constants.
        deviation = 10.0 ** draw(st.sampled_from([-9, -7, -4, -2]))
        probabilities = probabilities[:1] + deviation * rng.normal(size=(size, 5))
    return rng.choice(values, size) / 2, probabilities


@settings(max_examples=200)
@given(rated())
def test_scores_agree_with_single_predictions(drawn):
    truth, probabilities = drawn
    expected = plain_metrics(truth, probabilities)
    found = metrics.score(truth, probabilities, VALENCE)
    assert found.pop("recordings") == len(truth)
    assert found == pytest.approx(expected, abs=1e-9, nan_ok=True)
    sums = metrics.recording_sums(truth, probabilities, VALENCE).sum(axis=0)
    from_sums = dict(zip(found, metrics.metrics_from_sums(sums, VALENCE), strict=True))
    assert from_sums == pytest.approx(expected, abs=1e-6, nan_ok=True)
    deviation = (probabilities @ np.arange(1, 6)).std()
    assert metrics.constant_predictions(sums) == (deviation < CONSTANT)


def test_metrics_of_samples_are_those_of_each_sample():
    rng = np.random.default_rng(5)
    truth, shares = rng.integers(2, 11, (4, 3, 30)) / 2, rng.dirichlet(np.ones(5), (4, 3, 30))
    sums = np.empty((4, 3, metrics.n_sums(VALENCE)))
    for place in np.ndindex(4, 3):
        sums[place] = metrics.recording_sums(truth[place], shares[place], VALENCE).sum(axis=0)
    found, names = metrics.metrics_from_sums(sums, VALENCE), metrics.metric_names(VALENCE)
    for place in np.ndindex(4, 3):
        expected = plain_metrics(truth[place], shares[place])
        values = [expected[name] for name in names]
        assert found[place].tolist() == pytest.approx(values, abs=1e-12)


def ccc(truth, prediction):
    return metrics.rho_ccc_mae(metrics.moments(truth, prediction, origin=3).sum(axis=0))[1]


def test_concordance_is_sensitive_to_shift_and_scale():
    truth = np.array([1.0, 2, 3, 4])  # variance 1.25
    assert ccc(truth, truth) == pytest.approx(1)
    assert ccc(truth, truth + 1) == pytest.approx(2.5 / 3.5)
    assert ccc(truth, 2 * truth) == pytest.approx(5 / (1.25 + 5 + 2.5**2))
    assert ccc(truth, np.full(4, 3.0)) == 0
    assert np.isnan(ccc(np.ones(3), np.ones(3)))
    assert np.isnan(ccc(np.ones(3), np.full(3, 2.0)))


def test_accuracy_and_mae_of_small_examples():
    counts = counted([1.0, 1.5, 4.5, 3.0], [1, 2, 3, 3])
    assert metrics.accuracy(counts) == 0.75
    assert metrics.accuracy(np.stack([counts, counts])).tolist() == [0.75, 0.75]
    probabilities = np.eye(5)[[1, 3]]  # expected values 2 and 4
    assert metrics.score(np.array([1.0, 4.5]), probabilities, VALENCE)["mae"] == 0.75


def test_pearson_agrees_with_scipy():
    rng = np.random.default_rng(1)
    truth, prediction = rng.normal(size=(2, 40))
    assert metrics.pearson(truth, prediction) == pytest.approx(
        stats.pearsonr(truth, prediction).statistic
    )
    assert metrics.pearson(truth, 1e-3 * prediction) == pytest.approx(
        stats.pearsonr(truth, prediction).statistic
    )
    assert np.isnan(metrics.pearson(truth[:2], prediction[:2]))


@pytest.mark.parametrize("noise", [0, 1e-8, 1e-6])
def test_constant_predictions_are_uncorrelated_and_constant_labels_undefined(noise):
    rng = np.random.default_rng(2)
    truth, constant = rng.normal(size=40), 2.3 + noise * rng.normal(size=40)
    for coefficient in (metrics.pearson, ccc):
        assert coefficient(truth, constant) == 0
        assert np.isnan(coefficient(constant, constant[::-1]))
    assert np.isnan(metrics.pearson(constant, truth))
    assert np.isnan(metrics.pearson(truth, np.where(truth > 0, np.nan, truth)))


def test_expected_value_and_predicted_class():
    probabilities = np.array([[0.5, 0, 0, 0, 0.5], [0, 0, 0, 0.25, 0.75]])
    assert metrics.expected_value(probabilities).tolist() == [3, 4.75]
    assert metrics.predicted_class(probabilities).tolist() == [1, 5]

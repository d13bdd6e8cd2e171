"""Labels as distributions, and shuffled for the control."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emospeech.labels import CLASSES, class_shares, fuzzy, shuffled

LABELS = st.lists(st.floats(1, 5), min_size=1, max_size=30)


def test_the_papers_example_and_a_third():
    np.testing.assert_allclose(fuzzy([4.5, 5, 8 / 3])[:2], [[0, 0, 0, 0.5, 0.5], [0, 0, 0, 0, 1]])
    np.testing.assert_allclose(fuzzy([8 / 3])[0, 1:3], [1 / 3, 2 / 3], rtol=1e-6)


@given(LABELS)
def test_fuzzy_labels_are_distributions_that_keep_the_expected_value(labels):
    distributions = fuzzy(labels)
    np.testing.assert_allclose(distributions.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(distributions @ CLASSES, labels, rtol=1e-5)


@given(LABELS)
def test_class_shares_sum_to_one_within_half_a_class(labels):
    shares = class_shares(labels)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    distance = np.abs(np.array(labels)[:, None] - CLASSES)
    assert (distance[shares > 0] <= 0.5 + 1e-5).all()


def test_halfway_labels_count_half_to_either_side():
    assert class_shares([2.5, 2.667]).tolist() == [[0, 0.5, 0.5, 0, 0], [0, 0, 1, 0, 0]]


def test_shuffling_stays_within_a_part_and_keeps_rows_together():
    labels = np.column_stack([np.arange(60), np.arange(60) + 0.5])
    parts = np.repeat(["train", "validation", "test"], 20)
    result = shuffled(labels, parts, np.random.default_rng(0))
    assert (result[:, 1] - result[:, 0] == 0.5).all()
    assert not np.array_equal(result, labels)
    for part in np.unique(parts):
        assert set(result[parts == part, 0]) == set(labels[parts == part, 0])

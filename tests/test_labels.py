"""Encodings of labels as training targets, and shuffled labels."""

import logging
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emospeech.labels import (
    CLASSES,
    ENCODINGS,
    LabelSettings,
    check_classes,
    class_shares,
    count_whole,
    encode,
    fuzzy,
    hard,
    histogram,
    label_table,
    nearest_class,
    shuffle_within,
)
from emospeech.runtime.errors import InputError
from emospeech.training.targets import encode_table
from tests.settings import VALENCE

LABELS = st.lists(st.floats(1, 5), min_size=1, max_size=30)


def test_fuzzy_labels_of_the_paper():
    expected = [[0, 0, 0, 0.5, 0.5], [0, 0, 0, 0, 1], [0, 1 / 3, 2 / 3, 0, 0]]
    np.testing.assert_allclose(fuzzy([4.5, 5, 8 / 3]), expected)


@given(LABELS)
def test_fuzzy_labels_are_distributions_with_the_label_as_expected_value(labels):
    distributions = fuzzy(labels)
    np.testing.assert_allclose(distributions.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(distributions @ CLASSES, labels, rtol=1e-5)


def test_hard_labels_round_halfway_labels_towards_neutral():
    labels = [1, 1.4, 1.5, 7 / 3, 2.5, 8 / 3, 3.5, 3.51, 4.5, 4.75, 5]
    assert nearest_class(labels).tolist() == [1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5]
    assert (hard(labels).sum(axis=1) == 1).all()


@given(st.lists(st.integers(2, 10).map(lambda half: half / 2), min_size=1))
def test_hard_labels_are_symmetric_about_neutral(labels):
    np.testing.assert_array_equal(hard(6 - np.array(labels)), hard(labels)[:, ::-1])


RATINGS = st.lists(st.integers(1, 5), max_size=4)


@given(st.lists(RATINGS, min_size=1))
def test_histograms_count_ratings_and_have_their_mean(ratings):
    for row, given_ratings in zip(histogram(ratings), ratings, strict=True):
        if not given_ratings:
            assert np.isnan(row).all()
            continue
        counts = [given_ratings.count(number) for number in CLASSES]
        np.testing.assert_allclose(row, np.divide(counts, len(given_ratings)))
        assert row @ CLASSES == pytest.approx(np.mean(given_ratings))


def test_histogram_falls_back_to_fuzzy_without_ratings():
    labels, ratings = [3, 3, 2.5, 4], [[2, 4], [3, 3], [], [3.5, 4.5]]
    expected = [[0, 0.5, 0, 0.5, 0], [0, 0, 1, 0, 0], [0, 0.5, 0.5, 0, 0], [0, 0, 0.25, 0.5, 0.25]]
    assert encode(labels, "histogram", histogram(ratings)).tolist() == expected


def test_histograms_use_the_ratings_behind_the_labels(tmp_path, caplog):
    """Self-reports and out-of-scale ratings are ignored, labels without ratings are counted."""
    rows = [("a", "E1", "external", 2), ("a", "E2", "external", 4), ("a", "F1", "self", 1)]
    rows += [("b", "E1", "external", 6), ("b", "E2", "external", 4)]
    rows += [("c", "E1", "external", 6), ("d", "E1", "external", np.nan)]
    rows += [("elsewhere", "E1", "external", 1)]
    ratings = pd.DataFrame(rows, columns=["recording", "rater", "kind", "valence"])
    ratings.assign(activation=3, dominance=3).to_csv(tmp_path / "ratings.csv", index=False)
    table = pd.DataFrame({"recording": list("cabde"), "valence": [5, 3, 4, 2.5, np.nan]})
    with caplog.at_level(logging.INFO):
        found = encode_table(table, [VALENCE], "histogram", tmp_path / "ratings.csv")["valence"]
    expected = [[0, 0, 0, 0, 1], [0, 0.5, 0, 0.5, 0], [0, 0, 0, 1, 0], [0, 0.5, 0.5, 0, 0]]
    assert found[:4].tolist() == expected
    assert "valence: 1 labels without ratings" in caplog.text


@given(LABELS)
def test_targets_match_the_outputs_of_the_head(labels):
    histograms = np.full((len(labels), 5), np.nan)
    for encoding in ENCODINGS:
        targets = encode(labels, encoding, histograms)
        assert targets.shape == (len(labels), LabelSettings(encoding=encoding).outputs(VALENCE))
        assert targets.dtype == np.float32
    np.testing.assert_allclose(encode(labels, "regression")[:, 0], labels, rtol=1e-6)


FOUR = {"angry": ["ang"], "happy": ["hap", "exc"], "sad": ["sad"], "5": ["fru"]}
OVERLAPPING = {"angry": ["ang"], "happy": ["exc"], "bad": ["sad", "ang"]}


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("labels.secondary", {"target": "activation"}),
        ("labels.secondary", {"target": "valence", "secondary": "valence"}),
        ("labels.classes", {"target": "emotion"}),
        ("labels.classes", {"target": "emotion", "classes": {"angry": ["ang"]}}),
        ("labels.classes.bad", {"target": "emotion", "classes": OVERLAPPING}),
        ("labels.encoding", {"target": "emotion", "classes": FOUR, "encoding": "fuzzy"}),
        ("labels.encoding", {"target": "emotion", "classes": FOUR, "encoding": "regression"}),
    ],
)
def test_settings_that_contradict_each_other_are_errors(key, settings):
    with pytest.raises(InputError, match=rf"^{re.escape(key)}: "):
        LabelSettings(**{"encoding": "hard"} | settings).check()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"target": "dominance"},
        {"target": "activation", "secondary": "valence"},
        {"target": "emotion", "classes": FOUR, "encoding": "hard"},
        {"target": "emotion", "classes": FOUR, "encoding": "histogram", "secondary": "valence"},
    ],
)
def test_settings_that_agree_are_accepted(settings):
    LabelSettings(**settings).check()


def test_emotions_that_a_corpus_lacks_are_errors_that_list_the_others():
    labels = LabelSettings(target="emotion", classes=FOUR)
    check_classes(["", "ang", "hap", "exc", "sad", "fru", "neu"], labels)
    with pytest.raises(InputError, match=r"^labels\.classes\.happy: .*\bexc\b.*ang, hap, neu\b"):
        check_classes(["neu", "", "hap", "ang"], labels)
    with pytest.raises(InputError, match=r"^labels\.classes\.angry: .*\bang\b"):
        check_classes([""], labels)
    check_classes([], LabelSettings())


def test_emotions_are_numbered_in_the_order_of_the_classes():
    labels = LabelSettings(target="emotion", classes=FOUR)
    emotions = ["sad", "exc", "", "ang", "neu", "hap", "fru"]
    np.testing.assert_array_equal(labels.class_numbers(emotions), [3, 2, np.nan, 1, np.nan, 2, 4])
    table = label_table(labels.class_numbers(emotions)[:, None], labels.tasks(multitask=False))
    names = ["sad", "happy", np.nan, "angry", np.nan, "happy", "5"]
    assert table["emotion"].fillna("-").tolist() == pd.Series(names).fillna("-").tolist()


@given(LABELS)
def test_class_shares_sum_to_one_and_go_to_the_nearest_classes(labels):
    shares = class_shares(labels)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    distance = np.abs(np.array(labels)[:, None] - CLASSES)
    assert (distance[shares > 0] <= 0.5 + 1e-5).all()


def test_class_shares_split_halfway_labels():
    assert class_shares([2.5, 2.667]).tolist() == [[0, 0.5, 0.5, 0, 0], [0, 0, 1, 0, 0]]


def test_shuffling_stays_within_parts_and_keeps_rows_together():
    labels = np.column_stack([np.arange(60), np.arange(60) + 0.5])
    parts = np.repeat(["train", "validation", "test"], 20)
    result = shuffle_within(labels, parts, np.random.default_rng(0))
    assert (result[:, 1] - result[:, 0] == 0.5).all()
    assert not np.array_equal(result, labels)
    for part in np.unique(parts):
        assert set(result[parts == part, 0]) == set(labels[parts == part, 0])


def test_labels_with_equal_hard_and_fuzzy_targets_are_counted():
    table = pd.DataFrame({"valence": [1, 2.5, 5, np.nan]})
    assert [*count_whole(table, LabelSettings(encoding="hard")).values()] == [2]
    assert not count_whole(table, LabelSettings())

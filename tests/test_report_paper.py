"""The paper's printed values agree with each other and with the counts that print as Table 3."""

from itertools import product

import numpy as np
import pytest

from emospeech.metrics import (
    class_metrics,
    merge_classes,
    normalise_rows,
    unweighted_average_recall,
)
from emospeech.models.catalogue import MODELS
from emospeech.report import paper
from emospeech.report.paper_tables import table_cells, table_classes, table_recovered
from tests import report_data as data
from tests.settings import VALENCE


def brute_force(row):
    """Return all counts that round to the printed shares of a row, by trying neighbours of each."""
    totals = np.arange(1, paper.MAX_RECORDINGS + 1)[:, None, None]
    counts = np.floor(row * totals + 1e-9).astype(int) + np.array(list(product((0, 1), repeat=5)))
    prints = (np.abs(np.round(counts / totals, 4) - row) < 1e-9).all(axis=2)
    found = counts[prints & (counts.sum(axis=2) == totals[..., 0])]
    return np.unique(found, axis=0)


def as_set(counts):
    return {tuple(row) for row in counts.tolist()}


def test_counts_of_a_row_are_all_that_round_to_its_shares():
    for row in paper.TABLE_3:
        found = paper.row_counts(row, paper.MAX_RECORDINGS)
        assert as_set(found) == as_set(brute_force(row))
        assert (np.diff(found.sum(axis=1)) >= 0).all()


def test_six_sets_of_counts_print_as_table_3_and_give_the_uar_of_three_classes():
    """All combinations of rows, where rows of several sums are added one after the other."""
    combinations = [(0,)]
    for row in paper.TABLE_3:
        rows = [(one, int(one.sum())) for one in brute_force(row)]
        combinations = [
            (total + size, *rest, one)
            for total, *rest in combinations
            for one, size in rows
            if total + size <= paper.MAX_RECORDINGS
        ]
    merged = np.repeat(np.eye(3, dtype=int), [2, 1, 2], axis=0)
    expected = []
    for counts in (np.array(rows) for _, *rows in combinations):
        three = merged.T @ counts @ merged
        if round(np.mean(np.diag(three) / three.sum(axis=1)), 4) == 0.4980:
            expected.append(counts)
    sets = paper.table_3_sets()
    assert {one.tobytes() for one in sets} == {one.tobytes() for one in expected}
    assert sets.sum(axis=(1, 2)).tolist() == [3520, 4233, 4461, 4946, 5125, 5174]
    assert np.array_equal(sets[0], paper.TABLE_3_COUNTS)


def test_every_set_of_counts_gives_the_pooled_uars_of_table_2():
    printed = paper.TABLE_2[paper.TABLE_3_MODEL]
    for counts in paper.table_3_sets():
        assert np.array_equal(normalise_rows(counts).round(4), paper.TABLE_3)
        assert round(unweighted_average_recall(counts), 4) == printed["uar5"]
        assert round(unweighted_average_recall(merge_classes(counts)), 4) == printed["uar3"]


def test_quoted_precision_recall_and_f1_follow_from_the_row_shares():
    tables = [class_metrics(counts, VALENCE).set_index("class") for counts in paper.table_3_sets()]
    for figure, label in (("recall", 2), ("precision_normalised", 2), ("f1_normalised", 5)):
        printed = {round(table.loc[f"{label}", figure], 4) for table in tables}
        assert printed == {paper.FROM_TABLE_3[figure, label]}


def test_table_1_is_in_the_search_space_of_the_text():
    assert set(paper.TABLE_1) == set(paper.TABLE_2) == set(data.MODELS)
    for model, trial in paper.TABLE_1.items():
        assert tuple(trial) == MODELS[model].family.parameters
        assert 2 <= trial["filter_size"] <= trial["crop_width"] // 8
        assert trial["filters"] % 4 == 0
        assert 32 <= trial["filters"] <= 90
        assert trial["learning_rate"] in (1e-3, 1e-4, 1e-5)


def test_recovered_metrics_agree_with_the_printed_ones():
    table = table_recovered(data.confusion(), data.cells())
    printed = table.dropna(subset="printed")
    assert len(printed) == 5
    for end in ("low", "high"):
        assert np.array_equal(printed[f"recovered_{end}"].round(4), printed["printed"])


def test_metrics_that_table_3_does_not_determine_are_ranges():
    rows = table_recovered(data.confusion(), data.cells()).iloc[4::2]
    ranges = rows[["recovered_low", "recovered_high"]].round(3).to_numpy().tolist()
    assert ranges == [[0.437, 0.605], [0.228, 0.399]]
    assert rows["difference"].isna().all()
    classes = table_classes({paper.TABLE_3_MODEL: data.classes()}, "valence").set_index(
        ["model", "class"]
    )
    theirs = classes.loc[f"{paper.TABLE_3_MODEL}, paper"]
    assert theirs["support"].isna().tolist() == [False, False, True, True, True]
    assert theirs[["precision", "f1"]].isna().all(axis=None)
    assert not theirs[["recall", "precision_normalised", "f1_normalised"]].isna().any(axis=None)


def test_recovered_metrics_are_next_to_those_of_this_run():
    table = table_recovered(data.confusion(), data.cells())
    uar = np.mean([6 / 10, 30 / 40, 9 / 20, 7 / 16, 2 / 4])
    assert table.loc[0, "this_run"] == pytest.approx(uar)
    assert table.loc[2, "difference"] == pytest.approx(0.75 - 1286 / 1670)
    assert table["low"].tolist() == [0.1, 0.11, 0.0042, 0.0062, 0.0022, 0.0055, 0.0035]


def test_cells_have_counts_shares_intervals_and_differences():
    table = table_cells(data.confusion(), data.cells())
    assert len(table) == 25
    assert table["recovered_count"].sum() == 3520
    assert table["own_count"].sum() == np.sum(data.COUNTS)
    row = table.iloc[7]  # negative, predicted as neutral
    assert (row["truth"], row["prediction"]) == ("Neg.", "Neu.")
    assert (row["low"], row["high"]) == (0.0023, 0.5023)
    assert row["difference"] == pytest.approx(5 / 40 - 133 / 1670)
    shares = normalise_rows(paper.TABLE_3_COUNTS).ravel()
    assert np.array_equal(table["recovered"], shares)

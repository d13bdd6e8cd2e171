"""The paper's printed values agree with each other and with the counts behind its Table 3."""

import numpy as np
import pytest

from emospeech.metrics import (
    class_metrics,
    merge_classes,
    normalise_rows,
    unweighted_average_recall,
)
from emospeech.report import paper
from emospeech.report.paper_tables import table_cells, table_recovered
from emospeech.training.trial import PARAMETERS
from tests import report_data as data


def smallest_counts(row, digits=4):
    """Return the smallest integers whose shares round to the printed ones, trying all row sums."""
    for total in range(1, 10_040):  # IEMOCAP has 10,039 recordings
        counts = np.rint(row * total).astype(int)
        if counts.sum() == total and np.array_equal(np.round(counts / total, digits), row):
            return counts
    raise AssertionError(f"no counts have the shares {row}")


def test_table_3_counts_are_the_smallest_that_round_to_the_printed_shares():
    found = [smallest_counts(row) for row in paper.TABLE_3]
    assert np.array_equal(found, paper.TABLE_3_COUNTS)
    assert paper.TABLE_3_COUNTS.sum() == 3520


def test_table_2_follows_from_the_pooled_counts():
    counts, printed = paper.TABLE_3_COUNTS, paper.TABLE_2[paper.TABLE_3_MODEL]
    assert round(unweighted_average_recall(counts), 4) == printed["uar5"]
    assert round(unweighted_average_recall(merge_classes(counts)), 4) == printed["uar3"]


def test_quoted_precision_recall_and_f1_follow_from_the_row_shares():
    table = class_metrics(paper.TABLE_3_COUNTS).set_index("class")
    for figure, label in (("recall", 2), ("precision_normalised", 2), ("f1_normalised", 5)):
        assert round(table.loc[label, figure], 4) == paper.FROM_TABLE_3[figure, label]
    assert round(table.loc[2, "precision"], 4) == 0.6046
    assert round(table.loc[5, "f1"], 4) == 0.2846


def test_table_1_is_in_the_search_space_of_the_text():
    assert set(paper.TABLE_1) == set(paper.TABLE_2) == set(paper.MODELS)
    for trial in paper.TABLE_1.values():
        assert tuple(trial) == PARAMETERS
        assert 2 <= trial["filter_size"] <= trial["crop_width"] // 8
        assert trial["filters"] % 4 == 0
        assert 32 <= trial["filters"] <= 90
        assert trial["learning_rate"] in (1e-3, 1e-4, 1e-5)


def test_recovered_metrics_agree_with_the_printed_ones():
    table = table_recovered(data.confusion(), data.cells())
    printed = table.dropna(subset="printed")
    assert len(printed) == 5
    assert np.array_equal(printed["recovered"].round(4), printed["printed"])
    assert table["recovered"].round(4).tolist()[4::2] == [0.6046, 0.2846]


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
    assert np.array_equal(table["low"].isna(), table["own_count"] == 0)

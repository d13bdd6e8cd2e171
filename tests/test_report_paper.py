"""The paper's printed numbers agree with each other, and with the counts recovered from them."""

import numpy as np
import pytest

from emospeech.metrics import class_metrics, normalise_rows
from emospeech.report import paper, recovery
from emospeech.report.frames import MODELS
from emospeech.runtime.errors import InputError
from emospeech.training.trial import PARAMETERS
from tests import report_data as data


def test_printed_rows_sum_to_one():
    assert paper.TABLE_3.sum(axis=1) == pytest.approx(np.ones(5), abs=2.5e-4)


def test_mean_of_printed_diagonal_is_the_five_class_figure():
    printed = paper.TABLE_2[paper.TABLE_3_MODEL]["uar5"]
    assert np.diag(paper.TABLE_3).mean() == pytest.approx(printed, abs=1e-4)


def test_pooled_counts_give_the_three_class_figure():
    pool = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 1]])
    counts = pool @ paper.TABLE_3_COUNTS @ pool.T
    recall = (np.diag(counts) / counts.sum(axis=1)).mean()
    assert round(recall, 4) == paper.TABLE_2[paper.TABLE_3_MODEL]["uar3"]


def test_quoted_precision_recall_and_f1_come_from_the_row_shares():
    table = class_metrics(paper.TABLE_3_COUNTS).set_index("class")
    assert round(table.loc[2, "recall"], 4) == paper.QUOTED_RECALL_NEGATIVE
    assert round(table.loc[2, "precision_normalised"], 4) == paper.QUOTED_PRECISION_NEGATIVE
    assert round(table.loc[5, "f1_normalised"], 4) == paper.QUOTED_F1_VERY_POSITIVE
    assert round(table.loc[2, "precision"], 4) == 0.6046
    assert round(table.loc[5, "f1"], 4) == 0.2846


def test_parameters_of_table_1_lie_in_the_space_that_the_text_names():
    assert set(paper.TABLE_1) == set(paper.TABLE_2) == set(MODELS)
    for found in paper.TABLE_1.values():
        assert tuple(found) == PARAMETERS
        assert 2 <= found["filter_size"] <= found["crop_width"] // 8
        assert found["filters"] % 4 == 0
        assert 32 <= found["filters"] <= 90
        assert found["learning_rate"] in (1e-3, 1e-4, 1e-5)


def test_counts_are_recovered_from_the_printed_shares():
    assert np.array_equal(recovery.recover_counts(paper.TABLE_3), paper.TABLE_3_COUNTS)
    assert np.array_equal(np.round(normalise_rows(paper.TABLE_3_COUNTS), 4), paper.TABLE_3)
    assert paper.TABLE_3_COUNTS.sum() == 3520


def test_the_smallest_counts_are_found_of_any_row():
    counts = np.random.default_rng(3).integers(0, 60, (20, 5))
    found = recovery.recover_counts(np.round(normalise_rows(counts), 4))
    assert np.array_equal(np.round(normalise_rows(found), 4), np.round(normalise_rows(counts), 4))
    assert (found.sum(axis=1) <= counts.sum(axis=1)).all()


def test_shares_of_no_counts_are_refused():
    with pytest.raises(InputError, match=r"Table 3: .*0\.9, 0\.3"):
        recovery.recover_counts([[0.9, 0.3]])


def test_every_printed_figure_follows_to_its_last_digit():
    table = recovery.table_recovered(data.confusion(), data.cells())
    printed = table.dropna(subset="printed")
    assert len(printed) == 5
    assert np.array_equal(printed["recovered"].round(4), printed["printed"])
    assert table["recovered"].round(4).tolist()[4::2] == [0.6046, 0.2846]


def test_our_figures_stand_beside_those_of_the_paper():
    table = recovery.table_recovered(data.confusion(), data.cells())
    assert table.loc[0, "this_run"] == pytest.approx(
        np.mean([6 / 10, 30 / 40, 9 / 20, 7 / 16, 2 / 4])
    )
    assert table.loc[2, "difference"] == pytest.approx(0.75 - 1286 / 1670)


def test_each_cell_has_both_counts_and_their_difference():
    table = recovery.table_cells(data.confusion(), data.cells())
    assert len(table) == 25
    assert table["recovered_count"].sum() == 3520
    assert table["own_count"].sum() == np.sum(data.COUNTS)
    row = table.iloc[7]  # negative, taken for neutral
    assert (row["truth"], row["prediction"]) == ("Neg.", "Neu.")
    assert (row["low"], row["high"]) == (0.0023, 0.5023)
    assert row["difference"] == pytest.approx(5 / 40 - 133 / 1670)
    assert np.array_equal(table["low"].isna(), table["own_count"] == 0)  # no width, no interval


def test_each_figure_has_the_interval_of_its_own_row():
    low = recovery.table_recovered(data.confusion(), data.cells())["low"].tolist()
    assert low == [0.1, 0.11, 0.0042, 0.0062, 0.0022, 0.0055, 0.0035]

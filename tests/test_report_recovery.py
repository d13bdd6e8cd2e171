"""The paper's figures follow from the counts that its Table 3 gives."""

import numpy as np
import pytest

from emospeech.faults import InputError
from emospeech.metrics import row_normalised
from emospeech.report import paper, recovery
from tests import report_data as data


def test_the_counts_are_found_from_the_printed_shares():
    assert np.array_equal(recovery.recover_counts(paper.TABLE_3), paper.TABLE_3_COUNTS)
    assert recovery.recover_counts(paper.TABLE_3).sum() == 3520


def test_the_smallest_counts_are_found_of_any_row():
    counts = np.random.default_rng(3).integers(0, 60, (20, 5))
    found = recovery.recover_counts(np.round(row_normalised(counts), 4))
    assert np.array_equal(np.round(row_normalised(found), 4), np.round(row_normalised(counts), 4))
    assert (found.sum(axis=1) <= counts.sum(axis=1)).all()


def test_shares_of_no_counts_are_refused():
    with pytest.raises(InputError, match=r"no counts print as 0\.9, 0\.3"):
        recovery.recover_counts([[0.9, 0.3]])


def test_every_printed_figure_follows_to_its_last_digit():
    table = recovery.table_recovered(data.confusion(), data.cells())
    printed = table.dropna(subset="printed")
    assert len(printed) == 5
    assert np.array_equal(printed["recovered"].round(4), printed["printed"])
    assert table["recovered"].round(4).tolist()[4::2] == [0.6046, 0.2846]


def test_our_figures_stand_beside_those_of_the_paper():
    table = recovery.table_recovered(data.confusion(), data.cells()).set_index("derivation")
    assert table.loc["mean of the diagonal", "this_run"] == pytest.approx(
        np.mean([6 / 10, 30 / 40, 9 / 20, 7 / 16, 2 / 4])
    )
    assert table.loc["its cell on the diagonal", "difference"] == pytest.approx(0.75 - 1286 / 1670)


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

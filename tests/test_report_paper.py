"""The paper's printed numbers agree with each other."""

import numpy as np
import pytest

from emospeech.metrics import class_figures
from emospeech.report import paper
from emospeech.report.frames import MODELS
from emospeech.training.trial import PARAMETERS


def test_recovered_counts_print_as_table_3_in_every_cell():
    shares = paper.TABLE_3_COUNTS / paper.TABLE_3_COUNTS.sum(axis=1, keepdims=True)
    assert np.array_equal(np.round(shares, 4), paper.TABLE_3)


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
    table = class_figures(paper.TABLE_3_COUNTS).set_index("class")
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

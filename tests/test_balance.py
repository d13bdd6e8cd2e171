"""The distribution of labels before and after oversampling, and its figure."""

import numpy as np
import pandas as pd
import pytest

from emospeech.crops.oversampling import balance_table, epoch_length
from emospeech.report import captions
from emospeech.report.figures.label_balance import draw_balance
from tests import report_data as data
from tests.settings import VALENCE

RECORDINGS = pd.DataFrame(
    {"recording": list("abcdefgh"), "valence": [1, 2, 2.5, 2.5, 4, np.nan, 5, 2]}
)
FOLDS = pd.DataFrame(
    {
        "fold": 1,
        "recording": list("abcdefgh"),
        "part": ["train"] * 6 + ["validation", "test"],
    }
)


def counts(table, stage):
    return table.loc[table["stage"] == stage, "count"].tolist()


def test_labels_of_the_training_part():
    """1, 2 and 4 occur once; two labels of 2.5 count as one 2 and one 3."""
    table = balance_table(RECORDINGS, FOLDS, VALENCE, seed=1)
    assert counts(table, "training part") == [1, 2, 1, 1, 0]
    before = table[table["stage"] == "training part"]
    assert before["share"].tolist() == [0.2, 0.4, 0.2, 0.2, 0]


def test_classes_of_an_oversampled_epoch_are_equally_frequent():
    """There are no halfway labels, so the shares are equal except for rounding."""
    recordings = pd.DataFrame({"recording": range(60), "valence": [1] * 2 + [2] * 50 + [3, 4] * 4})
    folds = pd.DataFrame({"recording": range(60), "fold": 3, "part": "train"})
    table = balance_table(recordings, folds, VALENCE, seed=1)
    after = counts(table, "oversampled epoch")
    assert sum(after) == epoch_length(recordings["valence"].to_numpy(float), 5) == 250
    assert after[:4] == pytest.approx([62.5] * 4, abs=0.5)
    assert after[4] == 0
    assert set(table["fold"]) == {3}


def test_an_epoch_without_oversampling_is_the_training_part():
    table = balance_table(RECORDINGS, FOLDS, VALENCE, seed=1, oversample=False)
    assert counts(table, "epoch") == counts(table, "training part")


def test_the_epoch_depends_on_the_seed():
    labels = [2] * 9 + [2.5] * 4 + [3] * 3 + [4]
    recordings = pd.DataFrame({"recording": range(len(labels)), "valence": labels})
    folds = pd.DataFrame({"recording": range(len(labels)), "fold": 1, "part": "train"})
    first, again, other = (balance_table(recordings, folds, VALENCE, seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_bars_of_the_figure_are_the_shares():
    figure = draw_balance(data.balance(), "valence")
    panels = [panel for panel in figure.axes if panel.get_visible()]
    assert [panel.get_title("left") for panel in panels] == ["Fold 1", "Fold 2"]
    heights = [bar.get_height() for bar in panels[0].patches]
    assert heights[:5] == pytest.approx([20, 40, 20, 20, 0])
    assert heights[5:] == pytest.approx([100 * n / 11 for n in (3, 3, 2.5, 2.5, 0)])
    assert len(draw_balance(data.balance(range(1, 11)), "valence").axes) == 10


def test_numbers_of_the_caption():
    numbers = captions.balance(data.balance(), "valence")
    assert (numbers["recordings"], numbers["crops"]) == ((5, 5), (11, 11))
    assert ("Neg.", 0.4, pytest.approx(3 / 11)) in numbers["classes"]
    assert numbers["oversampled"]
    plain = data.balance().replace("oversampled epoch", "epoch")
    assert not captions.balance(plain, "valence")["oversampled"]

"""The scatter of predicted against actual valence shows every recording and the right means."""

import numpy as np
import pandas as pd
import pytest

from emospeech.faults import InputError
from emospeech.report import captions
from emospeech.report.scatter import draw_scatter, means, points

VALENCE = [2.0, 2.24, 4.5, 1.0]
TABLE = pd.DataFrame(
    {
        "recording": ["d", "a", "c", "b"],
        "speaker": ["Ses02M", "Ses01M", "Ses01M", "Ses02M"],
        "fold": [2, 1, 1, 2],
        "valence": VALENCE,
        "expected": [2.5, 3.5, 4.0, 1.5],
        "p1": 0.2,
    }
)


def test_every_recording_is_a_dot_and_means_are_over_half_points():
    table = points(TABLE)
    assert table["recording"].tolist() == ["a", "c", "b", "d"]
    assert means(table).to_numpy() == pytest.approx(np.array([[1, 1.5], [2.12, 3], [4.5, 4]]))
    panel = draw_scatter(table, "BasicCNN").axes[0]
    drawn = {line.get_label(): np.array(line.get_data()) for line in panel.lines}
    assert sorted(drawn["recording"][0]) == sorted(VALENCE)
    assert drawn["mean"][1].tolist() == [1.5, 3.0, 4.0]


def test_the_words_give_the_correlation():
    caption, alt = captions.scatter(points(TABLE), "BasicCNN")
    rho = np.corrcoef(TABLE["valence"], TABLE["expected"])[0, 1]
    assert f"{rho:.4f}" in alt
    assert "4 test recordings of 2 speakers." in caption


def test_predictions_without_an_expected_value_are_refused():
    with pytest.raises(InputError, match="predictions: no column expected"):
        points(TABLE.drop(columns="expected"))

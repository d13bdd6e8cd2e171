"""The figure of the search shows each trial once a parameter, one or a hundred."""

import numpy as np
import pytest

from emospeech.faults import InputError
from emospeech.report import captions
from emospeech.report.trials import draw_trials, points
from emospeech.search import SearchSpace, draw_trial
from tests import report_data as data


def trials(count):
    table = data.trials().iloc[[0]].loc[[0] * count].reset_index(drop=True)
    drawn = [draw_trial(SearchSpace(), 1, number) for number in range(count)]
    for name in drawn[0]:
        table[name] = [trial[name] for trial in drawn]
    scores = np.random.default_rng(count).uniform(0.2, 0.5, count)
    return table.assign(trial=range(count), validation_uar=scores, chosen=scores == scores.max())


@pytest.mark.parametrize("count", [1, 2, 100])
def test_every_trial_is_a_dot_at_its_value(count):
    table = trials(count)
    figure = draw_trials(points({"BasicDCGAN": table, "BasicCNN": table}))
    assert len(figure.axes) == 2 * 5
    panel = figure.axes[0]
    assert panel.get_title("left") == "BasicCNN"
    dots, chosen = (next(x for x in panel.lines if x.get_label() == n) for n in ("trial", "chosen"))
    assert sorted(dots.get_ydata()) == pytest.approx(sorted(100 * table["validation_uar"]))
    assert chosen.get_ydata() == pytest.approx([100 * table["validation_uar"].max()])
    widths = sorted(table["crop_width"].unique())
    assert [widths[round(place)] for place in dots.get_xdata()] == table["crop_width"].tolist()


def test_a_line_is_the_mean_of_trials_with_one_value():
    """Of the crop widths 64, 128, 64 the first has two trials, .30 and .25."""
    panel = draw_trials(points({"BasicCNN": data.trials()})).axes[0]
    (line,) = panel.collections[0].get_segments()
    assert line[:, 1] == pytest.approx([27.5, 27.5])
    assert line[:, 0].mean() == pytest.approx(0)


def test_many_values_are_not_all_named():
    figure = draw_trials(points({"BasicCNN": trials(100)}))
    assert all(len(panel.get_xticks()) <= 4 for panel in figure.axes)


def test_the_words_give_the_number_of_trials_and_their_range():
    caption, alt = captions.trials(points({"BasicCNN": data.trials(), "BasicDCGAN": trials(1)}))
    assert "1 to 3 trials of each model" in caption
    assert "BasicCNN 25.00 % to 41.00 %" in alt


def test_trials_that_lack_a_parameter_are_refused():
    with pytest.raises(InputError, match="trials of BasicCNN: no column filters"):
        points({"BasicCNN": data.trials().drop(columns="filters")})
    with pytest.raises(InputError, match="trials: no model"):
        points({})

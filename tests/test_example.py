"""The figure of an example crop: the same crop as in the evaluation, with correct axes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from emospeech.crops.centres import draw_fixed_centres
from emospeech.crops.example_crop import choose_example, example_table
from emospeech.crops.gather import CropGatherer
from emospeech.report import captions
from emospeech.report.figures.crop_example import draw_example
from tests import report_data as data

WIDTH = 32


@pytest.fixture(scope="module")
def words(store):
    """words.csv of the `store` fixture, with the index of each word as its text."""
    names = np.repeat(store.recordings, np.diff(store.word_offsets))
    return pd.DataFrame({"recording": names, "word": [f"w{i}" for i in range(len(names))]})


def rows_of(table, element):
    return table[table["element"] == element]


@pytest.mark.parametrize("seed", range(20))
def test_the_centre_is_in_a_word_of_the_recording(store, words, seed):
    table = example_table(store, words, 3, WIDTH, seed)
    centre, spoken = rows_of(table, "centre")["start"].item(), rows_of(table, "word")
    half = 0.5 / store.settings.frame_rate
    assert ((spoken["start"] - half <= centre) & (centre <= spoken["end"] + half)).any()
    assert spoken["word"].tolist() == ["w3", "w4"]
    crop = rows_of(table, "crop").iloc[0]
    assert crop["end"] - crop["start"] == pytest.approx(WIDTH / store.settings.frame_rate)
    middle = centre - crop["start"] - half
    assert middle == pytest.approx(WIDTH / 2 / store.settings.frame_rate)


def test_cells_equal_the_spectrogram_and_the_crop(store, words):
    table = example_table(store, words, 1, WIDTH, seed=4)  # shorter than a crop
    levels = (store.spectrogram(1).astype(float) - 1) * 40  # 80 dB over 2
    assert rows_of(table, "cell")["level"].to_numpy() == pytest.approx(levels.ravel(), abs=0.006)
    centre = draw_fixed_centres(store, np.array([1]), 4)
    crop = CropGatherer(store, WIDTH)(np.array([1]), centre)[0, 0].numpy()
    cut = rows_of(table, "crop cell")
    assert cut["level"].to_numpy() == pytest.approx((crop.ravel() - 1) * 40, abs=0.006)
    outside = (cut["end"] < 0) | (cut["start"] > rows_of(table, "cell")["end"].max())
    assert outside.any()
    assert (cut.loc[outside, "level"] == -80).all()


def test_a_shifted_crop_contains_only_its_recording(store, words):
    """Each cell of the crop equals the cell of the recording at the same time and frequency."""
    table = example_table(store, words, 0, WIDTH, seed=2, edge="shift")
    keys = ["start", "end", "low", "high"]
    both = rows_of(table, "crop cell").round(6).merge(rows_of(table, "cell").round(6), on=keys)
    assert len(both) == WIDTH * store.settings.rows
    assert (both["level_x"] == both["level_y"]).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_long_recording_is_limited_to_three_crops_on_either_side(store, words, seed):
    table = example_table(store, words, 3, 8, seed)  # at most 7 * 8 of the 188 frames
    cells, spoken, crop = (rows_of(table, element) for element in ("cell", "word", "crop"))
    half, crop = 0.5 / store.settings.frame_rate, crop.iloc[0]
    begin = max(crop["start"] - 24 / store.settings.frame_rate, -half)
    assert cells["start"].min() == pytest.approx(begin)
    assert cells["end"].max() <= begin + 56 / store.settings.frame_rate + 1e-9
    words = [(1.0, 1.1), (1.2, 2.9)]  # see conftest.py
    visible = [high > begin + half and low < cells["end"].max() for low, high in words]
    assert len(spoken) == sum(visible)
    assert (spoken["start"] >= cells["start"].min()).all()
    assert (spoken["end"] <= cells["end"].max() + half + 1e-9).all()


def test_the_chosen_recording_has_words_and_is_about_three_crops_long(store):
    """The third recording has no words. 3 s have 188 frames, 0.4 s have 26, and 1.5 s have 94."""
    assert choose_example(store, 60) == 3
    assert choose_example(store, 30) == 0
    bare = replace(store, word_offsets=np.zeros(5, np.int64), word_start=np.empty(0))
    assert choose_example(bare, 19) == 2


def test_the_figure_has_words_box_and_centre_lines():
    figure = draw_example(data.example())
    left, right = figure.axes[:2]
    assert [text.get_text() for text in left.texts] == ["so", "unbelievably"]
    assert {text.get_rotation() for text in left.texts} == {0}
    levels = right.get_images()[0].get_array()
    assert levels[:, 0].tolist() == [-2, -12, -22]  # the lowest row first
    assert right.get_images()[0].get_extent() == pytest.approx((0.15, 0.55, 0, 3))
    for panel in (left, right):
        assert [0.4, 0.4] in [list(line.get_xdata()) for line in panel.lines]
    ticks = dict(
        zip([t.get_text() for t in left.get_yticklabels()], left.get_yticks(), strict=True)
    )
    assert ticks == {"0.5": 0, "1": 1, "2": 2, "4": 3}


def test_words_longer_than_their_time_are_slanted():
    left = draw_example(data.example(["so", "un" * 20])).axes[0]
    assert {text.get_rotation() for text in left.texts} == {40}


def test_a_recording_without_words_is_drawn_without_them():
    table = data.example([])
    assert not draw_example(table).axes[0].texts
    assert captions.example(table)["words"] == 0

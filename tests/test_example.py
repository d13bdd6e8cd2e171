"""The example shows a crop as evaluation cuts it, around a point in a word, on the right axes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from emospeech.crops.centres import draw_fixed_centres
from emospeech.crops.example import choose_example, example_table
from emospeech.crops.gather import CropGatherer
from emospeech.report import captions
from emospeech.report.figures.crop_example import draw_example
from tests import report_data as data

WIDTH = 32


@pytest.fixture(scope="module")
def words(store):
    """words.csv of the store of the tests, each word named by its number."""
    number = np.repeat(np.arange(len(store.recordings)), np.diff(store.word_offsets))
    texts = [f"w{place}" for place in range(len(store.word_start))]
    return pd.DataFrame({"recording": np.array(store.recordings)[number], "word": texts})


def part(table, element):
    return table[table["element"] == element]


@pytest.mark.parametrize("seed", range(20))
def test_the_centre_lies_in_a_word_of_the_recording(store, words, seed):
    table = example_table(store, words, 3, WIDTH, seed)
    centre, spoken = part(table, "centre")["start"].item(), part(table, "word")
    half = 0.5 / store.settings.frame_rate
    assert ((spoken["start"] - half <= centre) & (centre <= spoken["end"] + half)).any()
    assert spoken["word"].tolist() == ["w3", "w4"]
    crop = part(table, "crop").iloc[0]
    assert crop["end"] - crop["start"] == pytest.approx(WIDTH / store.settings.frame_rate)
    middle = centre - crop["start"] - half
    assert middle == pytest.approx(WIDTH / 2 / store.settings.frame_rate)


def test_cells_are_those_of_the_recording_and_of_the_crop(store, words):
    table = example_table(store, words, 1, WIDTH, seed=4)  # shorter than a crop
    levels = (store.spectrogram(1).astype(float) - 1) * 40  # 80 dB over 2
    assert part(table, "cell")["level"].to_numpy() == pytest.approx(levels.ravel(), abs=0.006)
    numbers = np.array([1])
    centre = draw_fixed_centres(store, numbers, 4)
    crop = CropGatherer(store, WIDTH)(numbers, centre)[0, 0].numpy()
    cut = part(table, "crop cell")
    assert cut["level"].to_numpy() == pytest.approx((crop.ravel() - 1) * 40, abs=0.006)
    outside = (cut["end"] < 0) | (cut["start"] > part(table, "cell")["end"].max())
    assert outside.any()
    assert (cut.loc[outside, "level"] == -80).all()


def test_a_shifted_crop_shows_its_own_frames(store, words):
    """Each cell of the crop has the level of the recording's cell at that time and frequency."""
    table = example_table(store, words, 0, WIDTH, seed=2, edge="shift")
    keys = ["start", "end", "low", "high"]
    both = part(table, "crop cell").round(6).merge(part(table, "cell").round(6), on=keys)
    assert len(both) == WIDTH * store.settings.rows
    assert (both["level_x"] == both["level_y"]).all()


@pytest.mark.parametrize("seed", range(5))
def test_of_a_long_recording_three_crops_on_either_side_are_shown(store, words, seed):
    table = example_table(store, words, 3, 8, seed)  # of 188 frames at most 7 times 8
    cells, spoken, half = part(table, "cell"), part(table, "word"), 0.5 / store.settings.frame_rate
    crop = part(table, "crop").iloc[0]
    begin = max(crop["start"] - 24 / store.settings.frame_rate, -half)
    assert cells["start"].min() == pytest.approx(begin)
    assert cells["end"].max() <= begin + 56 / store.settings.frame_rate + 1e-9
    heard = [(1.0, 1.1), (1.2, 2.9)]  # by tests/conftest.py
    heard = [(low, high) for low, high in heard if high > begin + half and low < cells["end"].max()]
    assert len(spoken) == len(heard)
    assert (spoken["start"] >= cells["start"].min()).all()
    assert (spoken["end"] <= cells["end"].max() + half + 1e-9).all()


def test_the_example_has_words_and_is_about_three_crops_long(store):
    """The third recording has no word; 3 s are 188 frames, 0.4 s 26 and 1.5 s 94."""
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

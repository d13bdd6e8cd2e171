"""Figures of generated pictures and of the map show what is in their tables."""

from itertools import combinations, pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from emospeech.faults import InputError
from emospeech.report import captions
from emospeech.report.generated import draw_generated
from emospeech.report.mapping import COLOURS, draw_map
from tests import report_data as data
from tests.test_report_figures import BLIND, lab, linear, luminance, shown


def test_a_line_an_epoch_has_its_pictures_and_real_ones_beside():
    table = data.generated()
    panels = shown(draw_generated(table))
    assert len(panels) == 3 * (4 + 2)
    assert [p.get_ylabel() for p in panels if p.get_ylabel()] == ["Epoch 1", "Epoch 2", "Epoch 3"]
    lines = table.query("epoch == 2 and source == 'generated' and picture == 3")
    picture = panels[6 + 2].get_images()[0].get_array()  # (rows, frames)
    assert picture.tolist() == lines[["row_1", "row_2", "row_3"]].to_numpy().T.tolist()
    real = table.query("epoch == 3 and source == 'real' and picture == 2")
    picture = panels[-1].get_images()[0].get_array()
    assert picture.tolist() == real[["row_1", "row_2", "row_3"]].to_numpy().T.tolist()
    assert panels[0].get_images()[0].origin == "lower", "low frequencies lie below"
    shuffled = shown(draw_generated(table.sample(frac=1, random_state=0)))
    for one, other in zip(panels, shuffled, strict=True):
        np.testing.assert_array_equal(*(p.get_images()[0].get_array() for p in (one, other)))


def test_the_words_of_generated_pictures_tell_levels_and_how_they_differ():
    table = data.generated()
    cells = [f"row_{row}" for row in (1, 2, 3)]
    _, alt = captions.WORDS["generated"](table, "BasicDCGAN")
    own = table.query("epoch == 2 and source == 'generated'")
    stacked = np.stack([rows[cells].to_numpy() for _, rows in own.groupby("picture")])
    spread = stacked.std(axis=0, ddof=1).mean() / 255
    assert f"epoch 2 of mean level {own[cells].to_numpy().mean() / 255:.2f}, its pictures" in alt
    assert f"{spread:.2f} apart; after epoch 3" in alt
    same = table.assign(**dict.fromkeys(cells, 51))
    _, alt = captions.WORDS["generated"](same, "BasicDCGAN")
    assert "after epoch 1 of mean level 0.20, its pictures 0.00 apart" in alt


def test_each_recording_has_its_place_colour_and_mark():
    table = data.mapped()
    panels = shown(draw_map(table))
    assert len(panels) == 4
    test, validation = panels[1].collections
    for drawn, part in ((test, "test"), (validation, "validation")):
        rows = table[(table["fold"] == 2) & (table["part"] == part)]
        np.testing.assert_allclose(drawn.get_offsets(), rows[["x", "y"]])
        wanted = [COLOURS[{1.5: 2, 3: 3, 4.5: 4, 5: 5}[v] - 1] for v in rows["valence"]]
        drawn.update_scalarmappable()
        np.testing.assert_allclose(drawn.get_facecolors(), mpl.colors.to_rgba_array(wanted))
    assert panels[1].get_xlabel() == "60 % of the variance"
    assert all(panel.get_aspect() == 1 for panel in panels), "distances can be compared"


def test_the_classes_differ_in_grey_and_for_the_colour_blind():
    colours = [mpl.colors.to_rgb(colour) for colour in COLOURS]
    lights = [luminance(colour) + 0.05 for colour in colours]
    assert min(high / low for low, high in pairwise(lights)) > 1.3
    for seen in BLIND.values():
        found = [lab(np.clip(seen @ linear(colour), 0, 1)) for colour in colours]
        assert min(np.linalg.norm(a - b) for a, b in combinations(found, 2)) > 20


def test_the_words_of_the_map_say_where_the_classes_lie():
    table = data.mapped()
    _, alt = captions.WORDS["map"](table, "BasicCNN")
    rows = table.query("fold == 1")
    place = rows.loc[rows["valence"] == 5, "x"].mean() / rows["x"].std()
    assert "fold 1, 80 % of the variance" in alt
    assert f"Very Pos. {place:+.1f}" in alt.split("; ")[0]


def test_tables_without_what_is_drawn_are_refused():
    with pytest.raises(InputError, match="map: no column share_y"):
        draw_map(data.mapped().drop(columns="share_y"))
    with pytest.raises(InputError, match="generated pictures: no column row_1"):
        draw_generated(data.generated().drop(columns="row_1"))
    with pytest.raises(InputError, match="no rows"):
        draw_map(pd.DataFrame(columns=data.mapped().columns))

"""The table, the figures and the section of the variants."""

from dataclasses import replace

import pytest

from emospeech.report import page
from emospeech.report.captions import figure_texts
from emospeech.report.evaluation_tables import table_variants
from emospeech.report.figures import unlabelled_hours, variants
from tests.report_data import differences, variant_metrics
from tests.test_report_page import Outline, report

FOUND = differences()
HOURS = variant_metrics()


def test_table_has_the_variants_in_the_order_of_the_config():
    table = table_variants(FOUND)
    valence = table[table["task"] == "valence"]
    assert valence["variant"].tolist() == ["wide", "hard", "hard"]
    assert valence["uar5_difference"].tolist() == [0.03, -0.042, 0.01]
    assert set(table.loc[table["task"] == "activation", "uar5_difference"]) == {0.8}


def test_forest_plot_shows_the_uar_of_valence():
    table = variants.plot_data(FOUND)
    assert table["value"].tolist() == [0.03, -0.042, 0.01]
    figure = variants.draw_variants(table)
    shown = [panel for panel in figure.axes if panel.get_visible()]
    assert [panel.get_title(loc="left") for panel in shown] == ["BasicCNN", "BasicDCGAN"]
    points = [panel.lines[0].get_xydata().tolist() for panel in shown]
    assert points == [[[-4.2, 1]], [[3, 0], [1, 1]]]


def test_hours_start_with_the_model_that_learns_from_labels_only():
    table = unlabelled_hours.plot_data(HOURS, ["hours_1", "hours_3"])
    own = table[table["model"] == "BasicDCGAN"]
    assert own["hours"].tolist() == [0, 1.1, 3.2, 12]
    assert own["value"].tolist() == [0.40, 0.42, 0.45, 0.50]
    assert own["trained_model"].tolist() == ["BasicCNN", *["BasicDCGAN"] * 3]
    assert table.loc[table["model"] == "MultitaskDCGAN", "hours"].tolist() == [0, 1.1, 12]
    figure = unlabelled_hours.draw_hours(table)
    assert len([panel for panel in figure.axes if panel.get_visible()]) == 2
    caption, alternative = figure_texts("hours", table, "valence")
    assert "0 hours" in caption
    assert "MultitaskDCGAN" in alternative
    without = HOURS[~HOURS["model"].str.endswith("CNN")]
    table = unlabelled_hours.plot_data(without, ["hours_1"])
    assert table["hours"].min() == 1.1
    assert "0 hours" not in figure_texts("hours", table, "valence")[0]


@pytest.mark.parametrize(("found", "clear"), [(FOUND, 1), (FOUND.assign(low=-1, high=1), 0)])
def test_section_names_clear_differences(found, clear):
    settings = {"hard": {"labels": {"encoding": "hard"}}, "wide": {"crops": {"edge": "shift"}}}
    study = report(variants=settings)
    study = replace(study, evaluation=study.evaluation | {"variants": found})
    html = page.render(study)
    assert "labels.encoding: hard" in html
    text = Outline(html).text["study-variants"]
    assert ("\N{MINUS SIGN}4.2" in text) == bool(clear)
    assert "7.1" in text


def test_pages_without_variants_have_no_section():
    study = report()
    evaluation = {name: table for name, table in study.evaluation.items() if name != "variants"}
    assert "study-variants" not in Outline(page.render(replace(study, evaluation=evaluation))).text

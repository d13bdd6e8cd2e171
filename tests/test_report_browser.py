"""The report page in a browser, at two widths, light and dark."""

from dataclasses import replace

import pytest

from emospeech.report import page
from tests import browser
from tests import report_data as data
from tests.test_report_page import figures, report  # noqa: F401  (a fixture)

pytestmark = [
    pytest.mark.skipif(not browser.PROGRAM, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.timeout(180),
]


@pytest.fixture(
    scope="module",
    params=[(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def found(request, figures, tmp_path_factory):  # noqa: F811
    text = page.render(report(of_all_models(figures)))
    found = browser.look(text, tmp_path_factory.mktemp("page"), *request.param)
    assert found["inside"] == request.param[0]
    assert found["dark"] == (request.param[1] == "dark")
    return found


def test_page_has_no_console_messages_and_no_requests(found):
    assert found["console"] == []
    assert found["requests"] == []


def test_all_images_are_loaded_and_have_alternative_texts(found, figures):  # noqa: F811
    assert len(found["images"]) == len(of_all_models(figures)) > 6
    assert all(width and len(alt) > 20 for width, alt in found["images"])


def test_table_text_is_visible(found):
    for text in ("43.88", "0.5284", "BasicDCGAN, paper", "improvised", "MAE", "IEMOCAP"):
        assert text in found["text"]


def of_all_models(figures):  # noqa: F811
    """Return each figure of a model once for every model."""
    return tuple(
        replace(
            figure, path=f"results/a-long-name-of-a-study/report/figures/{figure.kind}-{model}.pdf"
        )
        for figure in figures
        for model in (data.MODELS if figure.model and figure.kind != "outline" else [figure.model])
    )


def test_figures_do_not_glare_in_dark_mode(found):
    assert all((value != "none") == found["dark"] for value in found["filters"])
    spectrograms = [value for value in found["filters"] if "invert" not in value]
    assert len(spectrograms) == (9 if found["dark"] else len(found["images"]))


def test_page_is_short_and_the_contents_stay_in_view_on_wide_screens(found):
    if found["inside"] == 1280:
        assert found["tall"] <= 16_500
        assert found["reached"]
    else:
        assert not found["reached"]


def test_first_numeric_column_is_visible_and_scrollable_tables_say_so(found):
    assert found["cut"] == []
    assert found["uncued"] == []


def test_page_is_not_wider_than_the_window(found):
    assert found["wide"] == found["inside"]


def test_text_has_sufficient_contrast(found):
    ratio, text = found["faint"]
    assert ratio >= 4.5, text


def test_clicking_a_heading_sorts_the_trials_and_clicking_again_reverses_them(found):
    up, down = ([row.split("\t")[0] for row in text.split("\n")] for text in found["sorted"])
    assert up == ["0", "1", "2"]
    assert down == ["2", "1", "0"]


def test_inspection_finds_errors_on_a_page(tmp_path):
    wrong = """<head></head><body><p style="color: #999; background: #fff; width: 2000px">faint</p>
        <img src="http://example.org/a.png"><script>console.error("a fault")</script></body>"""
    found = browser.look(wrong, tmp_path, 400, "light")
    assert any("a fault" in line for line in found["console"])
    assert found["images"] == [[0, ""]]
    assert found["requests"] == ["http://example.org/a.png"]
    assert found["wide"] > 2000
    assert found["faint"][0] < 4.5

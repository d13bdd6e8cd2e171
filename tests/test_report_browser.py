"""The report page in a browser, at two widths, light and dark."""

import pytest

from emospeech.report import page
from tests import browser
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
    text = page.render(report(figures))
    found = browser.look(text, tmp_path_factory.mktemp("page"), *request.param)
    assert found["inside"] == request.param[0]
    assert found["dark"] == (request.param[1] == "dark")
    return found


def test_page_has_no_console_messages_and_no_requests(found):
    assert found["console"] == []
    assert found["requests"] == []


def test_all_images_are_loaded_and_have_alternative_texts(found, figures):  # noqa: F811
    assert len(found["images"]) == len(figures) > 6
    assert all(width and len(alt) > 20 for width, alt in found["images"])


def test_table_text_is_visible(found):
    for text in ("43.88", "0.5284", "BasicDCGAN, paper", "improvised", "MAE", "IEMOCAP"):
        assert text in found["text"]


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

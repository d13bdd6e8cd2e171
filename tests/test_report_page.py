"""The report page is well-formed, whole in itself, and has everything on it."""

import json
import runpy
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from emospeech.report import (
    balance,
    captions,
    comparison,
    confusion,
    example,
    generated,
    learning,
    mapping,
    page,
    trials,
)
from emospeech.report.contents import search
from emospeech.report.contents.run import corpus_tables
from emospeech.report.figures import save
from tests import made_up
from tests import report_data as data

VOID = {"meta", "img", "link", "br", "hr", "input"}


class Outline(HTMLParser):
    """Checks that tags are balanced and collects what the tests ask for."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.cells, self.row = [], [], [], None
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes, tuple(self.open)))
        if tag == "table":
            self.cells.append([])
        if tag == "tr":
            self.cells[-1].append(0)
        if tag in ("td", "th"):
            self.cells[-1][-1] += int(attributes.get("colspan", 1))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes, _ in self.tags if name == tag]


def picture(draw, folder, name, table, *model):
    save(draw(table, *model), folder / "a.pdf", folder / "a.png", resolution=50)
    kind = name.split("-")[0]
    words = captions.WORDS[kind](table, *name.split("-")[1:])
    return page.Picture(kind, f"figures/{name}.pdf", (folder / "a.png").read_bytes(), *words)


EVALUATION = {name: table for name, table in made_up.evaluation().items() if name != "metrics"}
EVALUATION |= {"control": data.metrics()}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    scores = comparison.points(data.metrics(), data.intervals())
    matrix = confusion.points(data.confusion(), "BasicDCGAN")
    curves = learning.points(data.histories({1: data.history()}), "BasicCNN")
    return (
        picture(comparison.draw_comparison, folder, "comparison", scores),
        picture(confusion.draw_confusion, folder, "confusion-BasicDCGAN", matrix, "BasicDCGAN"),
        picture(balance.draw_balance, folder, "balance", data.balance()),
        picture(example.draw_example, folder, "example", data.example()),
        picture(trials.draw_trials, folder, "trials", trials.points({"BasicCNN": data.trials()})),
        picture(learning.draw_learning, folder, "learning-BasicCNN", curves),
        picture(generated.draw_generated, folder, "generated-BasicDCGAN", data.generated()),
        picture(mapping.draw_map, folder, "map-BasicCNN", data.mapped()),
    )


def report(pictures=(), **run):
    settings = {
        "config": {"seed": 7, "search": {"trials": 20, "rates": [1e-3, 1e-4]}, "note": "a < b & c"},
        "versions": {"python": "3.11.2", "torch": "2.9.0"},
        "seeds": {"training": 41},
        "commit": "c0ffee",
        "control": "results/control",
        "whole": "snakemake --cores 1 --configfile own.yaml",
        "hardware": {"processor": "a processor", "gpus": []},
        "stores": {"iemocap": "5afe"},
        "durations": pd.DataFrame({"stage": ["training"], "jobs": [400], "minutes": [31.25]}),
    }
    summary = {"recordings": 10039, "hours": 12.44, "words": 5, "speakers": 10}
    return page.Report(
        run=page.Run(**settings | run),
        corpora={"IEMOCAP": summary | {"left_out": {"no_valence": 17}, "irregular": {}}},
        metrics=data.metrics(),
        best={model: data.best() for model in data.MODELS},
        confusions={model: data.confusion() for model in data.MODELS},
        classes={model: data.classes() for model in data.MODELS},
        trials={model: data.trials() for model in data.MODELS},
        pictures=pictures,
        evaluation=EVALUATION,
    )


@pytest.fixture(scope="module")
def html(pictures):
    return page.render(report(pictures))


@pytest.fixture(scope="module")
def outline(html):
    return Outline(html)


def test_what_the_spectrograms_counted_stands_beside_what_the_reader_counted(tmp_path):
    read = {"left_out": {"a": 1}, "irregular": {"b": 2}}
    files = {"iemocap/summary.json": read, "iemocap.json": {"irregular": {"c": 3}}}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content))
    script = Path(__file__).parents[1] / "workflow/scripts/write_report.py"
    paths = SimpleNamespace(
        corpora=[str(tmp_path / "iemocap/summary.json")],
        spectrograms=[str(tmp_path / "iemocap.json")],
    )
    corpora = dict(runpy.run_path(str(script))["summaries"](paths))
    assert corpora == {"iemocap": read | {"irregular": {"b": 2, "c": 3}}}
    rows = corpus_tables(corpora)[-1].layout.rows
    assert [row[2:] for row in rows] == [("a", "1"), ("b", "2"), ("c", "3")]


def test_equal_reports_give_equal_pages(html, pictures):
    assert page.render(report(pictures)) == html


def test_ids_are_unique_and_references_find_them(outline):
    ids = [attributes["id"] for _, attributes, _ in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes, _ in outline.tags:
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids


def test_headings_come_in_order(outline):
    levels = [int(tag[1]) for tag, _, _ in outline.tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_table_is_there_with_caption_scopes_and_a_box_to_scroll(outline):
    names = {attributes["id"] for attributes in outline.all("table")}
    assert names >= {
        "table-1",
        "table-2-valence",
        "table-2-activation",
        "intervals",
        "further",
        "folds",
        "comparisons",
        "spread",
        "references",
        "control",
        "slices",
        "leaks",
        "classes",
        "chance",
        "paper",
        "cells",
        "neighbours",
    }
    assert names >= {f"table-3-{model}" for model in data.MODELS}
    assert names >= {f"search-{model}" for model in data.MODELS}
    assert names >= {"corpora", "left-out", "versions", "config", "hardware", "durations"}
    assert len(outline.all("caption")) == len(outline.all("table"))
    assert all("scope" in attributes for attributes in outline.all("th"))
    boxes = [a for a in outline.all("div") if "scroll" in a.get("class", "")]
    assert len(boxes) == len(outline.all("table")) + len(outline.all("img"))
    assert all(box["tabindex"] == "0" and box["role"] == "region" for box in boxes)


def test_rows_of_a_table_are_equally_wide(outline):
    assert all(len(set(rows)) == 1 for rows in outline.cells)


def test_every_figure_is_inside_with_its_alternative_text_and_size(outline, pictures):
    images = outline.all("img")
    assert [image["alt"] for image in images] == [picture.alt for picture in pictures]
    assert all(image["src"].startswith("data:image/png;base64,") for image in images)
    widths = [int(image["width"]) for image in images]
    assert widths[:6] == pytest.approx([488, *[1008] * 5], abs=3)
    assert widths[7] == pytest.approx(1008, abs=3)
    assert len(outline.all("figcaption")) == 8
    links = {attributes.get("href") for attributes in outline.all("a")}
    for picture in pictures:
        assert {picture.path, picture.path.replace(".pdf", ".csv")} <= links


def test_nothing_is_loaded_from_elsewhere(outline, html):
    assert not any("src" in attributes for attributes in outline.all("script"))
    assert not {"link", "iframe", "object"} & {tag for tag, _, _ in outline.tags}
    for tag, attributes, _ in outline.tags:
        for name in ("src", "href", "srcset", "poster", "action"):
            if attributes.get(name, "").startswith(("http:", "https:", "//")):
                assert (tag, name) == ("a", "href")
    assert "url(" not in html
    assert "@import" not in html


def test_values_stand_on_the_page(html):
    for text in (
        "43.88",
        "10039",
        "12.4",
        "no valence",
        "17",
        "c0ffee",
        "seed of training",
        "store of iemocap",
        "a processor",
        "31.2",
        "2.9.0",
        "Over 2 draws of the crops the UAR of valence has a deviation of",
        "BasicDCGAN in 5 of 5 folds",
        "snakemake --cores 1 --configfile own.yaml",
    ):
        assert text in html
    assert "search.rates</th><td>1e-3, 1e-4" in html
    assert "a &lt; b &amp; c" in html
    assert "snakemake --cores 1 --force figures/confusion-BasicDCGAN.pdf" in html


def test_chosen_trial_is_first_and_set_off(outline):
    marked = [a for a in outline.all("tr") if "chosen" in a.get("class", "")]
    assert len(marked) == len(data.MODELS)


def test_the_budget_and_how_trainings_ended_are_counted(html):
    assert "3 trials on each of 2 folds, 6 trainings" in html
    assert "12 trainings reached" in html
    assert "4 diverged" in html
    trials = {"BasicCNN": data.trials(), "MultitaskCNN": data.trials().iloc[1:2]}
    words = search.search_words(trials)
    assert "BasicCNN 3 trials on each of 2 folds, 6 trainings; MultitaskCNN 1 trial on" in words
    by_folds = {"BasicCNN": data.trials().assign(chosen_by=["1", "2", ""])}
    single = {"BasicCNN": trials["MultitaskCNN"]}
    kinds = [(trials, "pooled"), (by_folds, "pooled"), (by_folds, "fold"), (single, "fold")]
    assert len({search.search_words(*kind) for kind in kinds}) == 4


def test_synthetic_corpora_are_told_at_the_top_and_only_then(html):
    warned = page.render(report(embedded=True))
    assert warned.index("Synthetic data.") < warned.index('<main id="content"')
    assert "say nothing of emotion in people" in warned
    assert "Synthetic data." not in html


def test_a_choice_that_the_folds_share_is_told_and_only_then(html):
    shared = report(config={"search": {"select": "pooled"}})
    text = "search.select: fold"
    assert text in page.render(shared)
    own = report(config={"search": {"select": "fold"}})
    assert text not in page.render(own)
    alone = {model: data.trials().iloc[:1] for model in data.MODELS}
    assert text not in page.render(replace(shared, trials=alone))


def test_the_control_is_shown_or_said_to_be_missing(html):
    assert "Inside it with shuffled ones: 1 of 4 (results/control)" in html
    evaluation = {name: table for name, table in EVALUATION.items() if name != "control"}
    missing = replace(report(control_command="make it"), evaluation=evaluation)
    text = page.render(missing)
    assert (
        "The control has no results in results/control yet. This makes them: <code>make it<" in text
    )
    assert 'id="control"' not in text
    assert "Control with shuffled" not in page.render(report(control=None))


def test_a_page_of_little_is_still_a_page():
    run = page.Run(config={}, versions={}, seeds={})
    metrics = data.metrics(["BasicCNN"]).drop(columns=["chance", "chance_low", "chance_high"])
    text = page.render(page.Report(run, {}, metrics, {}, {}, {}, {}))
    Outline(text)
    assert "No chance level was measured" in text


def test_flatten_keeps_order_and_empty_parts():
    nested = {"b": {"y": 1e-4, "x": {}}, "a": [1, 2], "c": None, "d": True, "e": []}
    assert page.flatten(nested) == [
        ("b.y", "1e-4"),
        ("b.x", "none"),
        ("a", "1, 2"),
        ("c", "none"),
        ("d", "yes"),
        ("e", "none"),
    ]

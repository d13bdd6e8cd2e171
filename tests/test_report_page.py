"""The report page is well-formed, self-contained and complete."""

import json
import re
import runpy
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from emospeech.corpora.corpus_tables import make_corpus, write_corpus
from emospeech.corpora.issues import IssueCounts
from emospeech.evaluation.comparisons import smallest_p
from emospeech.report import captions, evaluation_tables, page, page_numbers, templates
from emospeech.report.captions import figure_texts
from emospeech.report.markup import format_table
from emospeech.runtime.files import read_table, write_table
from tests import example_study
from tests import report_data as data
from tests.test_report_figures import FIGURES

VOID = {"meta", "img", "link", "br", "hr", "input"}


class Outline(HTMLParser):
    """Check that tags are balanced, and collect tags, table cells and the text of sections."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.cells, self.text, self.section = [], [], [], {}, None
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
        if tag == "section":
            self.section = attributes["aria-labelledby"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Collect the text of each section outside of tables, by the id of its heading."""
        if "section" in self.open and "table" not in self.open:
            text = self.text.get(self.section, "") + data
            self.text[self.section] = text.replace("\N{NO-BREAK SPACE}", " ")

    def numbers(self, section):
        return set(re.findall(r"\d+(?:\.\d+)?", self.text[section]))

    def all(self, tag):
        return [attributes for name, attributes, _ in self.tags if name == tag]


EVALUATION = {
    name: table for name, table in example_study.example_tables().items() if name != "metrics"
}
EVALUATION |= {"control": data.metrics(), "variants": data.differences()}
HISTORIES = pd.concat(
    data.history(5, model).assign(model=model, fold=1) for model in ("BasicAPC", "MultitaskAPC")
)


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    png, made = tmp_path_factory.mktemp("figures") / "a.png", []
    for kind, (draw, table, model) in FIGURES.items():
        models = [model] if model else []
        draw(table(), *models).savefig(png, dpi=50)
        texts, path = figure_texts(kind, table(), "valence", *models), "-".join([kind, *models])
        made.append(page.Figure(kind, f"figures/{path}.pdf", png.read_bytes(), *texts))
    return tuple(made)


def report(figures=(), trained=data.MODELS, **config):
    summary = {"recordings": 10039, "hours": 12.44, "words": 5, "speakers": 10}
    summary |= {"licence": "on request", "citation": "C. Busso & others"}
    return page.Report(
        provenance=data.provenance(**config),
        corpora={"iemocap": summary | {"left_out": {"no_valence": 17}, "irregular": {}}},
        metrics=data.metrics(trained),
        best={model: data.best(model) for model in trained},
        confusions={model: data.confusion() for model in trained},
        classes={model: data.classes() for model in trained},
        trials={model: data.trials(model) for model in trained},
        figures=figures,
        evaluation=EVALUATION,
        commands={"file": "snakemake --force", "control": "make it"},
        study=data.study(example_study.recordings_table(200)),
        docs="../docs",
    )


@pytest.fixture(scope="module")
def html(figures):
    return page.render(report(figures))


@pytest.fixture(scope="module")
def outline(html):
    return Outline(html)


def test_irregularities_of_reader_and_spectrograms_are_combined(tmp_path):
    read = {"left_out": {"a": 1}, "irregular": {"b": 2}}
    files = {"iemocap/summary.json": read, "iemocap.json": {"irregular": {"c": 3}}}
    recordings = [
        {"recording": "r1", "duration": 1.0, "emotion": "ang"},
        {"recording": "r2", "duration": 1.0, "emotion": "fea"},
    ]
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content))
    script = Path(__file__).parents[1] / "workflow/scripts/write_report.py"
    write_corpus(make_corpus("iemocap", recordings, [], IssueCounts()), tmp_path)
    paths = SimpleNamespace(
        recordings=tmp_path / "recordings.csv",
        corpora=[str(tmp_path / "iemocap/summary.json")],
        spectrograms=[str(tmp_path / "iemocap.json")],
    )
    labels = {"target": "emotion", "classes": {"angry": ["ang"], "sad": ["sad"]}}
    summaries = runpy.run_path(str(script))["summaries"]
    chosen = dict(summaries(paths, SimpleNamespace(labels=labels, labelled="iemocap")))
    assert sum(chosen["iemocap"]["left_out"].values()) == 2  # a and the recording of fea
    corpora = dict(summaries(paths, SimpleNamespace(labels={}, labelled="iemocap")))
    assert corpora == {"iemocap": read | {"irregular": {"b": 2, "c": 3}}}
    rows = page.corpus_tables([{"name": "a corpus", "summary": corpora["iemocap"]}])[-1].text.rows
    assert {row[0] for row in rows} == {"a corpus"}
    assert [row[2:] for row in rows] == [("a", "1"), ("b", "2"), ("c", "3")]


def test_page_is_reproducible(html, figures):
    assert page.render(report(figures)) == html


def test_ids_are_unique_and_references_exist(outline):
    ids = [attributes["id"] for _, attributes, _ in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes, _ in outline.tags:
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids


def test_heading_levels_are_not_skipped(outline):
    levels = [int(tag[1]) for tag, _, _ in outline.tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_all_tables_are_present_accessible_and_scrollable(outline):
    names = {attributes["id"] for attributes in outline.all("table")}
    tables = {*evaluation_tables.TABLES} - {"forecasts"}  # which only APC models have
    assert names >= tables | {"table-1", "classes", "paper", "cells"}
    assert names >= {"table-2-valence", "table-2-activation"}
    assert names >= {f"table-3-{model}" for model in data.MODELS}
    assert names >= {f"search-{model}" for model in data.MODELS}
    assert names >= {"corpora", "exclusions", "versions", "config", "hardware", "durations"}
    assert names >= set(page.STUDY_TABLES)
    assert len(outline.all("caption")) == len(outline.all("table"))
    assert all("scope" in attributes for attributes in outline.all("th"))
    boxes = [a for a in outline.all("div") if "scroll" in a.get("class", "")]
    assert len(boxes) == len(outline.all("table")) + len(outline.all("img"))
    assert all(box["tabindex"] == "0" and box["role"] == "region" for box in boxes)


def test_secondary_tables_and_figures_of_further_models_are_folded(figures):
    more = [replace(f, path=f"figures/{f.kind}-{m}.pdf") for f in figures for m in data.MODELS]
    tags = Outline(page.render(report(tuple(more)))).tags
    folded, shown = (
        {tag[1]["id"] for tag in tags if tag[0] == "table" and ("details" in tag[2]) == inside}
        for inside in (True, False)
    )
    assert folded >= {
        "intervals",
        "further",
        "folds",
        "chance",
        "subgroups",
        "cells",
        "leaks",
        "variability",
    }
    assert folded >= {"neighbours", "classes", "versions", "hardware", "durations", "config"}
    assert folded >= {f"{kind}-{model}" for kind in ("search", "table-3") for model in data.MODELS}
    assert shown >= {"table-2-valence", "table-1", "references", "corpora", "parameters"}
    images = {"scatter": [], "map": [], "learning": []}
    for tag, attributes, parents in tags:
        kind, _, model = Path(attributes.get("aria-label", "")).stem.partition("-")
        if tag == "div" and kind in images:
            images[kind].append((model, "details" in parents))
    others = [(model, True) for model in data.MODELS if model != "BasicDCGAN"]
    assert images == {kind: [("BasicDCGAN", False), *others] for kind in images}


def test_contents_list_all_sections_in_order(outline):
    sections = [attributes["aria-labelledby"] for attributes in outline.all("section")]
    linked = [a["href"] for tag, a, parents in outline.tags if tag == "a" and "nav" in parents]
    assert linked == [f"#{section}" for section in sections]


def test_rows_of_a_table_have_equal_widths(outline):
    assert all(len(set(rows)) == 1 for rows in outline.cells)


def test_figures_are_embedded_with_alternative_text_and_size(outline, figures):
    images = outline.all("img")
    assert [image["alt"] for image in images] == [figure.alt for figure in figures]
    assert all(image["src"].startswith("data:image/png;base64,") for image in images)
    assert all(
        int(image["width"]) in (pytest.approx(488, abs=3), pytest.approx(1008, abs=3))
        for image in images
    )
    assert len(outline.all("figcaption")) == len(figures)
    links = {attributes.get("href") for attributes in outline.all("a")}
    for figure in figures:
        assert {figure.path, figure.path.replace(".pdf", ".csv")} <= links


def test_page_has_no_external_resources(outline, html):
    assert not any("src" in attributes for attributes in outline.all("script"))
    assert not {"link", "iframe", "object"} & {tag for tag, _, _ in outline.tags}
    for tag, attributes, _ in outline.tags:
        for name in ("src", "href", "srcset", "poster", "action"):
            if attributes.get(name, "").startswith(("http:", "https:", "//")):
                assert (tag, name) == ("a", "href")
    assert "url(" not in html
    assert "@import" not in html


def test_values_are_on_the_page(html):
    values = ("43.88", "10039", "12.4", "no valence", "17", "c0ffee", "2.9.0", "31.2")
    names = ("seed of study", "store of labelled corpus", "a processor", "--configfile own.yaml")
    assert all(text in html for text in values + names)
    assert "search.learning_rate</th><td>1e-3, 1e-4" in html
    assert "a &lt; b &amp; c" in html
    assert "snakemake --force figures/confusion-BasicDCGAN.pdf" in html


def test_captions_and_names_are_escaped(figures):
    marked = replace(figures[0], caption="a <i>caption</i>", alt='an "alt" <i>')
    own = replace(report((marked,)), trials={"<i>model</i>": data.trials()})
    outline = Outline(page.render(own))
    assert not outline.all("i")
    assert outline.all("img")[0]["alt"] == marked.alt
    assert marked.caption in outline.text["results"]


def test_sequential_models_are_described_only_if_the_study_has_them(figures):
    models = (*data.MODELS, *data.SEQUENTIAL)
    evaluation = EVALUATION | {"histories": HISTORIES, "control": data.metrics(models)}
    shown = tuple(replace(f, path=f.path.replace("BasicCNN", "BasicLSTM")) for f in figures)
    extended = Outline(page.render(replace(report(shown, models), evaluation=evaluation)))
    assert {"forecasts", "search-MultitaskAPC"} <= {table["id"] for table in extended.all("table")}
    assert "eight models" in extended.text["baselines"]
    assert "4.0" in extended.text["representations"], "reduction (%) at the kept epoch"
    assert "APC" in extended.text["summary"].split("models also learn from unlabelled")[0]
    paper_only = Outline(page.render(report(tuple(f for f in figures if f.kind != "forecast"))))
    assert not re.search("LSTM|APC", "".join(paper_only.text.values()))
    assert "four models" in paper_only.text["baselines"]


def test_filters_of_the_templates():
    assert [templates.word(number) for number in (4, 20)] == ["four", "20"]
    assert templates.count(1, "fold") == templates.count((1, 1), "fold") == "1 fold"
    assert templates.count((2, 5), "fold").split()[::2] == ["2", "5"]
    assert templates.percent(0.43881) == "43.88\N{NO-BREAK SPACE}%"
    assert templates.percent(float("nan")) == templates.percent(None) == templates.UNKNOWN
    assert templates.points((0.0312, 0.0308)).split()[0] == "3.1"
    assert templates.points((0.024, 0.046)).split()[:3:2] == ["2.4", "4.6"]
    assert templates.UNKNOWN in templates.points(None)


def test_chosen_trials_are_highlighted(outline):
    marked = [a for a in outline.all("tr") if "chosen" in a.get("class", "")]
    assert len(marked) == len(data.MODELS)


def test_search_numbers_count_budgets_and_ends():
    trials = {"BasicCNN": data.trials(), "MultitaskCNN": data.trials().iloc[1:2]}
    numbers = page_numbers.search_numbers(trials, "pooled")
    assert numbers["budgets"] == {
        "BasicCNN": {"trials": 3, "folds": 2, "trainings": 6},
        "MultitaskCNN": {"trials": 1, "folds": 2, "trainings": 2},
    }
    assert numbers["epochs"] == {"BasicCNN": 41, "MultitaskCNN": 17}
    assert numbers["stopped"] is None
    everything = page_numbers.search_numbers(dict.fromkeys(data.MODELS, data.trials()), "pooled")
    assert (everything["capped"], everything["diverged"]) == (12, 4)


def test_sections_have_their_numbers(outline):
    assert outline.numbers("uncertainty") >= {"5", "32", "0.0625", "0.3750", "10", "0.0020"}
    assert outline.numbers("search") >= {"3", "2", "6", "12", "4"}
    assert outline.numbers("study-variability") >= {"2", "5", "71"}
    count = len(EVALUATION["leaks"])
    assert outline.text["leak-checks"].count(f"{count} ") == 2, "checks and passed checks"
    for model, folds, total in page_numbers.neighbour_numbers(EVALUATION["neighbours"]):
        assert f"{model} in {folds} of {total}" in outline.text["representations"]
    assert "results/control" in outline.text["baselines"]


def test_subgroups_that_are_not_shown_are_counted(outline):
    hidden = page_numbers.subgroup_numbers(EVALUATION["subgroups"])["hidden"]
    assert outline.numbers("subgroup-results") >= {str(hidden), "20"}


def test_speakers_named_by_numbers_keep_their_names(tmp_path):
    subgroups = EVALUATION["subgroups"]
    speakers = subgroups.loc[subgroups["grouping"] == "speaker", "subgroup"].unique()
    names = {speaker: f"{number:02d}" for number, speaker in enumerate(speakers)}
    write_table(
        tmp_path / "subgroups.csv", subgroups.assign(subgroup=subgroups["subgroup"].replace(names))
    )
    named = EVALUATION | {"subgroups": read_table(tmp_path / "subgroups.csv")}
    html = page.render(replace(report(), evaluation=named))
    shown = evaluation_tables.table_subgroups(subgroups)
    shown = shown.loc[shown["grouping"] == "speaker", "subgroup"]
    assert len(shown)
    assert all(f"<td>{names[speaker]}</td>" in html for speaker in shown)


def test_human_raters_are_explained_if_there_are_any(outline):
    references = EVALUATION["references"]
    models = EVALUATION | {"references": references[references["reference"] != "rater"]}
    text = Outline(page.render(replace(report(), evaluation=models))).text["baselines"]
    assert 0 < len(text) < len(outline.text["baselines"])


NO_FIGURES = dict.fromkeys(captions.NUMBERS, ())


def section(name, **context):
    """Return the text of a section of the page."""
    template = templates.environment("valence").get_template(f"sections/{name}.html.jinja")
    known = {"figures": NO_FIGURES, "provenance": data.provenance()}
    (text,) = Outline(template.render(known | context)).text.values()
    return text


def test_search_section_distinguishes_the_ways_of_choosing_trials():
    trials, single = data.trials(), data.trials().iloc[:1]
    by_fold = trials.assign(chosen_by=["1", "2", ""])
    ways = [
        ({"BasicCNN": trials}, "pooled"),
        ({"BasicCNN": trials, "MultitaskCNN": single}, "pooled"),
        ({"BasicCNN": by_fold}, "pooled"),
        ({"BasicCNN": by_fold}, "fold"),
        ({"BasicCNN": single}, "fold"),
        ({"BasicCNN": trials.assign(rung=[0, 1, 0])}, "pooled"),
        ({"BasicCNN": by_fold.assign(rung=[1, 1, 0])}, "pooled"),
    ]
    numbers = [page_numbers.search_numbers(*way) for way in ways]
    texts = {section("search", numbers={"search": one}, tables={"search": ()}) for one in numbers}
    assert len(texts) == len(ways)


def test_search_section_counts_epochs_and_stopped_trials():
    table = data.trials().assign(rung=[0, 1, 0])
    numbers = page_numbers.search_numbers({"BasicCNN": table, "MultitaskCNN": table}, "pooled")
    assert numbers["stopped"] == 4
    template = templates.environment("valence").get_template("sections/search.html.jinja")
    html = template.render(numbers={"search": numbers}, tables={"search": ()}, figures=NO_FIGURES)
    assert Outline(html).numbers("search") >= {"82", "41", "4", "6"}


@pytest.mark.parametrize("count", [1, 3])
def test_page_shows_the_figure_of_the_trials_only_if_there_are_several(figures, count):
    trials = {model: data.trials().iloc[:count] for model in data.MODELS}
    outline = Outline(page.render(replace(report(figures), trials=trials)))
    shown = [a["aria-label"] for a in outline.all("div") if a.get("aria-label")]
    assert any("trials" in label for label in shown) == (count > 1)


def test_a_study_that_mixes_precisions_is_flagged():
    trials = data.trials()
    mixed = trials.assign(training_precision=["float32", "bfloat16 float32", "bfloat16"])
    texts = [
        section(
            "search",
            numbers={"search": page_numbers.search_numbers({"BasicCNN": frame}, "pooled")},
            tables={"search": ()},
        )
        for frame in (trials, mixed)
    ]
    assert "training.precision" not in texts[0]
    assert "training.precision" in texts[1]
    assert "bfloat16 and float32" in texts[1]


@pytest.mark.parametrize(
    ("seeds", "crop_seeds", "speakers"), [(1, 1, 5), (5, 1, 7), (1, 5, 10)], ids=str
)
def test_page_names_config_keys_that_would_reduce_uncertainty(seeds, crop_seeds, speakers):
    changed = {"seeds": seeds, "crop_seeds": crop_seeds, "diverged_seeds": 2}
    variability = page_numbers.variability_numbers(EVALUATION["variability"].assign(**changed))
    smallest = {"speakers": speakers, "smallest_p": smallest_p(speakers)}
    comparisons = EVALUATION["comparisons"].assign(**smallest)
    numbers = {
        "variability": variability,
        "uncertainty": page_numbers.uncertainty_numbers(data.metrics(), None, comparisons),
        "speakers": page_numbers.speaker_numbers(comparisons, both_speakers=False),
    }
    tables = {
        "variability": (page.Table("a", "variability", format_table(pd.DataFrame({"a": [1]}))),)
    }
    text = section("variability", numbers=numbers, tables=tables)
    assert ("training.seeds" in text) == (seeds == 1)
    assert ("evaluation.crop_seeds" in text) == (crop_seeds == 1)
    text = section("uncertainty", numbers=numbers, tables={"variability": (), "comparisons": ()})
    assert ("folds.validation" in text) == (speakers < 10)
    assert (str(page_numbers.SIGNIFICANCE_LEVEL) in text) == (speakers < 10)


def test_limits_of_the_study_are_stated_from_its_data():
    speakers = page_numbers.speaker_numbers(EVALUATION["comparisons"], both_speakers=False)
    limits = {
        "folds": 5,
        "narrow": (31, 281),
        "excluding": (41, 261),
        "opposite": 71,
        "rare": [("Very Neg.", ["21", "22"]), ("Pos.", ["23"])],
        "constant": [("BasicCNN", "valence", 91)],
    }
    none = {"folds": 2, "narrow": (0, 281), "excluding": (0, 261), "opposite": 0}
    texts = [
        section(
            "uncertainty",
            numbers={"speakers": speakers, "uncertainty": found},
            tables={"variability": (), "comparisons": ()},
        )
        for found in (limits, none | {"rare": [], "constant": []})
    ]
    for stated in ("31", "281", "41", "261", "71", "Very Neg.", "21", "22", "23", "BasicCNN", "91"):
        assert stated in texts[0]
        assert stated not in texts[1]


def test_synthetic_data_is_announced_before_the_results(html):
    synthetic = page.render(report(corpora={"synthetic": {}}))
    assert 'role="note"' not in html
    assert synthetic.index('role="note"') < synthetic.index('<main id="content"')


@pytest.mark.parametrize(
    ("select", "trials", "mentioned"),
    [("pooled", 3, True), ("fold", 3, False), ("pooled", 1, False)],
)
def test_page_mentions_a_choice_shared_by_the_folds(select, trials, mentioned):
    own = report(search={"select": select})
    own = replace(own, trials={model: data.trials().iloc[:trials] for model in data.MODELS})
    numbers = page.section_numbers(own, {})
    text = section("leaks", numbers=numbers, tables=page.section_tables(own, EVALUATION))
    assert ("search.select" in text) == mentioned


def test_page_gives_the_command_for_a_missing_control(html):
    evaluation = {name: table for name, table in EVALUATION.items() if name != "control"}
    text = page.render(replace(report(), evaluation=evaluation))
    assert "<code>make it</code>" in text
    assert 'id="control"' not in text
    assert 'id="control"' in html
    assert "results/control" not in page.render(report(report={"control": None}))


def test_page_with_little_data_is_valid():
    metrics = data.metrics(["BasicCNN"]).drop(columns=["chance", "chance_low", "chance_high"])
    few = page.Report(data.provenance(), {}, metrics, {}, {}, {}, {}, commands={"control": ""})
    tables = {table["id"] for table in Outline(page.render(few)).all("table")}
    provenance = {"identity", "versions", "hardware", "durations", "config"}
    assert tables == {"table-2-valence", "folds"} | provenance


def test_flatten_keeps_order_and_empty_parts():
    nested = {"b": {"y": 1e-4, "x": {}}, "a": [1, 2], "c": None, "d": True, "e": []}
    assert templates.flatten(nested) == [
        ("b.y", "1e-4"),
        ("b.x", "none"),
        ("a", "1, 2"),
        ("c", "none"),
        ("d", "yes"),
        ("e", "none"),
    ]

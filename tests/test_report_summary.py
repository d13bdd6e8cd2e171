"""The summary at the top of the page agrees with the predictions, and the texts with the corpus."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import recall_score

from emospeech.evaluation.comparisons import comparisons_table
from emospeech.evaluation.predictions import BASELINE_CROP, BASELINES
from emospeech.folds import FoldSettings, make_folds
from emospeech.models.catalogue import counterparts
from emospeech.report import page, page_numbers, paper
from emospeech.report.templates import anchor
from tests import example_study
from tests import report_data as data
from tests.settings import tasks_of_model
from tests.test_report_page import Outline, figures, report  # noqa: F401  (a fixture)

ROOT = Path(__file__).parents[1]
DCGANS = [("BasicDCGAN", "BasicCNN"), ("MultitaskDCGAN", "MultitaskCNN")]


def study(validation="F", skill=None, size=300):
    """Return whole-number labels and the predictions of all models, some better than others."""
    recordings = example_study.recordings_table(size)
    for task in ("valence", "activation"):
        recordings[task] = recordings[task].round()
    folds = make_folds(recordings, FoldSettings(validation=validation))
    predictions = example_study.predictions_of_all(recordings, folds)
    for number, (model, value) in enumerate((skill or {}).items()):
        tasks = tasks_of_model(model)
        predictions[model] = example_study.predictions_of(recordings, folds, tasks, value, number)
    return recordings, predictions


def uar_by_speaker(table):
    """Return the mean recall of the classes of each speaker, computed by scikit-learn."""
    prediction = table[[f"p{n}" for n in range(1, 6)]].to_numpy().argmax(axis=1) + 1
    uars = {}
    for speaker, rows in table.assign(prediction=prediction).groupby("speaker"):
        classes = np.unique(rows["valence"])
        uars[speaker] = recall_score(
            rows["valence"], rows["prediction"], labels=classes, average="macro"
        )
    return pd.Series(uars)


@pytest.mark.parametrize("validation", ["F", "both"])
def test_differences_agree_with_scipy_on_the_speakers_of_the_predictions(validation):
    _, predictions = study(validation, {"BasicDCGAN": 1.0, "BasicCNN": 0.1})
    comparisons = comparisons_table(predictions, BASELINES, 1000, 1)
    comparisons = comparisons[comparisons["scope"] == "mean"]
    summary = page_numbers.summary_numbers(data.metrics(), comparisons, True)
    assert [(p["model"], p["other"]) for p in summary["questions"]["unlabelled"]] == DCGANS
    for pair in [pair for pairs in summary["questions"].values() for pair in pairs]:
        own, other = (uar_by_speaker(predictions[pair[name]]) for name in ("model", "other"))
        differences = (own - other).to_numpy()
        assert pair["speakers"] == len(differences) == (10 if validation == "both" else 5)
        assert pair["difference"] == pytest.approx(differences.mean())
        interval = stats.ttest_1samp(differences, 0).confidence_interval()
        assert (pair["low"], pair["high"]) == pytest.approx(interval, abs=0.02)
        signs = np.array(list(product((-1, 1), repeat=len(differences))))
        flipped = np.abs(signs @ differences) >= abs(differences.sum()) - 1e-9
        assert pair["p"] == pytest.approx(flipped.mean())
        printed = paper.TABLE_2[pair["model"]]["uar5"] - paper.TABLE_2[pair["other"]]["uar5"]
        assert pair["paper"] == pytest.approx(printed)
    helped = summary["questions"]["unlabelled"][0]
    assert helped["effect"] == "higher"
    assert [round(100 * p["paper"], 1) for p in summary["questions"]["unlabelled"]] == [5.4, 6.9]
    for row in summary["models"]:
        own, other = (uar_by_speaker(predictions[name]) for name in (row["model"], BASELINE_CROP))
        assert row["baseline"]["difference"] == pytest.approx((own - other).mean())


def test_pairs_outside_the_paper_have_no_value_of_the_paper():
    table = example_study.example_tables(60, 50)["comparisons"]
    names = {"CNN": "LSTM", "DCGAN": "APC"}
    renamed = table.replace({"model": names, "other": names}, regex=True)
    metrics = data.metrics((*data.MODELS, *data.SEQUENTIAL))
    summary = page_numbers.summary_numbers(metrics, pd.concat([table, renamed]), True)
    assert summary["unlabelled"] == ["DCGAN", "APC"]
    pairs = summary["questions"]["unlabelled"]
    sequential = [("BasicAPC", "BasicLSTM"), ("MultitaskAPC", "MultitaskLSTM")]
    assert [(pair["model"], pair["other"]) for pair in pairs] == DCGANS + sequential
    assert [pair["paper"] is None for pair in pairs] == [False, False, True, True]
    assert [pair["difference"] for pair in pairs[2:]] == [pair["difference"] for pair in pairs[:2]]


def test_a_difference_reverses_with_the_order_of_the_pair():
    table = example_study.example_tables(60, 50)["comparisons"]
    one = page_numbers.model_difference(table, "BasicDCGAN", "BasicCNN")
    other = page_numbers.model_difference(table, "BasicCNN", "BasicDCGAN")
    assert one["difference"] == -other["difference"]
    assert (one["low"], one["high"]) == (-other["high"], -other["low"])
    assert (one["p"], one["detectable"]) == (other["p"], other["detectable"])


@pytest.mark.parametrize(
    ("low", "high", "effect"),
    [
        (0.01, 0.2, "higher"),
        (-0.2, -0.01, "lower"),
        (-0.1, 0.1, "unclear"),
        (np.nan, np.nan, "unknown"),
    ],
)
def test_effects_follow_from_the_interval(low, high, effect):
    table = example_study.example_tables(60, 50)["comparisons"].assign(low=low, high=high)
    # The table has BasicCNN minus BasicDCGAN.
    assert page_numbers.model_difference(table, "BasicCNN", "BasicDCGAN")["effect"] == effect
    numbers = {"summary": page_numbers.summary_numbers(data.metrics(), table, True)}
    assert len({pair["effect"] for pair in numbers["summary"]["questions"]["multitask"]}) == 1


@pytest.mark.parametrize("speakers", [2, 5, 10, 91])
def test_detectable_differences_have_a_power_of_80_percent(speakers):
    """The power is computed from the noncentral t distribution, and by simulated studies."""
    error = 0.03
    detectable = page_numbers.detectable_difference(error, speakers - 1)
    df, critical = speakers - 1, stats.t.ppf(0.975, speakers - 1)
    shift = detectable / error
    power = stats.nct.sf(critical, df, shift)  # the other tail has less than one in a million
    assert power == pytest.approx(0.8, abs=1e-3)
    rng = np.random.default_rng(0)
    size = (20_000, speakers)
    differences = rng.normal(detectable, error * np.sqrt(speakers), size)
    spread = differences.std(axis=1, ddof=1) / np.sqrt(speakers)
    found = np.abs(differences.mean(axis=1)) > critical * spread
    assert found.mean() == pytest.approx(0.8, abs=0.01)


def test_one_speaker_has_no_interval_and_no_power():
    assert np.isnan(page_numbers.detectable_difference(np.nan, 0))
    table = example_study.example_tables(60, 50)["comparisons"]
    single = table.assign(speakers=1, low=np.nan, high=np.nan, error=np.nan, p=1.0)
    own = replace(report(), evaluation={"comparisons": single})
    text = Outline(page.render(own)).text["summary"]
    assert "nan" not in text


MODELS = [
    ("BasicCNN",),
    ("BasicDCGAN", "BasicCNN"),
    ("BasicCNN", "MultitaskDCGAN"),
    ("MultitaskCNN", "MultitaskDCGAN"),
]


@pytest.mark.parametrize("models", MODELS, ids="-".join)
def test_summary_answers_what_the_models_of_the_study_can_answer(models):
    tables = example_study.example_tables(60, 50)
    metrics = data.metrics(models)
    table = tables["comparisons"]
    table = table[table["model"].isin(models) & table["other"].isin([*models, *BASELINES])]
    summary = page_numbers.summary_numbers(metrics, table, False)
    possible = {
        question: [pair for pair in pairs if set(pair) <= set(models)]
        for question, pairs in counterparts().items()
    }
    for question, pairs in summary["questions"].items():
        assert [(pair["model"], pair["other"]) for pair in pairs] == possible[question]
        assert all(pair["paper"] is None for pair in pairs)
    assert [row["model"] for row in summary["models"]] == sorted(models, key=data.MODELS.index)
    own = replace(report(), metrics=metrics, evaluation={"comparisons": table})
    text = Outline(page.render(own)).text["summary"]
    assert not re.search(r"\bnan\b|None", text)


def test_summary_answers_the_five_questions_of_a_reader(figures):  # noqa: F811
    """Effect of unlabelled data, uncertainty, chance level, test speakers, and reproduction."""
    own = report(figures)
    outline = Outline(page.render(own))
    text = re.sub(r"\s+", " ", outline.text["summary"])
    pairs = page_numbers.summary_numbers(
        own.metrics, own.evaluation["comparisons"], comparable=True
    )["questions"]["unlabelled"]
    minus = str.maketrans("-", "\N{MINUS SIGN}")
    for pair in pairs:
        for name in ("difference", "low", "high", "paper"):
            assert f"{100 * pair[name]:+.1f}".translate(minus) in text
        assert f"{pair['p']:.4f}" in text
    assert "24.0" in text, "the chance level"
    assert "26.0" in text, "its 97.5th percentile"
    tested = own.study["composition"].query("part == 'test'")
    assert all(speaker in text for speaker in tested["speaker"])
    assert str(tested["recordings"].sum()) in text
    assert "snakemake --force figures/comparison.pdf" in text


MANIFEST = {"corpora": {"labelled": "emodb", "manifests": {"emodb": {"folder": "/data/emodb"}}}}


def test_another_corpus_is_not_compared_with_the_paper(figures):  # noqa: F811
    kinds = {"comparison", "confusion"}  # their tables are filtered before they are drawn
    shown = tuple(figure for figure in figures if figure.kind not in kinds)
    own = report(shown, **MANIFEST)
    summary = {"recordings": 339}
    html = page.render(replace(own, corpora={"emodb": summary}))
    outline = Outline(html)
    printed = [f"{100 * value:.2f}" for value in (0.4388, 0.4369, 0.3678, 0.4980)]
    assert not [number for number in printed if number in html]
    assert "paper-check" not in outline.text
    assert not {"paper", "cells"} & {table["id"] for table in outline.all("table")}
    assert "emodb" in outline.text["data"]
    assert "Busso" not in outline.text["cite"]
    assert "Busso" in Outline(page.render(report())).text["cite"]
    assert ">IEMOCAP<" not in html


def test_a_synthetic_corpus_is_neither_named_nor_cited_as_real():
    html = page.render(report(corpora={"synthetic": {"root": "x"}}))
    outline = Outline(html)
    assert "synthetic" in outline.text["data"]
    assert "Busso" not in outline.text["cite"]
    assert "Busso" not in outline.text["data"]


def test_corpora_in_use_have_a_kind_and_a_name():
    config, summaries = data.DEFAULTS["corpora"], {"iemocap": {}, "ami": {}}
    own = config | {"manifests": {"radio": {"folder": "/data"}}}
    kinds = {
        "release": ["IEMOCAP", "AMI"],
        "manifest": ["IEMOCAP", "radio"],
        "synthetic": ["synthetic (IEMOCAP format)", "synthetic (AMI format)"],
    }
    configs = {"release": config, "manifest": own, "synthetic": config | {"synthetic": {}}}
    for kind, names in kinds.items():
        others = {"iemocap": {}, "radio": {}} if kind == "manifest" else summaries
        corpora = page_numbers.describe_corpora(configs[kind], others)
        assert [corpus["name"] for corpus in corpora] == names
        assert corpora[1]["kind"] == kind
        assert [corpus["labelled"] for corpus in corpora] == [True, False]
    assert paper.is_comparable(data.DEFAULTS)
    emotion = data.DEFAULTS["labels"] | {"target": "emotion"}
    others = [{"corpora": own | {"labelled": "radio"}}, {"labels": emotion}]
    assert not any(paper.is_comparable(data.DEFAULTS | other) for other in others)


def test_tables_without_the_paper_keep_everything_else():
    table = pd.DataFrame(
        {"model": ["a", "a, paper"], "uar5": [1, 2], "uar5_paper": [3, 4], "paper_1": [5, 6]}
    )
    kept = paper.drop_paper_unless(False, table)
    assert kept.to_dict("list") == {"model": ["a"], "uar5": [1]}
    points = pd.DataFrame({"series": ["pooled", "paper"], "value": [1, 2]})
    assert paper.drop_paper_unless(False, points)["value"].tolist() == [1]


def with_labels(labels, validation="F"):
    """Return a report whose valence labels are drawn from `labels`."""
    recordings = example_study.recordings_table(200)
    rng = np.random.default_rng(7)  # not the one that draws the genders
    recordings["valence"] = rng.choice(labels, len(recordings))
    recordings["activation"] = rng.choice([2.0, 3.0, 4.0], len(recordings))
    own = report(folds={"validation": validation})
    return replace(own, study=data.study(recordings, validation))


def test_statements_depend_on_the_labels_of_the_corpus():
    html = page.render(with_labels([1.0, 2.0, 3.0, 4.0]))
    assert "low, medium, high" in html, "in the caption of the table of activation"
    whole = Outline(html)
    halves = Outline(page.render(with_labels(np.arange(1, 5.5, 0.5))))
    assert "halfway" not in whole.text["results"]
    assert "halfway" in halves.text["results"]
    for study in (whole, halves):
        assert "20 %" in study.text["baselines"], "one of five classes, also if one does not occur"
    assert "halfway" not in whole.text["baselines"].split("The chance level is")[0]
    assert "five" not in whole.text["results"]
    assert "very positive" in whole.text["data"], "the absent class"
    assert "very positive" not in halves.text["data"]
    numbers = page_numbers.label_numbers(with_labels([1.0, 2.0]).study["labels"])
    assert numbers["activation"]["classes"] == ["low", "medium", "high"]
    assert numbers["valence"]["absent"] == ["neutral", "positive", "very positive"]


def test_statements_depend_on_the_validation_speakers():
    one, both = (with_labels([1.0, 3.0, 5.0], name) for name in ("F", "both"))
    texts = [Outline(page.render(own)).text["data"] for own in (one, both)]
    assert "not among the test speakers" in texts[0]
    assert "not among the test speakers" not in texts[1]
    tested = [page_numbers.tested_numbers(own.study["composition"]) for own in (one, both)]
    assert [numbers["speakers"] for numbers in tested] == [5, 10]
    assert [(numbers["female"], numbers["male"]) for numbers in tested] == [(0, 5), (5, 5)]
    assert [numbers["shared"] for numbers in tested] == [False, True]


def test_deviations_name_headings_of_the_decisions():
    other = {
        "corpora": {"ami": data.DEFAULTS["corpora"]["ami"] | {"hours": 10}},
        "spectrograms": {"fmax": 11025},
        "crops": {"edge": "shift"},
        "labels": {"encoding": "hard", "oversample": False},
        "folds": {"validation": "both"},
        "models": {"filter_multiples": [1, 2, 4, 8], "spectral_norm": True, "batch_norm": False},
        "search": {"select": "fold", "fixed": {}},
        "training": {"unlabelled": [], "class_loss": "binary", "update": "joint"},
        "evaluation": {"crops": 3},
    }
    headings = re.findall(r"^### (.+)$", (ROOT / "docs/decisions.md").read_text(), re.MULTILINE)
    anchors = {anchor(heading) for heading in headings}
    links = []
    for config in ({}, other):
        found = Outline(page.render(report(**config))).all("a")
        links.append({a["href"].split("#")[1] for a in found if "decisions.md#" in a["href"]})
    assert links[0] | links[1] <= anchors
    assert {"optimizer", "hop-length"} & links[0] == {"hop-length"}
    assert {"oversampling", "order-of-updates", "the-100-hours-of-ami"} <= links[1] - links[0]
    assert {"sampling-rate-and-frequency-range", "normalization"} <= links[0] - links[1]

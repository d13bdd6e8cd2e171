"""The report page: one self-contained HTML file, byte-identical for equal results.

The sentences are in the templates. `page_numbers` computes the numbers in them, and `captions`
those in the captions of figures. This module selects the tables of each section.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from emospeech.report import page_numbers, paper, paper_tables
from emospeech.report.captions import NUMBERS
from emospeech.report.dataframes import in_order, require, tasks_in
from emospeech.report.evaluation_tables import TABLES, build_tables
from emospeech.report.markup import Table, format_table
from emospeech.report.paper_tables import table_2
from emospeech.report.templates import environment

STUDY_TABLES = ("labels", "composition", "parameters")
# A line marks each change of the value in this column, by kind of table; by default in "task".
DIVIDERS = {
    "classes": "model",
    "cells": "truth",
    "composition": "fold",
    "exclusions": "corpus",
    "subgroups": "grouping",
    "neighbours": "property",
    "forecasts": "model",
    "variants": "variant",
}
UNKNOWN_LABELS = {"halfway": True, "classes": [], "absent": []}


@dataclass(frozen=True)
class Figure:
    """A figure: its kind (a key of NUMBERS), its PDF file, PNG, caption and alternative text."""

    kind: str
    path: str
    png: bytes
    caption: str
    alt: str

    @property
    def model(self) -> str:
        """Return the model of the figure, or "" if it shows all models or none."""
        return Path(self.path).stem.partition("-")[2]

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height on the page in CSS pixels: 1.5 times the size in print."""
        width, height = struct.unpack(">II", self.png[16:24])  # in the IHDR chunk, the first one
        density = self.png.find(b"pHYs") + 4  # pixels per metre
        per_inch = struct.unpack(">I", self.png[density : density + 4])[0] * 0.0254
        return round(1.5 * 96 * width / per_inch), round(1.5 * 96 * height / per_inch)


@dataclass(frozen=True)
class Report:
    """The data of the page; tables and figures without data are left out.

    Attributes:
        provenance: The provenance.json of the study.
        corpora: The summary.json of each corpus.
        metrics: The table metrics.csv.
        best: The best.json of each model.
        confusions: The confusion.csv of each model.
        classes: The classes.csv of each model.
        trials: The trials.csv of each model.
        figures: The figures in the order of the page.
        evaluation: The other tables of results/evaluation by name, as `control` the metrics.csv of
            the study with shuffled labels, and as `histories` those of the APC models.
        commands: Shell commands by name: `file`, to which the path of the file to regenerate is
            appended, and `control`.
        study: The tables of STUDY_TABLES by name, as in report/tables.
        docs: The path of the folder `docs`, relative to the page.
    """

    provenance: dict[str, Any]
    corpora: dict[str, dict]
    metrics: pd.DataFrame
    best: dict[str, dict]
    confusions: dict[str, pd.DataFrame]
    classes: dict[str, pd.DataFrame]
    trials: dict[str, pd.DataFrame]
    figures: tuple[Figure, ...] = ()
    evaluation: dict[str, pd.DataFrame] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    study: dict[str, pd.DataFrame] = field(default_factory=dict)
    docs: str = "docs"

    @property
    def paper(self) -> str:
        """The source of the paper's values; empty if the study uses another labelled corpus."""
        comparable = paper.is_comparable(self.provenance["config"])
        return paper.SOURCE if comparable else ""

    @property
    def target(self) -> str:
        """The first task."""
        return tasks_in(self.metrics)[0]

    @cached_property
    def described_corpora(self) -> list[dict]:
        """The corpora as in `page_numbers.describe_corpora`."""
        return page_numbers.describe_corpora(self.provenance["config"]["corpora"], self.corpora)

    @cached_property
    def labels(self) -> dict[str, dict]:
        """The numbers about the labels of each task, see `page_numbers.label_numbers`."""
        return page_numbers.label_numbers(self.study.get("labels"))

    def drop_incomparable(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table, without values of the paper if the study cannot be compared with it."""
        return paper.drop_paper_unless(bool(self.paper), table)


def render(report: Report) -> str:
    """Return the page as HTML; the same report gives the same text."""
    built = build_tables({"metrics": report.metrics} | report.evaluation)
    evaluation = {name: report.drop_incomparable(table) for name, table in built.items()}
    template = environment(report.target).get_template("page.html.jinja")
    return template.render(
        provenance=report.provenance,
        commands=report.commands,
        docs=report.docs,
        paper=report.paper,
        extension=[model for model in in_order(report.best) if model not in paper.TABLE_1],
        figures={kind: figures_of(report, kind) for kind in NUMBERS},
        numbers=section_numbers(report, evaluation),
        tables=section_tables(report, evaluation),
    )


def figures_of(report: Report, kind: str) -> list[Figure]:
    """Return the figures of a kind, starting with the model of the paper's Table 3."""
    figures = [figure for figure in report.figures if figure.kind == kind]
    return sorted(figures, key=lambda figure: figure.model != paper.TABLE_3_MODEL)


def section_numbers(report: Report, evaluation: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return the numbers used in the sentences of each section; None for a section without data.

    Args:
        report: The data of the page.
        evaluation: The tables of `evaluation_tables`, by name.
    """
    source, config = report.evaluation, report.provenance["config"]
    both, select = config["folds"]["validation"] == "both", config["search"]["select"]
    search = page_numbers.search_numbers(report.trials, select)
    # Successive halving may rank each fold by its own score even if select is "pooled".
    pooled = select == "pooled" and (search or {}).get("choice") != "fold"
    searched = any(len(trials) > 1 for trials in report.trials.values())
    return {
        "summary": page_numbers.summary_numbers(
            report.metrics, source.get("comparisons"), bool(report.paper)
        ),
        "corpora": report.described_corpora,
        "labels": report.labels,
        "target": report.labels.get(report.target, UNKNOWN_LABELS),
        "tested": page_numbers.tested_numbers(report.study.get("composition")),
        "speakers": page_numbers.speaker_numbers(source.get("comparisons"), both),
        "uncertainty": page_numbers.uncertainty_numbers(
            report.metrics, source.get("intervals"), source.get("comparisons")
        ),
        "variability": page_numbers.variability_numbers(source.get("variability")),
        "variants": page_numbers.variant_numbers(source.get("variants"), config["variants"]),
        "control": page_numbers.control_numbers(evaluation.get("control")),
        "raters": page_numbers.has_raters(source.get("references")),
        "subgroups": page_numbers.subgroup_numbers(source.get("subgroups")),
        "paper": page_numbers.paper_numbers(),
        "leaks": page_numbers.leak_numbers(source.get("leaks"), searched and pooled),
        "search": search,
        "forecasts": page_numbers.forecast_numbers(evaluation.get("forecasts")),
        "neighbours": page_numbers.neighbour_numbers(source.get("neighbours")),
    }


def section_tables(report: Report, evaluation: dict[str, pd.DataFrame]) -> dict[str, list[Table]]:
    """Return {section: tables} of the page, without those that have no rows.

    Args:
        report: The data of the page.
        evaluation: The tables of `evaluation_tables`, by name.
    """
    provenance = report.provenance
    sections = {
        "results": result_tables(report),
        "confusion": confusion_tables(report),
        "paper": recovered_tables(report),
        "search": search_tables(report.trials),
        "corpora": corpus_tables(report.described_corpora),
        "hardware": [_table("hardware", pd.DataFrame(provenance["training_hardware"]), files=())],
        "durations": [_table("durations", pd.DataFrame(provenance["durations"]), files=())],
    }
    sections |= {name: study_table(report, name) for name in STUDY_TABLES}
    if "references" in evaluation:  # models and acoustic baselines are in other tables
        references = evaluation["references"]
        others = ~references["reference"].isin(report.metrics["model"])
        evaluation = evaluation | {"references": references[others]}
    numbers = _caption_numbers(report)
    sections |= {
        name: [_table(name, evaluation[name], numbers=numbers)] if name in evaluation else []
        for name in TABLES
    }
    return {
        name: [table for table in tables if table.text.rows] for name, tables in sections.items()
    }


def result_tables(report: Report) -> list[Table]:
    """Return Table 2 of each task, and Table 1."""
    tables = []
    for task in tasks_in(report.metrics):
        frame, is_target = table_2(report.metrics, task), task == report.target
        options: dict[str, Any] = {
            "kind": "table-2",
            "title": "" if is_target else task.capitalize(),
            "numbers": _caption_numbers(report, task),
            "files": _files("table-2") if is_target else (),
        }
        tables.append(_table(f"table-2-{task}", report.drop_incomparable(frame), **options))
    if report.best:
        by_fold = any("folds" in trial for trial in report.best.values())
        frame = report.drop_incomparable(paper_tables.table_1(report.best))
        tables.append(_table("table-1", frame, numbers={"by_fold": by_fold, "paper": report.paper}))
    return tables


def confusion_tables(report: Report) -> list[Table]:
    """Return Table 3 of each model, starting with the paper's, and the table of the classes."""
    models = sorted(in_order(report.confusions), key=lambda model: model != paper.TABLE_3_MODEL)
    tables, numbers = [], _caption_numbers(report)
    for model in models:
        frame = paper_tables.table_3(report.confusions[model], model, report.target)
        source = report.paper if model == paper.TABLE_3_MODEL else ""
        options: dict[str, Any] = {"kind": "table-3", "model": model}
        options["numbers"] = numbers | {"paper": source}
        tables.append(_table(f"table-3-{model}", report.drop_incomparable(frame), **options))
    if report.classes:
        frame = paper_tables.table_classes(report.classes, report.target)
        tables.append(_table("classes", report.drop_incomparable(frame), numbers=numbers))
    return tables


def recovered_tables(report: Report) -> list[Table]:
    """Return the metrics and cells recovered from the paper's Table 3, next to those of this run.

    The list is empty if the model of that table was not run, or if the paper used another corpus.
    """
    model, cells = paper.TABLE_3_MODEL, report.evaluation.get("cells")
    if model not in report.confusions or cells is None or not report.paper:
        return []
    inputs = report.confusions[model], cells
    return [
        _table("paper", paper_tables.table_recovered(*inputs), model=model),
        _table("cells", paper_tables.table_cells(*inputs), model=model),
    ]


def study_table(report: Report, name: str) -> list[Table]:
    """Return one of the tables that describe the study, if the report has it."""
    if name not in report.study:
        return []
    frame = report.study[name]
    numbers = _caption_numbers(report) | {"columns": [*frame.dropna(axis="columns", how="all")]}
    return [_table(name, frame, numbers=numbers)]


def _caption_numbers(report, task=None):
    """Return the numbers in the captions of tables about a task, by default the target."""
    task = task or report.target
    labels = report.labels.get(task, UNKNOWN_LABELS)
    return {
        "task": task,
        "paper": report.paper,
        "halfway": labels["halfway"],
        "classes": labels["classes"] if labels["absent"] else [],
    }


def search_tables(trials: Mapping[str, pd.DataFrame]) -> list[Table]:
    """Return the trials of each model, sorted by validation UAR, with the chosen ones marked."""
    tables = []
    for model in in_order(trials):
        frame = trials[model]
        require(frame, ("trial", "validation_uar", "chosen"), f"trials of {model}")
        frame = frame.sort_values("validation_uar", ascending=False, kind="stable")
        options: dict[str, Any] = {
            "kind": "search",
            "model": model,
            "numbers": {"trials": len(frame)},
            "files": (f"../search/{model}/trials.csv",),
            "highlighted": frozenset(frame["chosen"].to_numpy(bool).nonzero()[0].tolist()),
        }
        tables.append(_table(f"search-{model}", frame, sortable=True, **options))
    return tables


def corpus_tables(corpora: Sequence[Mapping[str, Any]]) -> list[Table]:
    """Return the size of each corpus, and its exclusions and irregularities by reason.

    Args:
        corpora: The name and the summary of each corpus, as in `Report.described_corpora`.
    """
    sizes, counts = [], []
    for corpus in corpora:
        name, summary = {"corpus": corpus["name"]}, corpus["summary"]
        columns = ("recordings", "hours", "words", "speakers")
        sizes.append(name | {column: summary.get(column) for column in columns})
        for key, kind in (("left_out", "excluded"), ("irregular", "irregular, kept")):
            for reason, count in sorted(summary.get(key, {}).items()):
                row = {"kind": kind, "reason": str(reason).replace("_", " "), "count": count}
                counts.append(name | row)
    return [
        _table("corpora", pd.DataFrame(sizes), files=()),
        _table("exclusions", pd.DataFrame(counts), files=()),
    ]


def _table(name, frame, **options):
    """Return a table of the page; by default, the name is also its kind and that of its files."""
    options = {"kind": name, "numbers": {}, "files": _files(name)} | options
    divider = DIVIDERS.get(options["kind"], "task")
    index = frame.columns.get_loc(divider) if divider in frame.columns else None
    return Table(name, text=format_table(frame), divider=index, **options)


def _files(name):
    """Return the paths of the files of a table, relative to the page."""
    return tuple(f"tables/{name}.{suffix}" for suffix in ("csv", "tex", "md"))

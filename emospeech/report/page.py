"""The report page: one self-contained HTML file, byte-identical for equal results.

The sentences are in the templates. `page_numbers` computes the numbers in them, and `captions`
those in the captions of figures. This module selects the tables of each section.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from emospeech.evaluation.predictions import TASKS
from emospeech.report import page_numbers, paper, paper_tables
from emospeech.report.dataframes import in_order, require
from emospeech.report.evaluation_tables import build_tables
from emospeech.report.markup import TextTable, format_table
from emospeech.report.templates import environment

KINDS = (
    *("outline", "balance", "example"),
    *("comparison", "confusion", "scatter", "trials", "learning"),
    *("generated", "map"),
)
# The tables of results/evaluation in each section.
SECTIONS = {
    "comparisons": ("comparisons",),
    "spread": ("spread",),
    "chance": ("chance", "references"),
    "control": ("control",),
    "slices": ("slices",),
    "leaks": ("leaks",),
    "neighbours": ("neighbours",),
}


@dataclass(frozen=True)
class Figure:
    """A figure: its kind (one of KINDS), its PDF file, its PNG, caption and alternative text."""

    kind: str
    path: str
    png: bytes
    caption: str
    alt: str

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height on the page in CSS pixels: 1.5 times the size in print."""
        width, height = struct.unpack(">II", self.png[16:24])  # in the IHDR chunk, the first one
        density = self.png.find(b"pHYs") + 4  # pixels per metre
        per_inch = struct.unpack(">I", self.png[density : density + 4])[0] * 0.0254
        return round(1.5 * 96 * width / per_inch), round(1.5 * 96 * height / per_inch)


@dataclass(frozen=True)
class Table:
    """A table on the page.

    Attributes:
        id: The id of the HTML element.
        caption: The macro of template/captions.jinja that writes the caption, without `table_`.
        text: The headings and the formatted cells.
        numbers: The numbers in the caption.
        divider: The index of a column; a line marks each change of its value.
        files: Links to the table as files, relative to the page.
        highlighted: The indices of the highlighted rows.
        sortable: Whether clicking a heading sorts the table.
    """

    id: str
    caption: str
    text: TextTable
    numbers: dict = field(default_factory=dict)
    divider: int | None = None
    files: tuple[str, ...] = ()
    highlighted: frozenset[int] = frozenset()
    sortable: bool = False


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
        evaluation: The other tables of results/evaluation by name, and as `control` the
            metrics.csv of the study with shuffled labels.
        commands: Shell commands by name: `file`, to which the path of the file to regenerate is
            appended, and `control`.
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


def render(report: Report) -> str:
    """Return the page as HTML; the same report gives the same text."""
    evaluation = build_tables({"metrics": report.metrics} | report.evaluation)
    template = environment().get_template("page.html.jinja")
    return template.render(
        provenance=report.provenance,
        commands=report.commands,
        figures={kind: [f for f in report.figures if f.kind == kind] for kind in KINDS},
        headline=page_numbers.headline(report.metrics, evaluation.get("intervals")),
        numbers=section_numbers(report, evaluation),
        tables=section_tables(report, evaluation),
    )


def section_numbers(report: Report, evaluation: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return {section: numbers} of the sentences; None for a section without data.

    Args:
        report: The data of the page.
        evaluation: The tables of `evaluation_tables`, by name.
    """
    source, config = report.evaluation, report.provenance["config"]
    both, select = config["folds"]["validation"] == "both", config["search"]["select"]
    searched = any(len(trials) > 1 for trials in report.trials.values())
    return {
        "speakers": page_numbers.speaker_numbers(source.get("comparisons"), both),
        "spread": page_numbers.spread_numbers(source.get("spread")),
        "control": page_numbers.control_numbers(evaluation.get("control")),
        "slices": page_numbers.slice_numbers(source.get("slices")),
        "paper": page_numbers.paper_numbers(),
        "leaks": page_numbers.leak_numbers(source.get("leaks"), searched and select == "pooled"),
        "search": page_numbers.search_numbers(report.trials, select),
        "neighbours": page_numbers.neighbour_numbers(source.get("neighbours")),
    }


def section_tables(report: Report, evaluation: dict[str, pd.DataFrame]) -> dict[str, list[Table]]:
    """Return {section: tables} of the page, without those that have no rows.

    Args:
        report: The data of the page.
        evaluation: The tables of `evaluation_tables`, by name.
    """
    sections = {
        "results": result_tables(report, evaluation),
        "confusion": confusion_tables(report),
        "other_confusions": [
            _confusion(report.confusions[model], model)
            for model in in_order(report.confusions)
            if model != paper.TABLE_3_MODEL
        ],
        "paper": recovered_tables(report.confusions, report.evaluation.get("cells")),
        "search": search_tables(report.trials),
        "corpora": corpus_tables(report.corpora),
        "durations": [_table("durations", pd.DataFrame(report.provenance["durations"]))],
    }
    sections |= {name: _evaluation(evaluation, *tables) for name, tables in SECTIONS.items()}
    return {
        name: [table for table in tables if table.text.rows] for name, tables in sections.items()
    }


def result_tables(report: Report, evaluation: dict[str, pd.DataFrame]) -> list[Table]:
    """Return Table 2 of each task, confidence intervals, further metrics, folds and Table 1."""
    tables = []
    for task in (task for task in TASKS if task in set(report.metrics["task"])):
        options: dict[str, Any] = {"numbers": {"task": task, "source": paper.SOURCE}}
        options |= {"files": _files("table-2")} if task == "valence" else {}
        tables.append(
            _table(
                f"table-2-{task}", paper_tables.table_2(report.metrics, task), "table_2", **options
            )
        )
    tables += _evaluation(evaluation, "intervals", "further", "folds")
    if report.best:
        numbers = {"by_fold": any("folds" in trial for trial in report.best.values())}
        options = {"numbers": numbers, "files": _files("table-1")}
        tables.append(_table("table-1", paper_tables.table_1(report.best), "table_1", **options))
    return tables


def confusion_tables(report: Report) -> list[Table]:
    """Return Table 3 for the model of the paper's Table 3, and the table of the classes."""
    model, tables = paper.TABLE_3_MODEL, []
    if model in report.confusions:
        tables.append(_confusion(report.confusions[model], model))
    if report.classes:
        options: dict[str, Any] = {"divider": "model", "files": _files("classes")}
        tables.append(_table("classes", paper_tables.table_classes(report.classes), **options))
    return tables


def _confusion(confusion, model):
    name = f"table-3-{model}"
    numbers = {"model": model, "source": paper.SOURCE if model == paper.TABLE_3_MODEL else ""}
    return _table(
        name, paper_tables.table_3(confusion, model), "table_3", numbers=numbers, files=_files(name)
    )


def recovered_tables(
    confusions: Mapping[str, pd.DataFrame], cells: pd.DataFrame | None
) -> list[Table]:
    """Return the metrics and cells recovered from the paper's Table 3, next to those of this run.

    Args:
        confusions: The confusion.csv of each model.
        cells: The table cells.csv, or None.
    """
    model = paper.TABLE_3_MODEL
    if model not in confusions or cells is None:
        return []
    inputs, numbers = (confusions[model], cells), {"model": model}
    return [
        _table(
            "paper", paper_tables.table_recovered(*inputs), numbers=numbers, files=_files("paper")
        ),
        _table(
            "cells",
            paper_tables.table_cells(*inputs),
            None,
            "truth",
            numbers=numbers,
            files=_files("cells"),
        ),
    ]


def search_tables(trials: Mapping[str, pd.DataFrame]) -> list[Table]:
    """Return the trials of each model, sorted by validation UAR, with the chosen ones marked."""
    tables = []
    for model in in_order(trials):
        frame = trials[model]
        require(frame, ("trial", "validation_uar", "chosen"), f"trials of {model}")
        frame = frame.sort_values("validation_uar", ascending=False, kind="stable")
        options: dict[str, Any] = {
            "numbers": {"model": model, "trials": len(frame)},
            "files": (f"../search/{model}/trials.csv",),
            "highlighted": frozenset(frame["chosen"].to_numpy(bool).nonzero()[0].tolist()),
        }
        tables.append(_table(f"search-{model}", frame, "search", sortable=True, **options))
    return tables


def corpus_tables(corpora: Mapping[str, dict]) -> list[Table]:
    """Return the size of each corpus, and its exclusions and irregularities by reason."""
    sizes, counts = [], []
    for corpus, summary in corpora.items():
        names = ("recordings", "hours", "words", "speakers")
        sizes.append({"corpus": corpus} | {name: summary.get(name) for name in names})
        for key, kind in (("left_out", "excluded"), ("irregular", "irregular, kept")):
            for reason, count in sorted(summary.get(key, {}).items()):
                row = {"corpus": corpus, "kind": kind, "reason": str(reason).replace("_", " ")}
                counts.append(row | {"count": count})
    return [
        _table("corpora", pd.DataFrame(sizes)),
        _table("exclusions", pd.DataFrame(counts), None, "corpus"),
    ]


def _evaluation(evaluation, *names):
    """Return the tables of the evaluation with the given names; skip tables that do not exist."""
    dividers = {"slices": "slice", "neighbours": "property"}
    options = {"numbers": {"source": paper.SOURCE}}
    return [
        _table(
            name, evaluation[name], None, dividers.get(name, "task"), files=_files(name), **options
        )
        for name in names
        if name in evaluation
    ]


def _table(name, frame, caption=None, divider="", **options):
    index = frame.columns.get_loc(divider) if divider in frame.columns else None
    return Table(name, caption or name, format_table(frame), divider=index, **options)


def _files(name):
    """Return the paths of the files of a table, relative to the page."""
    return tuple(f"tables/{name}.{suffix}" for suffix in ("csv", "tex", "md"))

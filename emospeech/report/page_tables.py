"""The tables of the report page, by section: which ones, in which order, with which options."""

from dataclasses import dataclass, field

import pandas as pd

from emospeech.report import paper
from emospeech.report.frames import in_order, require
from emospeech.report.layout import Layout, arrange
from emospeech.report.recovery import table_cells, table_recovered
from emospeech.report.tables import table_1, table_2, table_3, table_classes

TASKS = ("valence", "activation")


@dataclass(frozen=True)
class Table:
    """A table on the page.

    Attributes:
        id: The id of the HTML element.
        caption: The macro of template/captions.jinja that writes the caption.
        layout: The headings and the printed cells.
        numbers: What the caption needs.
        divider: The index of the column whose changes are marked by a line.
        files: Links to the table as files, relative to the page.
        highlighted: The indices of the highlighted rows.
        sortable: Whether clicking a heading sorts the table.
    """

    id: str
    caption: str
    layout: Layout
    numbers: dict = field(default_factory=dict)
    divider: int | None = None
    files: tuple = ()
    highlighted: frozenset = frozenset()
    sortable: bool = False


def page_tables(report, evaluation: dict) -> dict[str, list[Table]]:
    """Return {section: tables} of the page; sections without data have no tables.

    Args:
        report: The `page.Report`.
        evaluation: The tables of `evaluation_tables`, by name.
    """
    return {
        "results": result_tables(report, evaluation),
        "confusion": confusion_tables(report),
        "other_confusions": [
            _confusion(report, model)
            for model in in_order(report.confusions)
            if model != paper.TABLE_3_MODEL
        ],
        "comparisons": _evaluation(evaluation, "comparisons"),
        "spread": _evaluation(evaluation, "spread"),
        "chance": _evaluation(evaluation, "chance", "references"),
        "control": _evaluation(evaluation, "control"),
        "slices": _evaluation(evaluation, "slices"),
        "leaks": _evaluation(evaluation, "leaks"),
        "paper": paper_tables(report.confusions, report.evaluation.get("cells")),
        "search": search_tables(report.trials),
        "neighbours": _evaluation(evaluation, "neighbours"),
        "corpora": corpus_tables(report.corpora),
        "durations": _table("durations", report.run.durations),
    }


def result_tables(report, evaluation: dict) -> list[Table]:
    """Return Table 2 of each task, confidence intervals, further metrics, folds and Table 1."""
    tables = []
    for task in TASKS:
        if task in set(report.metrics["task"]):
            frame, numbers = table_2(report.metrics, task), {"task": task, "source": paper.SOURCE}
            options = {"files": _files("table-2")} if task == "valence" else {}
            tables += _table("table_2", frame, f"table-2-{task}", numbers=numbers, **options)
    tables += _evaluation(evaluation, "intervals", "further", "folds")
    if report.best:
        numbers = {"by_fold": any("folds" in trial for trial in report.best.values())}
        options = {"numbers": numbers, "files": _files("table-1")}
        tables += _table("table_1", table_1(report.best), "table-1", **options)
    return tables


def confusion_tables(report) -> list[Table]:
    """Return Table 3 for the model of the paper's Table 3, and the table of the classes."""
    model, tables = paper.TABLE_3_MODEL, []
    if model in report.confusions:
        tables.append(_confusion(report, model))
    if report.classes:
        options = {"divider": "model", "files": _files("classes")}
        tables += _table("classes", table_classes(report.classes), **options)
    return tables


def _confusion(report, model):
    source = paper.SOURCE if model == paper.TABLE_3_MODEL else ""
    frame, place = table_3(report.confusions[model], model), f"table-3-{model}"
    options = {"numbers": {"model": model, "source": source}, "files": _files(place)}
    return _table("table_3", frame, place, **options)[0]


def paper_tables(confusions: dict, cells: pd.DataFrame | None) -> list[Table]:
    """Return the metrics and cells recovered from the paper's Table 3, next to those of this run.

    Args:
        confusions: The confusion.csv of each model.
        cells: The table cells.csv, or None.
    """
    model = paper.TABLE_3_MODEL
    if model not in confusions or cells is None:
        return []
    frames = {
        "paper": (table_recovered(confusions[model], cells), None),
        "cells": (table_cells(confusions[model], cells), "truth"),
    }
    return [
        table
        for name, (frame, divider) in frames.items()
        for table in _table(
            name, frame, divider=divider, numbers={"model": model}, files=_files(name)
        )
    ]


def search_tables(trials: dict) -> list[Table]:
    """Return the trials of each model, sorted by validation UAR, with the chosen ones marked."""
    tables = []
    for model in in_order(trials):
        frame = trials[model]
        require(frame, ("trial",), f"trials of {model}")
        if "validation_uar" in frame:
            frame = frame.sort_values("validation_uar", ascending=False, kind="stable")
        chosen = frame["chosen"].to_numpy(bool) if "chosen" in frame else ()
        tables += _table(
            "search",
            frame,
            f"search-{model}",
            numbers={"model": model, "trials": len(frame)},
            files=(f"../search/{model}/trials.csv",),
            highlighted=frozenset(index for index, mark in enumerate(chosen) if mark),
            sortable=True,
        )
    return tables


def corpus_tables(corpora: dict) -> list[Table]:
    """Return the size of each corpus, and its exclusions and irregularities by reason."""
    sizes, counts = [], []
    for corpus, summary in corpora.items():
        names = ("recordings", "hours", "words", "speakers")
        sizes.append({"corpus": corpus} | {name: summary.get(name) for name in names})
        for key, kind in (("left_out", "left out"), ("irregular", "irregular, kept")):
            for reason, count in sorted(summary.get(key, {}).items()):
                row = {"corpus": corpus, "kind": kind, "what": str(reason).replace("_", " ")}
                counts.append(row | {"count": count})
    tables = _table("corpora", pd.DataFrame(sizes))
    return tables + _table("left_out", pd.DataFrame(counts), "left-out", divider="corpus")


def _evaluation(evaluation, *names):
    """Return those of the named evaluation tables that have rows."""
    dividers = {"slices": "slice", "neighbours": "property"}
    return [
        table
        for name in names
        for table in _table(
            name,
            evaluation.get(name, pd.DataFrame()),
            divider=dividers.get(name, "task"),
            numbers={"source": paper.SOURCE},
            files=_files(name),
        )
    ]


def _table(caption, frame, place=None, divider=None, **options):
    """Return the table of a data frame in a list, which is empty if the frame has no rows."""
    if frame.empty:
        return []
    index = frame.columns.get_loc(divider) if divider in frame.columns else None
    return [Table(place or caption, caption, arrange(frame), divider=index, **options)]


def _files(name):
    """Return the files of a table relative to the page."""
    return tuple(f"tables/{name}.{suffix}" for suffix in ("csv", "tex", "md"))

"""Which tables stand on the report page, with their captions."""

from dataclasses import dataclass, replace

import pandas as pd

from emospeech.report import paper
from emospeech.report.frames import in_order, require
from emospeech.report.layout import Layout, arrange
from emospeech.report.recovery import table_cells, table_recovered
from emospeech.report.tables import (
    table_1,
    table_2,
    table_3,
    table_chance,
    table_classes,
    table_folds,
)
from emospeech.training.trial import FOLD_UAR


@dataclass(frozen=True)
class Table:
    """A table on the page: an id, a caption (its name in bold first), and its layout."""

    id: str
    name: str
    caption: str
    layout: Layout
    marked: frozenset = frozenset()  # rows to be set off
    files: tuple = ()  # where it also lies, from the folder of the page
    sortable: bool = False  # by a press on a heading


def corpus_tables(corpora):
    """What each corpus holds, and what was left out or irregular in it, counted by reason."""
    sizes, left = [], []
    for corpus, summary in corpora.items():
        names = ("recordings", "hours", "words", "speakers")
        sizes.append({"corpus": corpus} | {name: summary.get(name) for name in names})
        for key, kind in (("left_out", "left out"), ("irregular", "irregular, kept")):
            for what, count in sorted(summary.get(key, {}).items()):
                words = str(what).replace("_", " ")
                left.append({"corpus": corpus, "kind": kind, "what": words, "count": count})
    tables = []
    if sizes:
        caption = "What the workflow read from each corpus."
        tables.append(_table("corpora", "Corpora.", caption, pd.DataFrame(sizes)))
    if left:
        caption = "What was not used, and what is unusual but was used, counted by reason."
        tables.append(_table("left-out", "Left out.", caption, pd.DataFrame(left)))
    return tables


def result_tables(report):
    """Table 2 for each task, the UAR of each fold, Table 1."""
    tables = []
    for task in ("valence", "activation"):
        if task not in set(report.metrics["task"]):
            continue
        name = "Table 2." if task == "valence" else "Activation."
        caption = (
            f"Recall and correlation of {task} on the test speakers: all folds pooled, and the "
            "mean of the folds."
        )
        if task == "valence":
            caption += f" Beside them the values of {paper.SOURCE}."
        frame = table_2(report.metrics, task)
        files = _files("table-2") if task == "valence" else ()
        tables.append(_table(f"table-2-{task}", name, caption, frame, files=files))
    caption = "UAR of valence with five classes on the test speaker of each fold."
    tables.append(_table("folds", "Folds.", caption, table_folds(report.metrics)))
    if report.best:
        caption = "Parameters of each model, beside those of the paper."
        if any("folds" in best for best in report.best.values()):
            caption += " Where the folds chose different ones, all stand in the order of the folds."
        tables.append(
            _table("table-1", "Table 1.", caption, table_1(report.best), files=_files("table-1"))
        )
    return [table for table in tables if table.layout.rows]


def confusion_tables(report):
    """Table 3 of each model, then precision, recall and F1 by class."""
    tables = []
    for model in in_order(report.confusions):
        caption = f"Valence by {model}: each row's share by predicted class."
        name = "Confusion."
        if model == paper.TABLE_3_MODEL:
            name = "Table 3."
            caption += f" On the right that of {paper.SOURCE}."
        frame = table_3(report.confusions[model], model)
        place = f"table-3-{model}"
        tables.append(_table(place, name, caption, frame, files=_files(place)))
    if report.classes:
        caption = (
            "Precision, recall and F1 of valence by class. The paper's text quotes figures that "
            "come from the row shares, in which each class counts alike; those from the counts "
            "are the usual ones."
        )
        frame = table_classes(report.classes)
        tables.append(_table("classes", "Classes.", caption, frame, files=_files("classes")))
    return tables


def paper_tables(confusions):
    """The paper's figures and the cells of its Table 3, recovered, beside those of this run."""
    confusion = confusions.get(paper.TABLE_3_MODEL)
    if confusion is None:
        return []
    model = paper.TABLE_3_MODEL
    texts = {
        "paper": ("Recovered.", f"Figures of {model} that follow from the paper's Table 3."),
        "cells": ("Cells.", f"The cells of Table 3 ({model}), as counts and as shares of a row."),
    }
    frames = {"paper": table_recovered(confusion), "cells": table_cells(confusion)}
    return [_table(name, *texts[name], frame, files=_files(name)) for name, frame in frames.items()]


def chance_tables(metrics):
    """Table of the pooled UAR against chance, if a chance level is known."""
    frame = table_chance(metrics)
    caption = "Pooled UAR of valence with five classes against the chance level of each model."
    return [] if frame.empty else [_table("chance", "Chance.", caption, frame)]


def search_tables(report):
    """The trials of each model, best validation UAR first where it is known; the chosen set off."""
    tables = []
    for model in in_order(report.trials):
        frame = report.trials[model]
        require(frame, ("trial",), f"trials of {model}")
        if "validation_uar" in frame:
            frame = frame.sort_values("validation_uar", ascending=False, kind="stable")
        chosen = frame["chosen"].to_numpy(bool) if "chosen" in frame else ()
        marked = frozenset(place for place, mark in enumerate(chosen) if mark)
        caption = f"{_count(len(frame), 'trial')}, by the mean validation UAR over the folds."
        files = (f"../search/{model}/trials.csv",)
        table = _table(f"search-{model}", f"{model}.", caption, frame, marked, files)
        tables.append(replace(table, sortable=True))
    return tables


def search_words(trials):
    """Say how many trials and trainings each model was given, and how the trial was chosen.

    `trials` maps a model to its trials.csv. The numbers are counted in the tables.
    """
    budgets = {model: _budget(frame) for model, frame in trials.items()}
    if not budgets:
        return ""
    if len(set(budgets.values())) == 1:
        words = f"Each model has the same budget: {next(iter(budgets.values()))}."
    else:
        each = "; ".join(f"{model} {budget}" for model, budget in budgets.items())
        words = f"The budgets of the models differ: {each}."
    frames = list(trials.values())
    if any("chosen_by" in frame for frame in frames):
        how = "Each fold takes the trial with its own highest validation UAR"
        words += f" {how}; the rows that a fold chose are set off."
    elif any(len(frame) > 1 for frame in frames):
        how = "The trial with the highest mean validation UAR over the folds is chosen"
        words += f" {how}; its row is set off."
    else:
        words += " With one trial each there was nothing to choose."
    capped = sum(int(frame["capped"].sum()) for frame in frames if "capped" in frame)
    words += f" The cap on epochs ended {_count(capped, 'training')}, the stopping rule all others."
    return f"{words} The validation speakers are not the test speakers."


def _budget(frame):
    folds = sum(str(name).startswith(FOLD_UAR) for name in frame)
    trainings = _count(len(frame) * folds, "training")
    return f"{_count(len(frame), 'trial')} on each of {_count(folds, 'fold')}, {trainings}"


def _count(number, thing):
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def duration_tables(durations):
    """What the jobs of each stage took, if any left its benchmark."""
    caption = (
        "Jobs of each stage before the page: minutes in sum, the longest one, the largest memory."
    )
    return [] if durations.empty else [_table("durations", "Durations.", caption, durations)]


def _table(name, title, caption, frame, marked=frozenset(), files=()):
    return Table(name, title, caption, arrange(frame), marked, files)


def _files(name):
    return tuple(f"tables/{name}.{suffix}" for suffix in ("csv", "tex", "md"))

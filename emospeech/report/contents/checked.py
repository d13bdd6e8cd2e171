"""The paper checked: its figures and the cells of its Table 3, beside those of this run."""

from emospeech.report import paper
from emospeech.report.contents.table import files_of, make_table
from emospeech.report.recovery import table_cells, table_recovered


def paper_tables(confusions, cells):
    """The paper's figures and the cells of its Table 3, recovered, beside those of this run.

    `confusions` maps a model to its confusion.csv, `cells` is cells.csv or None.
    """
    confusion = confusions.get(paper.TABLE_3_MODEL)
    if confusion is None or cells is None:
        return []
    model = paper.TABLE_3_MODEL
    texts = {
        "paper": (
            "Recovered.",
            f"Figures of {model} that follow from the paper's Table 3, and those of this run with "
            "95 % intervals over its test speakers.",
        ),
        "cells": (
            "Cells.",
            f"The cells of Table 3 ({model}) as counts and as shares of a row; those of this run "
            "with 95 % intervals over its test speakers. A cell that no speaker fills has none.",
        ),
    }
    frames = {"paper": table_recovered(confusion, cells), "cells": table_cells(confusion, cells)}
    return [
        make_table(name, *texts[name], frame, files=files_of(name), parted="Truth")
        for name, frame in frames.items()
    ]

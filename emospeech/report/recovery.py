"""The counts behind the paper's Table 3, and the metrics that follow from them.

The paper prints row shares with four digits, but no counts. The counts of a row are the smallest
whole numbers whose shares round to the printed ones, found by trying row sums from 1 upwards.
"""

import numpy as np
import pandas as pd

from emospeech.metrics import class_metrics, normalise_rows, unweighted_average_recall
from emospeech.report import paper
from emospeech.report.frames import CLASSES, counts, require
from emospeech.runtime.errors import InputError

LARGEST = 10_039  # recordings in IEMOCAP, the upper limit of a row sum
POOL = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 1]])  # five classes to three
NEGATIVE, VERY_POSITIVE = 2, 5


def recover_counts(shares, digits=4):
    """Return the smallest counts whose row shares round to `shares`, shape (rows, classes).

    Raises:
        InputError: If a row has no such counts.
    """
    return np.array([_recover_row(np.asarray(row, float), digits) for row in shares])


def _recover_row(row, digits):
    for total in range(1, LARGEST + 1):
        found = np.rint(row * total).astype(int)
        if found.sum() == total and np.array_equal(np.round(found / total, digits), row):
            return found
    raise InputError("Table 3", f"no counts print as {', '.join(f'{share:g}' for share in row)}")


def figures_of(matrix):
    """Return the metrics of the paper's Table 2 and text, computed from counts of shape (5, 5).

    They are UAR with five and three classes, then recall, precision and F1 from the row shares (as
    in the paper's text) and, with the suffix `_counts`, from the counts (as usually defined).
    """
    classes = class_metrics(matrix).set_index("class")
    return {
        "uar5": unweighted_average_recall(matrix),
        "uar3": unweighted_average_recall(POOL @ matrix @ POOL.T),
        "recall": classes.loc[NEGATIVE, "recall"],
        "precision": classes.loc[NEGATIVE, "precision_normalised"],
        "precision_counts": classes.loc[NEGATIVE, "precision"],
        "f1": classes.loc[VERY_POSITIVE, "f1_normalised"],
        "f1_counts": classes.loc[VERY_POSITIVE, "f1"],
    }


NAMES = {
    "uar5": ("UAR, 5 classes", "mean of the diagonal"),
    "uar3": ("UAR, 3 classes", "classes 1 and 2 merged, 4 and 5 merged"),
    "recall": ("Recall of Neg.", "cell on the diagonal"),
    "precision": ("Precision of Neg.", "from row shares (classes weighted equally)"),
    "precision_counts": ("Precision of Neg.", "from counts (usual definition)"),
    "f1": ("F1 of Very Pos.", "precision from row shares"),
    "f1_counts": ("F1 of Very Pos.", "from counts (usual definition)"),
}
PRINTED = {
    "uar5": paper.TABLE_2[paper.TABLE_3_MODEL]["uar5"],
    "uar3": paper.TABLE_2[paper.TABLE_3_MODEL]["uar3"],
    "recall": paper.QUOTED_RECALL_NEGATIVE,
    "precision": paper.QUOTED_PRECISION_NEGATIVE,
    "f1": paper.QUOTED_F1_VERY_POSITIVE,
}


# The rows of cells.csv that have the intervals of these metrics: figure and class.
INTERVALS = {
    "uar5": ("uar5",),
    "uar3": ("uar3",),
    "recall": ("recall", NEGATIVE),
    "precision": ("precision_normalised", NEGATIVE),
    "precision_counts": ("precision", NEGATIVE),
    "f1": ("f1_normalised", VERY_POSITIVE),
    "f1_counts": ("f1", VERY_POSITIVE),
}


NO_BOUNDS = {"low": np.nan, "high": np.nan}


def table_recovered(confusion, cells):
    """Return each metric as printed, as recovered from Table 3, and of this run.

    Args:
        confusion: The confusion.csv of the model of Table 3.
        cells: The table cells.csv, which has the intervals.
    """
    recovered = figures_of(recover_counts(paper.TABLE_3))
    ours = figures_of(counts(confusion, f"confusion of {paper.TABLE_3_MODEL}"))
    bounds = _bounds(cells)
    rows = [
        {
            "quantity": quantity,
            "derivation": derivation,
            "printed": PRINTED.get(name, np.nan),
            "recovered": recovered[name],
            "this_run": ours[name],
            **bounds[INTERVALS[name]],
            "difference": ours[name] - recovered[name],
        }
        for name, (quantity, derivation) in NAMES.items()
    ]
    return pd.DataFrame(rows)


def table_cells(confusion, cells):
    """Return a row per cell of Table 3: count and share in the paper and in this run.

    Shares of this run have intervals over the test speakers, unless the cell is empty. The
    arguments are those of `table_recovered`.
    """
    theirs = recover_counts(paper.TABLE_3)
    ours = counts(confusion, f"confusion of {paper.TABLE_3_MODEL}")
    shares, own, bounds = normalise_rows(theirs), normalise_rows(ours), _bounds(cells)
    rows = [
        {
            "truth": CLASSES[cell[0]],
            "prediction": CLASSES[cell[1]],
            "printed": paper.TABLE_3[cell],
            "recovered_count": theirs[cell],
            "recovered": shares[cell],
            "own_count": ours[cell],
            "this_run": own[cell],
            **(bounds["share", cell[0] + 1, cell[1] + 1] if ours[cell] else NO_BOUNDS),
            "difference": own[cell] - shares[cell],
        }
        for cell in np.ndindex(5, 5)
    ]
    return pd.DataFrame(rows)


def _bounds(cells):
    """Return the bounds of the intervals of the model of Table 3, by figure and its classes."""
    names = ["figure", "truth", "prediction", "low", "high"]
    require(cells, ["model", *names], "cells")
    rows = cells.loc[cells["model"] == paper.TABLE_3_MODEL, names]
    return {
        (figure, *(int(label) for label in classes if pd.notna(label))): {"low": low, "high": high}
        for figure, *classes, low, high in rows.itertuples(index=False)
    }

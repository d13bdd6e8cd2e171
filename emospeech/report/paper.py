"""Tables 1 to 3 of the paper, and the counts that its Table 3 may have been computed from.

Source: J. Chang and S. Scherer, "Learning representations of emotional speech with deep
convolutional generative adversarial networks", ICASSP 2017.
"""

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from emospeech.metrics import merge_classes, unweighted_average_recall
from emospeech.models.catalogue import CONVOLUTIONAL

if TYPE_CHECKING:  # slow to import, and Snakemake loads this module for each job
    import pandas as pd

SOURCE = "Chang and Scherer (2017)"

# Table 1: hyperparameters found by random search, in the order of CONVOLUTIONAL.
TABLE_1: dict[str, dict[str, Any]] = {
    model: dict(zip(CONVOLUTIONAL, values, strict=True))
    for model, values in {
        "BasicCNN": (128, 1e-4, 64, 15, 84),
        "MultitaskCNN": (64, 1e-3, 128, 8, 32),
        "BasicDCGAN": (128, 1e-4, 64, 9, 72),
        "MultitaskDCGAN": (64, 1e-4, 128, 6, 88),
    }.items()
}

# Table 2: unweighted accuracy with 5 and 3 classes, and Pearson's correlation of valence.
TABLE_2 = {
    "BasicCNN": {"uar5": 0.3852, "uar3": 0.4659, "rho": 0.1639},
    "MultitaskCNN": {"uar5": 0.3678, "uar3": 0.4057, "rho": 0.0737},
    "BasicDCGAN": {"uar5": 0.4388, "uar3": 0.4980, "rho": 0.2618},
    "MultitaskDCGAN": {"uar5": 0.4369, "uar3": 0.4888, "rho": 0.2434},
}

# Table 3: truth in rows, prediction in columns, very negative to very positive; rows sum to 1.
TABLE_3_MODEL = "BasicDCGAN"
TABLE_3 = np.array(
    [
        [0.3316, 0.1633, 0.1837, 0.2092, 0.1122],
        [0.0293, 0.7701, 0.0796, 0.0910, 0.0299],
        [0.0106, 0.5090, 0.3507, 0.0903, 0.0393],
        [0.0285, 0.4881, 0.1395, 0.3027, 0.0412],
        [0.0366, 0.2683, 0.0732, 0.1829, 0.4390],
    ]
)
UNIT = 1e-4  # of the last printed digit
MAX_RECORDINGS = 5300  # one speaker per session is tested, about half of 10,039 recordings
# The paper prints no counts. These are the smallest of `table_3_sets()`.
TABLE_3_COUNTS = np.array(
    [
        [65, 32, 36, 41, 22],
        [49, 1286, 133, 152, 50],
        [10, 479, 330, 85, 37],
        [18, 308, 88, 191, 26],
        [3, 22, 6, 15, 36],
    ]
)

# The values of Table 2 and Section 6 that follow from Table 3, by metric and class. Those of
# Section 6 are computed from the row shares, which weight all classes equally.
FROM_TABLE_3 = {
    ("uar5",): TABLE_2[TABLE_3_MODEL]["uar5"],
    ("uar3",): TABLE_2[TABLE_3_MODEL]["uar3"],
    ("recall", 2): 0.7701,
    ("precision_normalised", 2): 0.3502,
    ("f1_normalised", 5): 0.5284,
}


@cache
def table_3_sets() -> np.ndarray:
    """Return all sets of counts that Table 3 may have been computed from, int64 (sets, 5, 5).

    Each set has at most MAX_RECORDINGS recordings. Its row shares round to Table 3, and its UAR
    with three classes rounds to that of Table 2. The sets are sorted by the number of recordings.
    """
    sets = np.zeros((1, 0, 5), np.int64)
    for shares in TABLE_3:
        rows = row_counts(shares, MAX_RECORDINGS)
        longer = np.tile(rows[:, None], (len(sets), 1, 1))
        sets = np.concatenate([sets.repeat(len(rows), axis=0), longer], axis=1)
        sets = sets[sets.sum(axis=(1, 2)) <= MAX_RECORDINGS]
    uar3 = unweighted_average_recall(merge_classes(sets))
    sets = sets[np.abs(uar3 - TABLE_2[TABLE_3_MODEL]["uar3"]) <= UNIT / 2]
    return sets[np.argsort(sets.sum(axis=(1, 2)), kind="stable")]


def row_counts(shares: np.ndarray, limit: int) -> np.ndarray:
    """Return all counts with a sum of at most `limit` whose shares round to `shares` (5,).

    A count c of a row with n recordings rounds to a share s if |c / n - s| <= UNIT / 2.

    Returns:
        Counts (rows, 5), int64, sorted by their sum.
    """
    printed, steps = np.rint(shares / UNIT).astype(np.int64), round(2 / UNIT)
    found = []
    for total in range(1, limit + 1):  # in integers, which have no rounding errors at the bounds
        low = -((total - 2 * total * printed) // steps)
        high = (total + 2 * total * printed) // steps
        if low.sum() <= total <= high.sum() and (low <= high).all():
            cells = (range(a, b + 1) for a, b in zip(low, high, strict=True))
            found += [counts for counts in product(*cells) if sum(counts) == total]
    return np.array(found)


def is_comparable(config: Mapping[str, Any]) -> bool:
    """Return whether results with this config can be shown next to those of the paper.

    They can if the tasks are valence and activation and the labelled corpus is IEMOCAP, or the
    synthetic corpus that replaces it.
    """
    tasks = config["labels"]["target"], config["labels"]["secondary"]
    return config["corpora"]["labelled"] == "iemocap" and tasks == ("valence", "activation")


def drop_paper_unless(comparable: bool, table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table of the report or of a figure, with the paper's values only if comparable."""
    if comparable:
        return table
    columns = [n for n in table if not (n.endswith("_paper") or n.startswith("paper_"))]
    table = table.loc[:, columns]
    for column in ("series", "source"):
        if column in table:
            table = table[table[column] != "paper"]
    if "model" in table:
        table = table[~table["model"].astype(str).str.endswith(", paper")]
    return table.reset_index(drop=True)

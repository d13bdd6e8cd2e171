"""What the figures of a model are to be held against, without any learning from sound.

Three guessers know the labels of the training part at most: `majority` says its most frequent
class, `prior` draws from its classes as often as they occur, `uniform` draws each of the five
alike. Their counts are expected values, so nothing is drawn. `rater` is the human ceiling: each
rating of a test recording against the mean of the other ratings of it. That mean comes from one
rater less than the label, so the ceiling is on the low side.
"""

import numpy as np
import pandas as pd

from emospeech.evaluation.predictions import TASKS
from emospeech.evaluation.resampling import scope_figures
from emospeech.evaluation.sums import CELLS, FIGURES, WIDTH, recording_sums
from emospeech.labels import CLASSES, class_shares, hard
from emospeech.metrics import N_LEVELS, label_levels
from emospeech.training.targets import external_ratings

COLUMNS = ["reference", "task", "scope", "recordings", *FIGURES]


def references_table(recordings, folds, ratings=None):
    """Return `references.csv`: COLUMNS, a row for each reference, task and scope.

    Figures of a guesser that rest on numbers (rho, CCC, MAE) are left empty. Without a table of
    ratings there is no human ceiling.
    """
    rows = []
    for task in TASKS:
        labelled = recordings[recordings[task].notna()]
        parts = folds.merge(labelled, on="recording")
        if len(parts):
            for name, sums in guesses(parts, task).items():
                rows += _rows(name, task, sums, FIGURES[:4])
            if ratings is not None and (sums := human_sums(parts, ratings, task)):
                rows += _rows("rater", task, sums, FIGURES)
    return pd.DataFrame(rows, columns=COLUMNS)


def guesses(parts, task):
    """Return {guesser: the expected sums (WIDTH,) of each fold's test part}."""
    found = {"majority": [], "prior": [], "uniform": []}
    for _, rows in parts.groupby("fold"):
        shares = class_shares(rows.loc[rows["part"] == "train", task]).mean(axis=0)
        test = rows.loc[rows["part"] == "test", task]
        kinds = np.bincount(label_levels(test), minlength=N_LEVELS)
        sayings = {
            "majority": np.eye(len(CLASSES))[shares.argmax()],
            "prior": shares,
            "uniform": np.full(len(CLASSES), 1 / len(CLASSES)),
        }
        for name, saying in sayings.items():
            sums = np.zeros(WIDTH)
            sums[:CELLS] = np.outer(kinds, saying).ravel()
            sums[CELLS] = len(test)
            found[name].append(sums)
    return found


def human_sums(parts, ratings, task):
    """Return the sums (WIDTH,) of each test speaker's raters, each left out against the others.

    A rating between two classes counts as the one nearer to neutral. Recordings with a single
    rating say nothing; a speaker without any other is left out.
    """
    test = parts[parts["part"] == "test"].drop_duplicates("recording")
    given = external_ratings(ratings, test["recording"], task)
    sums = []
    for rows in test.groupby("speaker").indices.values():
        pairs = [pair for row in rows for pair in left_out(given[row])]
        if pairs:
            others, own = np.array(pairs).T
            sums.append(recording_sums(others, hard(own)).sum(axis=0))
    return sums


def left_out(given):
    """Return for each of the ratings of a recording the mean of the others, and itself."""
    if len(given) < 2:
        return []
    return [((sum(given) - own) / (len(given) - 1), own) for own in given]


def _rows(name, task, sums, figures):
    """Return the rows of a reference, from its sums (WIDTH,) by fold or speaker."""
    sums = np.stack(sums)
    keys = {"reference": name, "task": task, "recordings": round(sums[:, CELLS].sum())}
    return [
        keys | {"scope": scope} | dict(zip(figures, values, strict=False))
        for scope, values in zip(("pooled", "mean"), scope_figures(sums), strict=True)
    ]

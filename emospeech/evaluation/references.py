"""Reference values for the metrics: no-information baselines and human raters.

The no-information baselines ignore the audio. `majority` predicts the most frequent class of the
training part, `prior` draws classes with their frequencies in the training part, `uniform` draws
the five classes with equal probability. Their counts are expected values, so nothing is drawn.

`rater` compares each rating of a test recording with the mean of its other ratings, whereas a model
is compared with the mean of all ratings. It has no metrics of classification: how often the mean of
two to four ratings is halfway between two classes, where both are correct, depends on their number.
"""

import numpy as np
import pandas as pd

from emospeech.evaluation.bootstrap import (
    CELLS,
    METRICS,
    N_SUMS,
    SCOPES,
    recording_sums,
    scope_metrics,
)
from emospeech.evaluation.predictions import TASKS
from emospeech.labels import CLASSES, class_shares, fuzzy
from emospeech.metrics import N_LEVELS, label_levels
from emospeech.training.targets import external_ratings

COLUMNS = ["reference", "task", "scope", "recordings", *METRICS]
CLASSIFICATION = METRICS[:4]  # need predicted classes only
REGRESSION = METRICS[4:]  # need an expected value


def references_table(
    recordings: pd.DataFrame, folds: pd.DataFrame, ratings: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return references.csv: COLUMNS, a row per reference, task and scope.

    The no-information baselines have CLASSIFICATION only, `rater` has REGRESSION only and requires
    `ratings`. `recordings` is the number of comparisons: for `rater`, of ratings.
    """
    rows = []
    for task in TASKS:
        parts = folds.merge(recordings[recordings[task].notna()], on="recording")
        if len(parts):
            for name, sums in no_information_sums(parts, task).items():
                rows += _rows(name, task, sums, CLASSIFICATION)
            if ratings is not None and (sums := rater_sums(parts, ratings, task)):
                rows += _rows("rater", task, sums, REGRESSION)
    return pd.DataFrame(rows, columns=COLUMNS)


def no_information_sums(parts: pd.DataFrame, task: str) -> dict[str, list[np.ndarray]]:
    """Return {baseline: expected sums (N_SUMS,) of the test part of each fold}.

    `parts` are the rows of folds.csv with the labels.
    """
    found = {"majority": [], "prior": [], "uniform": []}
    for _, rows in parts.groupby("fold"):
        prior = class_shares(rows.loc[rows["part"] == "train", task]).mean(axis=0)
        test = rows.loc[rows["part"] == "test", task]
        levels = np.bincount(label_levels(test), minlength=N_LEVELS)
        probabilities = {
            "majority": np.eye(len(CLASSES))[prior.argmax()],
            "prior": prior,
            "uniform": np.full(len(CLASSES), 1 / len(CLASSES)),
        }
        for name, of_class in probabilities.items():
            cells = np.outer(levels, of_class).ravel()
            found[name].append(np.r_[cells, len(test), np.zeros(N_SUMS - CELLS - 1)])
    return found


def rater_sums(parts: pd.DataFrame, ratings: pd.DataFrame, task: str) -> list[np.ndarray]:
    """Return the sums (N_SUMS,) of the human raters for each test speaker.

    Each rating is compared with the mean of the other ratings of the recording. Speakers without a
    recording that has several ratings are left out.
    """
    test = parts.query("part == 'test'").drop_duplicates("recording")
    given = external_ratings(ratings, test["recording"], task)
    sums = []
    for rows in test.groupby("speaker").indices.values():
        pairs = [pair for row in rows for pair in leave_one_out(given[row])]
        if pairs:
            others, own = np.array(pairs).T
            sums.append(recording_sums(others, fuzzy(own)).sum(axis=0))
    return sums


def leave_one_out(ratings: list[float]) -> list[tuple[float, float]]:
    """Return (mean of the other ratings, rating) for each rating of a recording."""
    if len(ratings) < 2:
        return []
    return [((sum(ratings) - own) / (len(ratings) - 1), own) for own in ratings]


def _rows(name: str, task: str, sums: list[np.ndarray], metrics: tuple[str, ...]) -> list[dict]:
    """Return the rows of a reference from its sums (N_SUMS,) per fold or speaker."""
    totals = np.stack(sums)
    keys = {"reference": name, "task": task, "recordings": round(totals[:, CELLS].sum())}
    rows = []
    for scope, values in zip(SCOPES, scope_metrics(totals), strict=True):
        known: dict = dict(zip(METRICS, values, strict=True))
        rows.append(keys | {"scope": scope} | {name: known[name] for name in metrics})
    return rows

"""Reference values for the metrics: no-information baselines and human raters.

The no-information baselines ignore the audio. `majority` predicts the most frequent class of the
training part, `prior` draws classes with their frequencies in the training part, `uniform` draws
the five classes with equal probability. Their counts are expected values, so nothing is drawn.

`rater` compares each rating of a test recording with the mean of its other ratings. It
underestimates human performance, because that mean includes one rater fewer than the label.
"""

import numpy as np
import pandas as pd

from emospeech.evaluation.bootstrap import CELLS, METRICS, N_SUMS, recording_sums, scope_metrics
from emospeech.evaluation.predictions import TASKS
from emospeech.labels import CLASSES, class_shares, hard
from emospeech.metrics import N_LEVELS, label_levels
from emospeech.training.targets import external_ratings

COLUMNS = ["reference", "task", "scope", "recordings", *METRICS]
CLASSIFICATION = METRICS[:4]  # the metrics that are defined for predicted classes only


def references_table(
    recordings: pd.DataFrame, folds: pd.DataFrame, ratings: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return references.csv: COLUMNS, a row per reference, task and scope.

    The no-information baselines have no rho, CCC and MAE. `rater` requires `ratings`.
    """
    rows = []
    for task in TASKS:
        parts = folds.merge(recordings[recordings[task].notna()], on="recording")
        if len(parts):
            for name, sums in no_information_sums(parts, task).items():
                rows += _rows(name, task, sums, CLASSIFICATION)
            if ratings is not None and (sums := rater_sums(parts, ratings, task)):
                rows += _rows("rater", task, sums, METRICS)
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

    Each rating is compared with the mean of the other ratings of the recording. A rating between
    two classes counts as the class closer to neutral. Speakers without a recording that has several
    ratings are left out.
    """
    test = parts.query("part == 'test'").drop_duplicates("recording")
    given = external_ratings(ratings, test["recording"], task)
    sums = []
    for rows in test.groupby("speaker").indices.values():
        pairs = [pair for row in rows for pair in leave_one_out(given[row])]
        if pairs:
            others, own = np.array(pairs).T
            sums.append(recording_sums(others, hard(own)).sum(axis=0))
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
    return [
        keys | {"scope": scope} | dict(zip(metrics, values, strict=False))
        for scope, values in zip(("pooled", "mean"), scope_metrics(totals), strict=True)
    ]

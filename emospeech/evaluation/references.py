"""Reference values for the metrics: no-information baselines and human raters.

The no-information baselines ignore the audio. `majority` predicts the most frequent class of the
training part, `prior` draws classes with their frequencies in the training part, `uniform` draws
the classes with equal probability. Their counts are expected values, so nothing is drawn.

For a rated dimension, `rater` compares each rating of a test recording with the mean of its other
ratings, whereas a model is compared with the mean of all ratings. It has no metrics of
classification: how often the mean of two to four ratings is halfway between two classes, where both
are correct, depends on their number.

For the emotion, `rater` compares the vote of each rater of a test recording with the class that has
the most votes of the other raters. A vote for several classes is a prediction in equal parts. Only
votes for the classes of the study count, which a model is limited to as well. If no class has the
most votes of the others, there is no comparison: a recording with such votes has no majority label,
and no model is tested on it, unless the corpus states its own labels. In a simulation
(docs/decisions.md), this is closer to an additional rater, compared as models are, than counting
votes for tied classes in parts or as correct.
"""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from emospeech.corpora.votes import majority
from emospeech.evaluation.bootstrap import SCOPES, scope_metrics
from emospeech.labels import Task, class_shares, fuzzy
from emospeech.metrics import (
    N_MOMENTS,
    REGRESSION_METRICS,
    label_levels,
    metric_names,
    recording_sums,
)
from emospeech.training.targets import external_ratings

log = logging.getLogger(__name__)

COLUMNS = ["reference", "task", "scope", "recordings"]


def references_table(
    recordings: pd.DataFrame,
    folds: pd.DataFrame,
    tasks: Sequence[Task],
    ratings: pd.DataFrame | None = None,
    votes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return references.csv: COLUMNS and metrics, a row per reference, task and scope.

    The no-information baselines have no REGRESSION_METRICS. `rater` has no others for a rated
    dimension, which requires `ratings`, and all metrics for the emotion, which requires `votes`.
    `recordings` is the number of comparisons: for `rater`, of ratings or of raters.

    Args:
        recordings: The table of `load_labelled`.
        folds: The table folds.csv.
        tasks: The tasks that the models learn, the target first.
        ratings: The table of ratings.
        votes: The table of `load_class_votes`.
    """
    rows = []
    for task in tasks:
        # As a model that learns the task, which requires a label of the target as well.
        known = recordings[[tasks[0].name, task.name]].notna().all(axis=1)
        parts = folds.merge(recordings[known], on="recording")
        if len(parts):
            shown = [name for name in metric_names(task) if name not in REGRESSION_METRICS]
            for name, sums in no_information_sums(parts, task).items():
                rows += _rows(name, task, sums, shown)
            given, sums_of, shown = votes, vote_sums, metric_names(task)
            if task.is_scale:
                given, sums_of, shown = ratings, rater_sums, REGRESSION_METRICS
            if given is not None and (sums := sums_of(parts, given, task)):
                rows += _rows("rater", task, sums, shown)
    known = {row["task"] for row in rows}
    metrics = dict.fromkeys(n for task in tasks if task.name in known for n in metric_names(task))
    return pd.DataFrame(rows, columns=[*COLUMNS, *metrics])


def no_information_sums(parts: pd.DataFrame, task: Task) -> dict[str, list[np.ndarray]]:
    """Return {baseline: expected sums of the test part of each fold}, see `recording_sums`.

    `parts` are the rows of folds.csv with the labels.
    """
    found, classes = {"majority": [], "prior": [], "uniform": []}, len(task.classes)
    for _, rows in parts.groupby("fold"):
        prior = class_shares(rows.loc[rows["part"] == "train", task.name], classes).mean(axis=0)
        test = rows.loc[rows["part"] == "test", task.name]
        levels = np.bincount(label_levels(test), minlength=2 * classes - 1)
        probabilities = {
            "majority": np.eye(classes)[prior.argmax()],
            "prior": prior,
            "uniform": np.full(classes, 1 / classes),
        }
        for name, of_class in probabilities.items():
            cells = np.outer(levels, of_class).ravel()
            found[name].append(np.r_[cells, len(test), np.zeros(N_MOMENTS - 1)])
    return found


def rater_sums(parts: pd.DataFrame, ratings: pd.DataFrame, task: Task) -> list[np.ndarray]:
    """Return the sums of `recording_sums` of the human raters for each test speaker.

    Each rating is compared with the mean of the other ratings of the recording. Speakers without a
    recording that has several ratings are left out.
    """
    test = parts.query("part == 'test'").drop_duplicates("recording")
    given = external_ratings(ratings, test["recording"], task.name)
    sums = []
    for rows in test.groupby("speaker").indices.values():
        pairs = [pair for row in rows for pair in leave_one_out(given[row])]
        if pairs:
            others, own = np.array(pairs).T
            sums.append(recording_sums(others, fuzzy(own), task).sum(axis=0))
    return sums


def vote_sums(parts: pd.DataFrame, votes: pd.DataFrame, task: Task) -> list[np.ndarray]:
    """Return the sums of `recording_sums` of the human raters for each test speaker.

    The vote of each rater is compared with the class that has the most votes of the other raters.
    The log counts the raters who are left out because several classes have. Speakers without a
    comparison are left out.
    """
    test = parts.query("part == 'test'").drop_duplicates("recording")
    speakers = test.set_index("recording")["speaker"]
    own = votes[votes.index.isin(speakers.index, level="recording")]
    others = own.groupby(level="recording").transform("sum") - own
    labels = majority(others.to_numpy())
    is_tied = (labels < 0) & (others.sum(axis=1) > 0.5)  # without others, the sum is 0
    log.info("%s: %d votes are not compared, as the others are tied", task.name, is_tied.sum())
    names = own.index.get_level_values("recording").map(speakers).to_numpy()
    classes, sums = len(task.classes), []
    for speaker in sorted(set(names[labels >= 0])):
        rows = (names == speaker) & (labels >= 0)
        table = np.zeros((2 * classes - 1, classes))
        np.add.at(table, 2 * labels[rows], own.to_numpy()[rows])
        sums.append(np.r_[table.ravel(), rows.sum(), np.zeros(N_MOMENTS - 1)])
    return sums


def leave_one_out(ratings: list[float]) -> list[tuple[float, float]]:
    """Return (mean of the other ratings, rating) for each rating of a recording."""
    if len(ratings) < 2:
        return []
    return [((sum(ratings) - own) / (len(ratings) - 1), own) for own in ratings]


def _rows(name: str, task: Task, sums: list[np.ndarray], metrics: Sequence[str]) -> list[dict]:
    """Return the rows of a reference from its sums per fold or speaker."""
    totals = np.stack(sums)
    counted = round(totals[:, -N_MOMENTS].sum())
    keys = {"reference": name, "task": task.name, "recordings": counted}
    rows = []
    for scope, values in zip(SCOPES, scope_metrics(totals, task), strict=True):
        known: dict = dict(zip(metric_names(task), values, strict=True))
        rows.append(keys | {"scope": scope} | {name: known[name] for name in metrics})
    return rows

"""Metrics of test predictions: per fold, pooled, and on subgroups of the test recordings."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from emospeech.evaluation.chance import chance_of
from emospeech.evaluation.predictions import labels_and_probabilities, tasks_of
from emospeech.labels import TOLERANCE, Task
from emospeech.metrics import (
    class_metrics,
    confusion_matrix,
    contingency_table,
    expected_value,
    is_constant,
    label_levels,
    metric_names,
    predicted_class,
    score,
    unweighted_average_recall,
)
from emospeech.runtime.rng import spawn_rng
from emospeech.training.targets import external_ratings

CHANCE_PERCENTILES = (2.5, 97.5)
# The name of a dialogue contains its style: Ses01F_impro01, Ses01F_script01_1.
STYLES = {"impro": "improvised", "script": "scripted"}
SUBGROUP_PERMUTATIONS = 1000  # the standard error of the mean UAR is then below .3 points
AGREEMENTS = ("same", "one point apart", "further apart")
VOTE_AGREEMENTS = ("all agree", "majority", "no majority")


def metrics_of(
    predictions: pd.DataFrame,
    task: Task,
    dialogues: Mapping[str, str],
    permutations: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the rows of metrics.csv of one model and task.

    The scopes are each fold, `pooled` (all recordings together) and `mean` (over the folds). `p`
    is that of rho, and chance is the mean and CHANCE_PERCENTILES of the UAR, both by permutation of
    `units`; see `chance`.

    Args:
        predictions: Predictions of all folds.
        task: The task.
        dialogues: {recording: dialogue}, see `chance_of`.
        permutations: Number of permutations.
        rng: Generator of the permutations.
    """
    parts = {f"fold-{fold}": rows for fold, rows in predictions.groupby("fold")}
    rows = [score_scope(scope, part, task) for scope, part in parts.items()]
    means = pd.DataFrame(rows)[list(metric_names(task))].mean().to_dict()
    pooled = score_scope("pooled", predictions, task)
    if task.is_scale:
        pooled["constant_folds"] = sum(row["constant_folds"] for row in rows)
    table = pd.DataFrame([*rows, pooled, pooled | {"scope": "mean"} | means])

    chance = chance_of(predictions, task, dialogues, permutations, rng)
    drawn = [chance[scope] for scope in table["scope"]]
    if task.is_scale:
        p = [one.p(rho) for one, rho in zip(drawn, table["rho"], strict=True)]
        table.insert(list(table).index("rho") + 1, "p", p)
    table["chance"] = [one.uar.mean() for one in drawn]
    bounds = [np.percentile(one.uar, CHANCE_PERCENTILES) for one in drawn]
    table[["chance_low", "chance_high"]] = bounds
    return table.assign(units=[one.units for one in drawn])


def score_scope(scope: str, predictions: pd.DataFrame, task: Task) -> dict:
    """Return the metrics of a scope, its class counts, and whether its predictions are constant.

    `support_<class>` are the denominators of the recalls. `constant_folds`, for a scale, is 1 if
    the expected values are constant.
    """
    labels, probabilities = labels_and_probabilities(predictions, task)
    counts = counts_of(labels, probabilities)
    row = {"scope": scope, **score(labels, probabilities, task)}
    support = zip(task.classes, counts.sum(axis=1), strict=True)
    row |= {f"support_{label}": n for label, n in support}
    if task.is_scale:
        row["constant_folds"] = int(is_constant(np.var(expected_value(probabilities))))
    return row


def counts_of(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the confusion matrix (classes, classes) of labels (n,) and class probabilities."""
    predicted, classes = predicted_class(probabilities), probabilities.shape[1]
    return confusion_matrix(contingency_table(labels, predicted, classes))


def metrics_table(
    predictions: dict[str, pd.DataFrame], recordings: pd.DataFrame, permutations: int, seed: int
) -> pd.DataFrame:
    """Return metrics.csv: a row per model, task and scope.

    Args:
        predictions: {model: predictions of all folds}.
        recordings: The table of recordings, which has their dialogues.
        permutations: Number of permutations for the chance level.
        seed: Seed of the permutations.
    """
    dialogues = recordings.set_index("recording")["dialogue"].fillna("").to_dict()
    parts = []
    for row, (model, table) in enumerate(predictions.items()):
        for place, task in enumerate(tasks_of(table)):
            rng = spawn_rng(seed, row, place)
            part = metrics_of(table, task, dialogues, permutations, rng)
            part.insert(0, "model", model)
            part.insert(1, "task", task.name)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def confusion_tables(predictions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return confusion.csv (`truth`, and each class) and classes.csv of a model, all folds pooled.

    They are those of the target.
    """
    task = tasks_of(predictions)[0]
    counts = counts_of(*labels_and_probabilities(predictions, task))
    table = pd.DataFrame(counts, columns=list(task.classes))
    table.insert(0, "truth", task.classes)
    return table, class_metrics(counts, task)


def subgroups_table(
    predictions: dict[str, pd.DataFrame],
    recordings: pd.DataFrame,
    ratings: pd.DataFrame | None,
    seed: int,
    votes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return subgroups.csv: the metrics of each model and task on subgroups of the test recordings.

    The recordings of all folds are grouped by style (if dialogue names contain it), by speaker and,
    given `ratings` or, for the emotion, the `votes` of `load_class_votes`, by the agreement of the
    raters (for recordings with several). `share` is the fraction of the recordings that a subgroup
    contains, `chance` its `subgroup_chance`. If a subgroup contains no recording of a class, the
    UAR is the mean over the other classes.
    """
    dialogues = recordings.set_index("recording")["dialogue"].astype(str)
    styles = dialogues.str.extract(rf"_({'|'.join(STYLES)})")[0].map(STYLES)
    rows = []
    for number, (model, table) in enumerate(predictions.items()):
        for place, task in enumerate(tasks_of(table)):
            rng = spawn_rng(seed, number, place)
            groupings = {"style": table["recording"].map(styles), "speaker": table["speaker"]}
            recorded = table.loc[:, "recording"]
            if ratings is not None and task.is_scale:
                groupings["agreement"] = rater_agreement(ratings, recorded, task.name)
            if votes is not None and not task.is_scale:
                groupings["agreement"] = vote_agreement(votes, recorded)
            for grouping, groups in groupings.items():
                for name, part in table.groupby(groups):
                    row = {"model": model, "task": task.name, "grouping": grouping}
                    row |= {"subgroup": name, "share": len(part) / len(table)}
                    row |= score(*labels_and_probabilities(part, task), task)
                    row["chance"] = subgroup_chance(table, groups == name, task, rng)
                    rows.append(row)
    return pd.DataFrame(rows)


def subgroup_chance(
    predictions: pd.DataFrame, inside: pd.Series, task: Task, rng: np.random.Generator
) -> float:
    """Return the mean UAR of a subgroup for predictions that are permuted within each fold.

    Within each fold, a permutation gives the subgroup a random sample of the predictions. Its
    contingency tables are therefore drawn directly (Patefield 1981). Their row sums are the numbers
    of recordings of the subgroup per label level, and of the recordings outside the subgroup; their
    column sums are the numbers of predictions per class.

    Args:
        predictions: The predictions of all recordings.
        inside: Boolean mask of the recordings in the subgroup, with the index of `predictions`.
        task: The task.
        rng: The generator.
    """
    from scipy import stats  # slow to import, and confusion_tables does not need it

    classes = len(task.classes)
    pooled = np.zeros((SUBGROUP_PERMUTATIONS, 2 * classes - 1, classes))
    for _, rows in predictions.groupby("fold"):
        labels, probabilities = labels_and_probabilities(rows, task)
        own = inside.loc[rows.index].to_numpy(bool)
        levels = np.bincount(label_levels(labels[own]), minlength=2 * classes - 1)
        predicted = np.bincount(predicted_class(probabilities) - 1, minlength=classes)
        tables = stats.random_table(np.append(levels, (~own).sum()), predicted)
        pooled += tables.rvs(size=SUBGROUP_PERMUTATIONS, random_state=rng)[:, :-1]
    return float(unweighted_average_recall(confusion_matrix(pooled)).mean())


def rater_agreement(ratings: pd.DataFrame, recordings: pd.Series, task: str) -> pd.Series:
    """Return the agreement of the raters of each recording, missing for fewer than two ratings.

    The range of the ratings determines which of AGREEMENTS applies: 0, at most 1, or more than 1.
    """
    groups = []
    for given in external_ratings(ratings, recordings, task):
        agreement = None
        if len(given) > 1:
            apart = max(given) - min(given)
            # Ratings on another scale than 1 to 5 were converted to it, with rounding errors.
            agreement = AGREEMENTS[(apart > TOLERANCE) + (apart > 1 + TOLERANCE)]
        groups.append(agreement)
    return pd.Series(groups, recordings.index, dtype=object)


def vote_agreement(votes: pd.DataFrame, recordings: pd.Series) -> pd.Series:
    """Return the agreement of the voters of each recording, missing for fewer than two.

    The share of the class with the most votes determines which of VOTE_AGREEMENTS applies: 1, more
    than 1/2, or at most 1/2.
    """
    by_recording = votes.groupby(level="recording")
    highest = by_recording.mean().max(axis=1)[by_recording.size() > 1]
    ranks = (highest < 1 - TOLERANCE).astype(int) + (highest < 0.5 + TOLERANCE)
    return recordings.map(ranks.map(dict(enumerate(VOTE_AGREEMENTS)))).astype(object)

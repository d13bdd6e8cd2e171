"""Reference values in simulated studies, for docs/decisions.md.

    python -m benchmarks.references

Prints three tables. The first compares a rating with the mean of the other ratings of a recording,
as for human raters in references.csv, and another rater with the mean of all ratings, as for
models. The second is the same for votes: how often a vote is for the class with the most votes of
the other raters, with three treatments of ties, and how often another rater's vote is for the class
with the most of all votes. The third compares the UAR of expected counts with the mean UAR of
permuted predictions in small subgroups.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from emospeech import metrics
from emospeech.corpora.votes import majority
from emospeech.labels import CLASSES

RECORDINGS, SUBGROUPS, PERMUTATIONS = 60_000, 200, 300
CLASS_SHARES = (0.06, 0.37, 0.32, 0.2, 0.05)  # of valence, similar to IEMOCAP
NOISE = 0.7  # standard deviation of a rater, in points
EMOTIONS, CONCENTRATION = 6, 0.3  # Dirichlet distribution of the emotions of a recording
HALFWAY = 0.4  # share of labels halfway between two classes
SIZES = (20, 30, 60, 150)  # recordings of a subgroup


def rater_table() -> pd.DataFrame:
    """Return UAR, rho and MAE of a rater for two to four raters, by the label to compare with."""
    rows = []
    for raters in (2, 3, 4):
        rng = np.random.default_rng(raters)
        valence = rng.choice(CLASSES, RECORDINGS, p=CLASS_SHARES)
        noise = rng.normal(0, NOISE, (RECORDINGS, raters + 1))
        ratings = np.rint(valence[:, None] + noise).clip(1, 5)
        other, given = ratings[:, 0], ratings[:, 1:]
        row: dict = {"raters": raters}
        for name, label, rating in (
            ("reported", given[:, 1:].mean(axis=1), given[:, 0]),
            ("all_ratings", given.mean(axis=1), other),
        ):
            row[f"uar_{name}"] = uar(label, rating.astype(int))
            row[f"rho_{name}"] = metrics.pearson(label, rating)
            row[f"mae_{name}"] = np.abs(label - rating).mean()
        rows.append(row)
    return pd.DataFrame(rows)


def vote_table() -> pd.DataFrame:
    """Return the accuracy of votes by number of raters: another rater's, and with tied others.

    If the votes of the others are tied, the comparison is left out, a vote for one of the tied
    classes is correct in equal parts, or it is correct.
    """
    rows = []
    for raters in (2, 3, 4, 9):
        rng = np.random.default_rng(raters)
        shares = rng.dirichlet(np.full(EMOTIONS, CONCENTRATION), RECORDINGS)
        drawn = rng.random((RECORDINGS, raters + 1, 1)) > shares.cumsum(axis=1)[:, None]
        votes = np.eye(EMOTIONS)[drawn.sum(axis=2).clip(max=EMOTIONS - 1)]  # one-hot
        total, others = votes[:, :-1].sum(axis=1), votes[:, 1:-1].sum(axis=1)
        label, winner = majority(total), majority(others)
        leads = others == others.max(axis=1, keepdims=True)
        hit = (leads * votes[:, 0]).sum(axis=1)  # 1 if the vote is for a leading class
        row = {
            "raters": raters,
            "all_votes": np.mean(votes.argmax(axis=2)[label >= 0, -1] == label[label >= 0]),
            "left_out": hit[winner >= 0].mean(),
            "in_parts": (hit / leads.sum(axis=1)).mean(),
            "correct": hit.mean(),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def chance_table() -> pd.DataFrame:
    """Return the error of a chance UAR from expected counts, by subgroup size.

    It is compared with the mean UAR of permutations; the columns are the mean error and the largest
    absolute error.
    """
    rng = np.random.default_rng(0)
    rows = []
    for size in SIZES:
        errors = [expected_count_error(size, rng) for _ in range(SUBGROUPS)]
        row = {"recordings": size, "mean": np.mean(errors), "largest": np.max(np.abs(errors))}
        rows.append(row)
    return pd.DataFrame(rows)


def expected_count_error(size: int, rng: np.random.Generator) -> float:
    """Return the UAR of expected counts minus the mean UAR of permutations, in a subgroup."""
    halfway = rng.random(size) < HALFWAY
    labels = rng.choice(CLASSES, size, p=CLASS_SHARES).clip(max=5 - halfway) + halfway / 2
    predicted = rng.choice(CLASSES, size, p=rng.dirichlet(np.full(5, 3)))
    table = metrics.contingency_table(labels, predicted)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0) / size)
    counts = metrics.confusion_matrix(expected)
    drawn = [uar(labels, rng.permutation(predicted)) for _ in range(PERMUTATIONS)]
    return float(metrics.unweighted_average_recall(counts) - np.mean(drawn))


def uar(labels: ArrayLike, predicted: ArrayLike) -> float:
    """Return the UAR with five classes of labels (n,) and predicted classes (n,)."""
    counts = metrics.confusion_matrix(metrics.contingency_table(labels, predicted))
    return float(metrics.unweighted_average_recall(counts))


def main() -> None:
    """Print the tables."""
    for table in (rater_table(), vote_table(), chance_table()):
        print(table.to_string(index=False, float_format="{:.3f}".format), end="\n\n")


if __name__ == "__main__":
    main()

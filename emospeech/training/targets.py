"""Training targets: the encoded labels of a table of recordings."""

import logging
import os
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pandas as pd

from emospeech.corpora.corpus_tables import load_ratings, load_votes
from emospeech.corpora.emoevaluation import usable_ratings
from emospeech.corpora.votes import vote_shares
from emospeech.labels import ENCODINGS, LabelSettings, Task, encode, histogram

log = logging.getLogger(__name__)


def encode_table(
    table: pd.DataFrame,
    tasks: Iterable[Task],
    encoding: str,
    ratings_path: str | os.PathLike = "",
    votes: pd.DataFrame | None = None,
) -> dict[str, np.ndarray]:
    """Return {task: float32 array (recordings, outputs)} for a table of `load_labelled`.

    An encoding that uses ratings reads them from the table at `ratings_path`, and uses the mean of
    the `votes` of `load_class_votes` for the emotion. A recording that has a label but neither
    ratings nor votes is encoded by its label, fuzzy or one-hot; the log counts these. Rows without
    a label have undefined values.
    """
    uses_ratings = ENCODINGS[encoding].uses_ratings
    ratings, targets = load_ratings(ratings_path) if uses_ratings else None, {}
    for task in tasks:
        name, classes, histograms = task.name, len(task.classes), None
        if ratings is not None:
            if task.is_scale:
                histograms = histogram(external_ratings(ratings, table["recording"], name))
            else:
                assert votes is not None, encoding
                histograms = vote_histograms(votes, table["recording"])
            unrated = int((np.isnan(histograms[:, 0]) & table[name].notna()).sum())
            kind = "ratings" if task.is_scale else "votes"
            log.info("%s: %d labels without %s are encoded by the label", name, unrated, kind)
        targets[name] = encode(table[name], encoding, histograms, classes)
    return targets


def external_ratings(
    ratings: pd.DataFrame, recordings: Iterable[str], dimension: str
) -> list[list[float]]:
    """Return for each recording the ratings whose mean is its label."""
    given = defaultdict(list)
    rows = ratings[(ratings["kind"] == "external") & ratings[dimension].notna()]
    for recording, value in zip(rows["recording"], rows[dimension], strict=True):
        given[recording].append(value)
    return [usable_ratings(given[recording]) for recording in recordings]


def load_class_votes(path: str | os.PathLike, labels: LabelSettings) -> pd.DataFrame:
    """Load a table of votes as the share of each class of the emotion in the vote of each rater.

    The index of the result is (recording, rater), its columns are the numbers of the classes. A
    vote is shared equally by the emotions that the rater named and that are in a class. Raters who
    named none of them are left out.
    """
    votes = load_votes(path)
    votes["emotion"] = labels.class_numbers(votes["emotion"].to_numpy())
    numbers = range(1, len(labels.classes) + 1)
    return vote_shares(votes[votes["emotion"].notna()]).reindex(columns=numbers, fill_value=0.0)


def vote_histograms(votes: pd.DataFrame, recordings: Iterable[str]) -> np.ndarray:
    """Return the mean vote for each recording, float64 (n, classes); NaN without votes.

    `votes` is a table of `load_class_votes`.
    """
    means = votes.groupby(level="recording").mean()
    return means.reindex(list(recordings)).to_numpy(np.float64)

"""Training targets: the encoded labels of a table of recordings."""

import logging
import os
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pandas as pd

from emospeech.corpora.corpus_tables import load_ratings
from emospeech.corpora.emoevaluation import usable_ratings
from emospeech.labels import ENCODINGS, encode, histogram

log = logging.getLogger(__name__)


def encode_table(
    table: pd.DataFrame,
    dimensions: Iterable[str],
    encoding: str,
    ratings_path: str | os.PathLike = "",
) -> dict[str, np.ndarray]:
    """Return {dimension: float32 array (recordings, outputs)} for a table of recordings.

    An encoding that uses ratings reads them from the table at `ratings_path`. A recording that has
    a label but no rating there gets its fuzzy label; the log counts these. Rows without a label
    have undefined values.
    """
    if not ENCODINGS[encoding].uses_ratings:
        return {name: encode(table[name], encoding) for name in dimensions}
    ratings, targets = load_ratings(ratings_path), {}
    for name in dimensions:
        histograms = histogram(external_ratings(ratings, table["recording"], name))
        unrated = int((np.isnan(histograms[:, 0]) & table[name].notna()).sum())
        log.info("%s: %d labels without ratings are encoded as fuzzy labels", name, unrated)
        targets[name] = encode(table[name], encoding, histograms)
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

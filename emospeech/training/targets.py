"""The labels of all recordings of a table as targets of a training."""

import logging
from collections import defaultdict

import numpy as np

from emospeech.corpora.corpus_tables import load_ratings
from emospeech.corpora.emoevaluation import usable_ratings
from emospeech.labels import ENCODINGS, encode, histogram

log = logging.getLogger(__name__)


def encode_table(table, dimensions, encoding, ratings_path=None):
    """Return {dimension: float32 array (recordings, outputs)} for the rows of a recordings table.

    An encoding that uses ratings needs their table at `ratings_path`. A recording that has a label
    but no rating there keeps its fuzzy label; the log says how many. Rows without a label have no
    meaning.
    """
    if not ENCODINGS[encoding].uses_ratings:
        return {name: encode(table[name], encoding) for name in dimensions}
    ratings, targets = load_ratings(ratings_path), {}
    for name in dimensions:
        histograms = histogram(external_ratings(ratings, table["recording"], name))
        unrated = int((np.isnan(histograms[:, 0]) & table[name].notna()).sum())
        log.info("%s: %d labels without ratings are taken as fuzzy labels", name, unrated)
        targets[name] = encode(table[name], encoding, histograms)
    return targets


def external_ratings(ratings, recordings, dimension):
    """Return for each of `recordings` the list of ratings that its label is the mean of."""
    given = defaultdict(list)
    rows = ratings[(ratings["kind"] == "external") & ratings[dimension].notna()]
    for recording, value in zip(rows["recording"], rows[dimension], strict=True):
        given[recording].append(value)
    return [usable_ratings(given[recording]) for recording in recordings]

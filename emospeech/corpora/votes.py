"""The votes of raters for emotions.

Each rater of a recording has one vote, which is shared equally by the emotions that the rater
named.
"""

import numpy as np
import pandas as pd

TOLERANCE = 1e-6  # rounding error of sums of shares


def vote_shares(votes: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each emotion in the vote of each rater.

    The index of the result is (recording, rater), its columns are the emotions, and rows sum to 1.

    Args:
        votes: The table of votes. `emotion` may contain anything that can be sorted.
    """
    keys = [votes["recording"], votes["rater"]]
    named = pd.crosstab(keys, votes["emotion"])
    return named.div(named.sum(axis=1), axis=0)


def majority(totals: np.ndarray) -> np.ndarray:
    """Return the index of the emotion with the most votes (n,), or -1 if several have the most.

    Args:
        totals: Votes (n, emotions).
    """
    has_most = totals >= totals.max(axis=1, keepdims=True) - TOLERANCE
    return np.where(has_most.sum(axis=1) == 1, totals.argmax(axis=1), -1)

"""Random draws that depend on a seed and a name only, and whole shares that sum to a total."""

import hashlib

import numpy as np


def generator(seed, *names):
    """Return a NumPy generator for `seed` and the path of `names`, the same in every process."""
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])


def apportion(total, weights, minimum=0):
    """Return whole shares of `total` in proportion to `weights` by the largest remainders.

    `minimum` (a number or one number a share) is given out first. The result is an integer
    array of the length of `weights` with the sum `total`.
    """
    weights = np.asarray(weights, dtype=float)
    minimum = np.broadcast_to(np.asarray(minimum), weights.shape)
    if minimum.sum() > total:
        raise ValueError(f"the least shares sum to {minimum.sum()}, more than the total {total}")
    exact = (total - minimum.sum()) * weights / weights.sum()
    shares = np.floor(exact).astype(int)
    missing = total - minimum.sum() - shares.sum()
    largest = np.argsort(shares - exact, kind="stable")[:missing]
    shares[largest] += 1
    return shares + minimum

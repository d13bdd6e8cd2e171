"""Random number generators that depend only on a seed and on what they are used for."""

import hashlib

import numpy as np


def spawn_rng(seed: int, *key: int) -> np.random.Generator:
    """Return the generator of a key of numbers, such as (trial, fold, epoch)."""
    # A spawn key, because SeedSequence ignores trailing zeros of a list of seeds.
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def named_rng(seed: int, *name: object) -> np.random.Generator:
    """Return the generator of a name such as ("turns", "ES2002a"), the same in every process."""
    digest = hashlib.sha256("/".join(map(str, name)).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])

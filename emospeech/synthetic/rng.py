"""Random number generators that depend only on a seed and a key."""

import hashlib

import numpy as np


def spawn_rng(seed: int, *key: object) -> np.random.Generator:
    """Return the generator of a key such as ("turns", "ES2002a"), the same in every process."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])

"""What fixes the outcome of a training, as names and values to compare two trainings by."""

import hashlib
from dataclasses import asdict

import numpy as np
import torch

from emospeech.training.fold import LABELS


def identity_of(name, fold, number, trial, networks, settings, sampler, code):
    """Return {name: value} of all that the weights of a training depend on.

    The audio stands there by the checksums of the stores, the labels and parts by a digest, and
    `code` is a fingerprint of the code that trains.
    """
    gatherers = sampler.pool.gatherers if sampler.pool else ()
    stores = [fold.store, *(gather.store for gather in gatherers)]
    return {
        "model": name,
        "fold": fold.fold,
        "trial": number,
        **_prefixed("trial", trial),
        **_prefixed("models", asdict(networks)),
        **_prefixed("training", asdict(settings)),
        "labels": digest_of_labels(fold),
        "audio": [digest_of_audio(store) for store in stores],
        "device": sampler.gather.device.type,
        "code": code,
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def digest_of_audio(store):
    """Return a digest of a store: the checksums of its frames, its recordings and words."""
    arrays = (store.checksums, store.offsets, store.word_start, store.word_end, store.word_offsets)
    return _digest(repr((store.recordings, store.settings)).encode(), *arrays)


def digest_of_labels(fold):
    """Return a digest of what is learned of each recording of a fold, and of its part."""
    table = fold.table[["recording", "part", *LABELS]].to_csv(index=False)
    return _digest(table.encode(), *fold.targets.values())


def _prefixed(prefix, values):
    return {f"{prefix}.{name}": value for name, value in values.items()}


def _digest(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(np.ascontiguousarray(part) if isinstance(part, np.ndarray) else part)
    return digest.hexdigest()[:16]

"""One fold: the open store, and which of its recordings train, validate and test."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emospeech.corpora.corpus_tables import load_recordings
from emospeech.folds import PARTS
from emospeech.labels import shuffle_within
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_table
from emospeech.spectrograms.equal_audio import equal_recordings
from emospeech.spectrograms.store import Store, check_store
from emospeech.training.targets import encode_table

LABELS = ["valence", "activation", "dominance"]


@dataclass(frozen=True)
class Part:
    """The labelled recordings of a part: numbers in the store, and a label for each task."""

    recordings: np.ndarray  # (n,)
    labels: np.ndarray  # (n, tasks)
    targets: list[np.ndarray]  # of each task, (n, outputs): the labels as they are learned


@dataclass(frozen=True)
class Fold:
    """A fold of a corpus; row i of `table` is recording i of the store, and has its `part`."""

    store: Store
    fold: int
    table: pd.DataFrame
    targets: dict[str, np.ndarray]  # the encoded labels by dimension, a row a recording


def load_fold(
    store_path,
    recordings_path,
    folds_path,
    fold,
    shuffle_seed=None,
    encoding="fuzzy",
    ratings_path=None,
):
    """Return a Fold, with a seed one whose labels are shuffled between the recordings of each part.

    `encoding` says what is learned of the labels; "histogram" needs the table of ratings. Raises
    InputError where the tables and the store do not hold the same recordings, or a byte of the
    store was changed, or recordings in two parts of the fold hold the same audio.
    """
    store = check_store(store_path)
    folds = read_table(folds_path)
    parts = folds.loc[folds["fold"] == fold, ["recording", "part"]]
    table = load_recordings(recordings_path).merge(parts, on="recording", validate="one_to_one")
    if tuple(table["recording"]) != store.recordings:
        raise InputError(store_path, f"does not hold the recordings of {folds_path}; delete it")
    targets = encode_table(table, LABELS, encoding, ratings_path)
    if shuffle_seed is not None:
        order = shuffle_order(table["part"], shuffle_seed, fold)
        table[LABELS] = table[LABELS].to_numpy()[order]
        targets = {name: values[order] for name, values in targets.items()}
    _refuse_shared_audio(store, fold, table)
    return Fold(store, fold, table, targets)


def labelled_parts(fold, tasks):
    """Return {part: Part} with the recordings that have a label for each of `tasks`.

    Raises InputError for a part without any.
    """
    labels = fold.table[list(tasks)].to_numpy(np.float64)
    labelled = ~np.isnan(labels).any(axis=1)
    parts = {}
    for name in PARTS:
        numbers = np.flatnonzero(labelled & (fold.table["part"] == name))
        if not len(numbers):
            problem = f"no recording of its {name} part has a label for {' and '.join(tasks)}"
            raise InputError(f"fold {fold.fold}", f"{problem}; label some or take the session out")
        targets = [fold.targets[task][numbers] for task in tasks]
        parts[name] = Part(numbers, labels[numbers], targets)
    return parts


def shuffle_order(parts: pd.Series, seed: int, fold: int) -> np.ndarray:
    """Return whose label each recording of a fold gets when labels are shuffled within `parts`."""
    rng = np.random.default_rng([seed, fold])
    return shuffle_within(np.arange(len(parts)), parts.to_numpy(str), rng)


def is_store_of(fold: Fold, path: Path) -> bool:
    """Return whether `path` leads to the fold's own store, by whatever name."""
    return os.path.samefile(path, fold.store.path)


def unlabelled_recordings(fold: Fold, store: Store) -> np.ndarray:
    """Return the recordings of a store whose audio may be used without labels in a fold.

    In the fold's own store they are those of the training part, as nothing of the held-out session
    may be used in training. In another store they are all recordings; InputError names one that
    holds the same audio as a recording of the held-out session.
    """
    numbers = np.arange(len(store.recordings))
    if store is fold.store:
        return numbers[fold.table["part"] == "train"]
    held_out = np.flatnonzero(fold.table["part"] != "train")
    for number, other in equal_recordings(store, numbers, fold.store, held_out):
        problem = (
            f"{store.recordings[number]} of {store.path} holds the same audio as "
            f"{fold.store.recordings[other]}, which fold {fold.fold} holds out"
        )
        remedy = "remove it from the unlabelled corpus, or name the labelled corpus there instead"
        raise InputError("training.unlabelled", f"{problem}; {remedy}")
    return numbers


def _refuse_shared_audio(store, fold, table):
    """Raise InputError where recordings in two parts of a fold hold the same audio."""
    numbers, parts = np.arange(len(table)), table["part"].to_numpy(str)
    for number, other in equal_recordings(store, numbers, store, numbers):
        if parts[number] != parts[other]:
            names = f"{store.recordings[number]} and {store.recordings[other]}"
            problem = f"{names} hold the same audio, but fold {fold} has them in two parts"
            raise InputError(store.path, f"{problem}; remove one of them from the corpus")

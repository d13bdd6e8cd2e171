"""One fold: the open store, and which of its recordings train, validate and test."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emospeech.corpora.tables import load_recordings
from emospeech.faults import InputError
from emospeech.folds import PARTS, load_folds
from emospeech.labels import shuffled
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

    path: Path  # of the store
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
    store was changed.
    """
    store = check_store(store_path)
    folds = load_folds(folds_path)
    parts = folds.loc[folds["fold"] == fold, ["recording", "part"]]
    table = load_recordings(recordings_path).merge(parts, on="recording", validate="one_to_one")
    if tuple(table["recording"]) != store.recordings:
        raise InputError(store_path, f"does not hold the recordings of {folds_path}; delete it")
    targets = encode_table(table, LABELS, encoding, ratings_path)
    if shuffle_seed is not None:
        rng = np.random.default_rng([shuffle_seed, fold])
        order = shuffled(np.arange(len(table)), table["part"].to_numpy(str), rng)
        table[LABELS] = table[LABELS].to_numpy()[order]
        targets = {name: values[order] for name, values in targets.items()}
    return Fold(Path(store_path), store, fold, table, targets)


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


def unlabelled_recordings(fold, path, store):
    """Return the recordings of the store at `path` whose audio may be learned from unlabelled.

    Of the fold's own store they are those of the training sessions: nothing of the held-out
    session is heard in training. Of another corpus they are all.
    """
    if Path(path) == fold.path:
        return np.flatnonzero(fold.table["part"] == "train")
    return np.arange(len(store.recordings))

"""The labelled corpus of a study and its folds: the recordings of each part."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from emospeech.crops.pool import UnlabelledStore
from emospeech.folds import PARTS
from emospeech.labels import LabelSettings, Task, load_labelled, shuffle_within
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_table
from emospeech.spectrograms.equal_audio import equal_recordings
from emospeech.spectrograms.store import Store, check_store
from emospeech.training.settings import Settings
from emospeech.training.targets import encode_table, load_class_votes


@dataclass(frozen=True)
class Part:
    """The labelled recordings of a part: their indices in the store, labels and targets."""

    recordings: np.ndarray  # (n,)
    labels: np.ndarray  # (n, tasks)
    targets: list[np.ndarray]  # per task, (n, outputs)


@dataclass(frozen=True)
class Fold:
    """A fold. Row i of `table` describes recording i of the store, and states its `part`."""

    store: Store
    fold_id: int
    table: pd.DataFrame
    tasks: tuple[Task, ...]  # of the study, also if a model learns one of them only
    targets: dict[str, np.ndarray]  # encoded labels by task, one row per recording

    def labelled_parts(self, tasks: tuple[Task, ...]) -> dict[str, Part]:
        """Return {part: Part} with the recordings that have a label for each of `tasks`.

        Raises:
            InputError: A part has no such recording.
        """
        names = [task.name for task in tasks]
        labels = self.table[names].to_numpy(np.float64)
        labelled = ~np.isnan(labels).any(axis=1)
        parts = {}
        for name in PARTS:
            indices = np.flatnonzero(labelled & (self.table["part"] == name))
            if not len(indices):
                problem = f"no recording of its {name} part has a label for {' and '.join(names)}"
                remedy = "Add labels, or remove the session"
                raise InputError(f"fold {self.fold_id}", f"{problem}. {remedy}.")
            targets = [self.targets[name][indices] for name in names]
            parts[name] = Part(indices, labels[indices], targets)
        return parts

    def open_unlabelled(self, paths: Iterable[str | Path]) -> list[UnlabelledStore]:
        """Open and check the stores of the unlabelled pool.

        The fold's own store, possibly given through a link, is not opened a second time.

        Raises:
            InputError: A store is damaged, or has the same audio as a held-out recording.
        """
        stores = [self.store if self._is_own_store(path) else check_store(path) for path in paths]
        return [(store, self.unlabelled_recordings(store)) for store in stores]

    def unlabelled_recordings(self, store: Store) -> np.ndarray:
        """Return the indices of the recordings of a store that may be used without labels.

        In the fold's own store these are the training part, since nothing of the held-out speakers
        may be used in training. In another store they are all recordings.

        Raises:
            InputError: A recording of another store has the same audio as a held-out recording.
        """
        indices = np.arange(len(store.recordings))
        if store is self.store:
            return indices[self.table["part"] == "train"]
        held_out = np.flatnonzero(self.table["part"] != "train")
        for index, other in equal_recordings(store, indices, self.store, held_out):
            problem = (
                f"{store.recordings[index]} of {store.path} has the same audio as "
                f"{self.store.recordings[other]}, which fold {self.fold_id} holds out"
            )
            remedy = "Remove it from the unlabelled corpus, or use the labelled corpus instead"
            raise InputError("training.unlabelled", f"{problem}. {remedy}.")
        return indices

    def _is_own_store(self, path: str | Path) -> bool:
        return self.store.path is not None and os.path.samefile(path, self.store.path)


@dataclass(frozen=True)
class LabelledCorpus:
    """The labelled corpus: its checked store, its tables and the recordings with equal audio."""

    store: Store
    recordings: pd.DataFrame  # recordings.csv, see `load_labelled`
    folds: pd.DataFrame  # folds.csv
    label_settings: LabelSettings
    targets: dict[str, np.ndarray]  # encoded labels by task, one row per recording
    equal_audio: list[tuple[int, int]]  # pairs of indices in the store
    shuffle_seed: int | None  # shuffles the labels within each part of a fold

    @classmethod
    def open(cls, paths: SimpleNamespace, settings: Settings) -> "LabelledCorpus":
        """Read the corpus of a study.

        Args:
            paths: The inputs of a job: `store`, `recordings`, `folds`, and `ratings` and `votes`,
                which are empty if the label encoding does not need them.
            settings: The settings of the study.

        Raises:
            InputError: A file is unusable, or the store has changed.
        """
        labels = settings.labels
        store, table = check_store(paths.store), load_labelled(paths.recordings, labels)
        indices, tasks = np.arange(len(store.recordings)), labels.tasks(multitask=True)
        votes = load_class_votes(paths.votes, labels) if paths.votes else None
        return cls(
            store,
            table,
            read_table(paths.folds),
            labels,
            encode_table(table, tasks, labels.encoding, paths.ratings, votes),
            equal_recordings(store, indices, store, indices),
            settings.seed if labels.shuffle else None,
        )

    def fold(self, fold_id: int) -> Fold:
        """Return a fold, with labels shuffled within its parts if that is configured.

        Raises:
            InputError: The store and the tables contain different recordings, or recordings in two
                parts of the fold have the same audio.
        """
        parts = self.folds.loc[self.folds["fold"] == fold_id, ["recording", "part"]]
        table = self.recordings.merge(parts, on="recording", validate="one_to_one")
        if tuple(table["recording"]) != self.store.recordings:
            problem = f"does not contain the recordings of fold {fold_id}"
            raise InputError(
                str(self.store.path), f"{problem}. Delete it, and run the workflow again."
            )
        targets = self.targets
        if self.shuffle_seed is not None:
            order = shuffle_order(table["part"], self.shuffle_seed, fold_id)
            columns = self.label_settings.columns
            table[columns] = table[columns].to_numpy()[order]
            targets = {name: values[order] for name, values in targets.items()}
        for one, other in self.equal_audio:
            if table["part"][one] != table["part"][other]:
                names = f"{self.store.recordings[one]} and {self.store.recordings[other]}"
                problem = f"{names} have the same audio, but are in two parts of fold {fold_id}"
                raise InputError(str(self.store.path), f"{problem}. Remove one from the corpus.")
        tasks = self.label_settings.tasks(multitask=True)
        return Fold(self.store, fold_id, table, tasks, targets)


def shuffle_order(parts: pd.Series, seed: int, fold_id: int) -> np.ndarray:
    """Return a permutation within each part: recording i gets the label of recording order[i]."""
    rng = np.random.default_rng([seed, fold_id])
    return shuffle_within(np.arange(len(parts)), parts.to_numpy(str), rng)

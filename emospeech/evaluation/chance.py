"""Chance level: metrics of predictions that are permuted among the dialogues of each fold.

    dialogues     A A A A   B B   C C C
    predictions   1 2 3 4   5 6   7 8 9
    permuted      8 9 7 8   4 1   6 5 6     the predictions of C, A and B

Recordings of a dialogue have similar labels and similar predictions, even if the model has learned
nothing. Permuting single recordings removes this similarity, and the UAR then varies too little.
Therefore, the dialogues of a fold are permuted: each receives consecutive predictions of its source
dialogue, one per recording, from a random start and wrapping around at the end.

Recordings of a speaker are similar for the same reasons. If a fold tests several speakers, a
dialogue is therefore exchanged only with others of the same speakers. Speakers with a single
dialogue are exchanged with each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import factorial, prod

import numpy as np
import pandas as pd

from emospeech.evaluation.bootstrap import SCOPES, scope_metrics
from emospeech.evaluation.predictions import labels_and_probabilities
from emospeech.labels import NEUTRAL, Task
from emospeech.metrics import (
    N_MOMENTS,
    expected_value,
    label_levels,
    metric_names,
    metrics_from_sums,
    n_cells,
    predicted_class,
    uar_name,
)

# Of the dialogues of a fold: as many as five dialogues of one speaker have. The 24 orders of four
# are too few for a p-value of .05.
MIN_ORDERS = factorial(5)
BLOCK = 1_000_000  # recordings permuted at once: about 30 MB
ROUNDING = 1e-9  # permutations that differ by less have the same rho


@dataclass(frozen=True)
class Chance:
    """The chance distribution of a scope.

    Attributes:
        uar: UAR over all classes of each permutation, (permutations,).
        rho: Correlation of the labels with the permuted predictions, (permutations,); None for
            categories.
        units: Number of dialogues or recordings that were permuted.
        orders: Number of orders of the dialogues, in the fold with the fewest.
    """

    uar: np.ndarray
    rho: np.ndarray | None
    units: int
    orders: int

    def p(self, rho: float) -> float:
        """Return the two-sided p-value of an observed rho: twice that of the smaller tail.

        The observed value counts as one of the permutations (Phipson and Smyth 2010). NaN if rho
        is undefined or a fold has fewer than MIN_ORDERS.
        """
        if self.rho is None or np.isnan(rho) or self.orders < MIN_ORDERS:
            return np.nan
        tails = (self.rho >= rho - ROUNDING).sum(), (self.rho <= rho + ROUNDING).sum()
        return min(2 * (1 + min(tails)) / (1 + len(self.rho)), 1.0)


@dataclass(frozen=True)
class PermutableFold:
    """The recordings of a fold, sorted by the units whose predictions are permuted.

    Attributes:
        task: The task.
        labels: Labels minus NEUTRAL, (n,).
        levels: Label levels, int64 (n,).
        expected: Expected values minus NEUTRAL, (n,).
        classes: Predicted classes as indices, (n,).
        sizes: For each group of units that are exchanged, the recordings of each unit, (units,).
        orders: Number of orders of the dialogues. With fewer than MIN_ORDERS, recordings are the
            units.
    """

    task: Task
    labels: np.ndarray
    levels: np.ndarray
    expected: np.ndarray
    classes: np.ndarray
    sizes: list[np.ndarray]
    orders: int

    @classmethod
    def of(cls, rows: pd.DataFrame, task: Task, dialogues: Mapping) -> "PermutableFold":
        """Return the fold of the predictions `rows`; see `chance_of` for `dialogues`."""
        rows = rows.assign(dialogue=[dialogues.get(name) or name for name in rows["recording"]])
        speakers = rows.groupby("dialogue")["speaker"].agg(
            lambda names: " ".join(sorted(set(names)))
        )
        groups = speakers.where(speakers.duplicated(keep=False), "")
        orders = prod(factorial(size) for size in groups.value_counts())
        unit = "dialogue" if orders >= MIN_ORDERS else "recording"
        rows = rows.assign(group=rows["dialogue"].map(groups))
        rows = rows.sort_values(["group", unit, "recording"])
        sizes = rows.groupby(["group", unit]).size()
        labels, probabilities = labels_and_probabilities(rows, task)
        return cls(
            task=task,
            labels=labels - NEUTRAL,
            levels=label_levels(labels),
            expected=expected_value(probabilities) - NEUTRAL,
            classes=predicted_class(probabilities) - 1,
            sizes=[group.to_numpy() for _, group in sizes.groupby("group")],
            orders=orders,
        )

    def permute(self, permutations: int, rng: np.random.Generator) -> np.ndarray:
        """Return the index of the prediction that each recording receives, (permutations, n)."""
        picked, start = [], 0
        for sizes in self.sizes:
            picked.append(start + permute_units(sizes, permutations, rng))
            start += sizes.sum()
        return np.concatenate(picked, axis=1)

    def sums(self, picked: np.ndarray) -> np.ndarray:
        """Return the sums of `recording_sums`, (permutations, sums).

        Recording i receives the prediction of recording `picked[..., i]`, (permutations, n). The
        sum for the MAE is not computed and is 0.
        """
        permutations, size = len(picked), n_cells(self.task)
        cells = self.classes.take(picked) + len(self.task.classes) * self.levels
        cells += size * np.arange(permutations)[:, None]
        tables = np.bincount(cells.ravel(), minlength=size * permutations)
        expected = self.expected.take(picked)
        moments = np.zeros((permutations, N_MOMENTS))
        moments[:, 0] = len(self.labels)
        moments[:, 1] = self.labels.sum()
        moments[:, 2] = expected.sum(axis=1)
        moments[:, 3] = np.square(self.labels).sum()
        moments[:, 4] = np.einsum("rn,rn->r", expected, expected)
        moments[:, 5] = np.einsum("rn,n->r", expected, self.labels)
        return np.concatenate([tables.reshape(permutations, size), moments], axis=1)


def permute_units(sizes: np.ndarray, permutations: int, rng: np.random.Generator) -> np.ndarray:
    """Return the index of the prediction that each recording receives, (permutations, n).

    Args:
        sizes: Recordings of each unit, (units,). Those of a unit are consecutive.
        permutations: Number of permutations.
        rng: The generator.
    """
    units, longest = np.arange(len(sizes)), sizes.max()
    starts = np.cumsum(sizes) - sizes
    # The recordings of each unit, repeated so that `longest` follow each of them.
    repeated_starts = starts + longest * units
    unit = np.repeat(units, sizes + longest)
    place = np.arange(len(unit)) - repeated_starts[unit]
    repeated = starts[unit] + place % sizes[unit]

    sources = rng.permuted(np.tile(units, (permutations, 1)), axis=1)
    offsets = (rng.random(sources.shape) * sizes[sources]).astype(np.int64)
    first = repeated_starts[sources] + offsets  # (permutations, units)
    unit = np.repeat(units, sizes)
    place = np.arange(len(unit)) - starts[unit]
    return repeated.take(first.take(unit, axis=1) + place)


def chance_of(
    predictions: pd.DataFrame,
    task: Task,
    dialogues: Mapping[str, str],
    permutations: int,
    rng: np.random.Generator,
) -> dict[str, Chance]:
    """Return the chance distribution of each scope: `fold-1` and so on, and SCOPES.

    Args:
        predictions: Predictions of all folds.
        task: The task.
        dialogues: {recording: dialogue}. A recording without one, or with an empty text, is a
            dialogue of its own.
        permutations: Number of permutations.
        rng: Generator of the permutations.
    """
    groups = predictions.groupby("fold")
    folds = {f"fold-{fold}": PermutableFold.of(rows, task, dialogues) for fold, rows in groups}
    parts: dict[str, list[np.ndarray]] = {scope: [] for scope in (*folds, *SCOPES)}
    names = metric_names(task)
    columns = [names.index(name) for name in (uar_name(task), "rho") if name in names]
    block = max(BLOCK // sum(len(fold.labels) for fold in folds.values()), 1)
    for start in range(0, permutations, block):
        size = min(block, permutations - start)
        picked = [fold.permute(size, rng) for fold in folds.values()]
        sums = np.stack([*map(PermutableFold.sums, folds.values(), picked)], axis=1)
        metrics = [metrics_from_sums(sums, task), scope_metrics(sums, task)]
        metrics = np.concatenate(metrics, axis=1)
        for place, scope in enumerate(parts):
            parts[scope].append(metrics[:, place, columns])
    chance = {}
    for scope, drawn in parts.items():
        own = [folds[scope]] if scope in folds else list(folds.values())
        units = sum(len(sizes) for fold in own for sizes in fold.sizes)
        fewest = min(fold.orders for fold in own)
        uar, *rho = np.concatenate(drawn).T
        chance[scope] = Chance(uar, rho[0] if rho else None, units, fewest)
    return chance

"""The shared layer: a map of the recordings, and properties that nearest neighbours share.

Each fold is analysed separately, with the recordings of its held-out speakers, since the networks
of different folds have unrelated representations. The map shows the first two principal components;
it has no parameters to tune, and does not create spurious clusters. Nearest neighbours consider all
dimensions. Neighbours among the crops, the input, show how much similarity the network did not have
to learn.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emospeech.labels import Task, label_table, nearest_class

if TYPE_CHECKING:
    from emospeech.training.predictor import FoldPredictor

COLUMNS = ["recording", "speaker", "session", "dialogue"]
NEIGHBOURS = 10
NEIGHBOUR_COLUMNS = ["property", "space", "recordings", "neighbours", "share", "chance"]


def held_out_recordings(
    predictor: "FoldPredictor", seed: int
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return rows, crops and activations of the recordings of the held-out speakers.

    Returns:
        COLUMNS, the labels of all tasks of the study and `part` of the n recordings of the test
        and validation parts; their crops, float32 (n, width * rows), which `seed` determines; the
        activations of the shared layer, float32 (n, units).
    """
    parts, tasks = ("test", "validation"), predictor.fold.tasks
    names = [task.name for task in tasks]
    rows = pd.concat([predictor.rows(p, [*COLUMNS, *names]).assign(part=p) for p in parts])
    rows[names] = label_table(rows[names].to_numpy(float), tasks).to_numpy()
    pairs = (predictor.represent(part, seed) for part in parts)
    crops, activations = map(np.concatenate, zip(*pairs, strict=True))
    return rows, crops, activations


def map_table(rows: pd.DataFrame, activations: np.ndarray) -> pd.DataFrame:
    """Return `rows` with `x` and `y`, the first two principal components of the activations.

    `share_x` and `share_y` are the fractions of variance that they explain. `activations` has shape
    (n, units).
    """
    centred = activations - activations.mean(axis=0, dtype=np.float64)
    left, singular, right = np.linalg.svd(centred, full_matrices=False)
    # The sign of a component is arbitrary: its largest loading is positive.
    largest = abs(right[:2]).argmax(axis=1)
    x, y = (left[:, :2] * singular[:2] * np.sign(right[[0, 1], largest])).T
    variances = singular**2 / (len(rows) - 1)
    share_x, share_y = variances[:2] / variances.sum()
    return rows.assign(x=x, y=y, share_x=share_x, share_y=share_y)


def neighbours_table(
    rows: pd.DataFrame, tasks: Sequence[Task], spaces: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Return how often nearest neighbours share a property: a row per property and space.

    Args:
        rows: Columns `speaker, dialogue` and the labels of `tasks` of n recordings.
        tasks: The tasks, whose classes are properties, like the speaker.
        spaces: Vectors (n, k) of the recordings by the name of their space; distance is Euclidean.

    Returns:
        A table with `recordings`, the number of recordings with a known property and an eligible
        neighbour; `neighbours`, the maximum number of neighbours of each; `share`, the mean
        fraction of neighbours with the same property; `chance`, the same fraction among all
        eligible recordings.
    """
    distances = {space: squared_distances(vectors) for space, vectors in spaces.items()}
    table = []
    scales = {task.name: task.is_scale for task in tasks}
    for name in ("speaker", *scales):
        known = rows[name].notna().to_numpy()
        groups = rows.loc[known, name].to_numpy()
        if scales.get(name):
            groups = nearest_class(groups)
        eligible = eligible_neighbours(rows.loc[known, "dialogue"])
        if eligible.any():
            for space, all_distances in distances.items():
                own = all_distances[np.ix_(known, known)]
                shares = neighbour_shares(own, groups, eligible)
                table.append({"property": name, "space": space, **shares})
    return pd.DataFrame(table, columns=NEIGHBOUR_COLUMNS)


def squared_distances(vectors: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances between vectors (n, k), float64 (n, n)."""
    vectors = vectors.astype(np.float64)
    lengths = (vectors**2).sum(axis=1)
    return lengths[:, None] + lengths - 2 * vectors @ vectors.T


def eligible_neighbours(dialogues: pd.Series) -> np.ndarray:
    """Return which recordings may be neighbours, bool (n, n): those of other dialogues.

    Recordings of one dialogue resemble each other in emotion and acoustics, independently of what a
    network has learned. A recording without a dialogue (empty text) excludes only itself.
    """
    names = dialogues.to_numpy(object)
    same = (names[:, None] == names) & (names != "")
    np.fill_diagonal(same, True)
    return ~same


def neighbour_shares(
    distances: np.ndarray, groups: np.ndarray, eligible: np.ndarray
) -> dict[str, float]:
    """Return how often nearest neighbours share a property, as columns of `neighbours_table`.

    Args:
        distances: Distances between recordings, or their squares, (n, n).
        groups: The property of each recording, (n,).
        eligible: The result of `eligible_neighbours`, (n, n).
    """
    kept = eligible.any(axis=1)
    same = groups[:, None] == groups
    nearest = np.where(eligible, distances, np.inf).argsort(axis=1, kind="stable")[:, :NEIGHBOURS]
    # False in the last columns of a recording with fewer eligible neighbours.
    found = np.take_along_axis(eligible, nearest, axis=1)
    alike = np.take_along_axis(same, nearest, axis=1) & found
    shares = alike[kept].sum(axis=1) / found[kept].sum(axis=1)
    chances = (same & eligible)[kept].sum(axis=1) / eligible[kept].sum(axis=1)
    return {
        "recordings": int(kept.sum()),
        "neighbours": min(NEIGHBOURS, len(groups) - 1),
        "share": shares.mean(),
        "chance": chances.mean(),
    }

"""What lies near what in the shared layer: a map of the recordings, and their nearest neighbours.

The recordings are those of the session that a fold leaves out, as its own network sees them.
Networks of different folds have nothing in common but their makeup, so each fold is looked at by
itself. A map shows the two directions in which the values vary most (principal components): it
needs no choice of parameters and makes no clusters where there are none. What two directions cannot
show is told by neighbours in all of them. The same neighbours among the crops themselves say what
is the network's doing.
"""

import numpy as np
import pandas as pd

from emospeech.evaluation.predictions import TASKS
from emospeech.labels import nearest_class

COLUMNS = ["recording", "speaker", "session", "dialogue", *TASKS]
NEIGHBOURS = 10  # of a recording
NEIGHBOUR_COLUMNS = ["property", "space", "recordings", "neighbours", "share", "chance"]


def left_out(tested, seed):
    """Return the recordings of the session that a fold leaves out, by a FoldPredictor.

    They are its test and its validation part: a table of their rows, float32 arrays of their crops
    (n, width * rows), which the `seed` fixes, and of the values of the shared layer (n, units).
    """
    parts = ("test", "validation")
    rows = pd.concat([tested.rows(part, COLUMNS).assign(part=part) for part in parts])
    pairs = (tested.represent(part, seed) for part in parts)
    crops, values = map(np.concatenate, zip(*pairs, strict=True))
    return rows, crops, values


def map_table(rows, values):
    """Return `rows` with the place of each recording on the map of its fold, `x` and `y`.

    `values` (n, units) are those of the shared layer. `share_x` and `share_y` say which share of
    their variance the two directions have.
    """
    from sklearn.decomposition import PCA  # only here: drawing the map does not need it

    components = PCA(2, svd_solver="full")
    places = components.fit_transform(values.astype(np.float64))
    shares = dict(zip(("share_x", "share_y"), components.explained_variance_ratio_, strict=True))
    return rows.assign(x=places[:, 0], y=places[:, 1], **shares)


def neighbours_table(rows, spaces):
    """Return how often neighbours share a property, a row for each property and space.

    `rows` has the columns `speaker, dialogue, valence, activation`; `spaces` maps a name to values
    (n, k) whose Euclidean distance counts. The columns are `property`, `space`, `recordings` (that
    have the property and a possible neighbour), `neighbours` (at most, of each), `share` (of the
    neighbours that have the same property, averaged over the recordings) and `chance` (the same of
    all possible neighbours).
    """
    from sklearn.metrics import pairwise_distances  # only here, as above

    distances = {
        space: pairwise_distances(values.astype(np.float64)) for space, values in spaces.items()
    }
    table = []
    for name in ("speaker", *TASKS):
        known = rows[name].notna().to_numpy()
        groups = rows.loc[known, name].to_numpy()
        if name in TASKS:
            groups = nearest_class(groups)
        possible = possible_neighbours(rows.loc[known, "dialogue"])
        if possible.any():
            for space, all_distances in distances.items():
                own = all_distances[np.ix_(known, known)]
                figures = shares_of_same(own, groups, possible)
                table.append({"property": name, "space": space, **figures})
    return pd.DataFrame(table, columns=NEIGHBOUR_COLUMNS)


def possible_neighbours(dialogues):
    """Return which recordings may be neighbours, bool (n, n): others, and of other dialogues.

    What is said in one dialogue is alike in mood and in sound at once, so that neighbours within it
    say nothing of what a network has learned. A recording without a dialogue (an empty text) stands
    for itself.
    """
    names = dialogues.to_numpy(object)
    same = (names[:, None] == names) & (names != "")
    np.fill_diagonal(same, True)
    return ~same


def shares_of_same(distances, groups, possible, count=NEIGHBOURS):
    """Return the figures of `neighbours_table` for groups (n,), distances and possible (n, n)."""
    kept = possible.any(axis=1)
    same = groups[:, None] == groups
    nearest = np.where(possible, distances, np.inf).argsort(axis=1, kind="stable")[:, :count]
    found = np.take_along_axis(possible, nearest, axis=1)  # fewer, where fewer are possible
    alike = np.take_along_axis(same, nearest, axis=1) & found
    shares = alike[kept].sum(axis=1) / found[kept].sum(axis=1)
    chances = (same & possible)[kept].sum(axis=1) / possible[kept].sum(axis=1)
    return {
        "recordings": int(kept.sum()),
        "neighbours": min(count, len(groups) - 1),
        "share": shares.mean(),
        "chance": chances.mean(),
    }

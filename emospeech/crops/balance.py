"""How the valence labels are distributed before and after oversampling, fold by fold."""

import numpy as np
import pandas as pd

from emospeech.crops.oversample import draw_epoch
from emospeech.labels import CLASSES, class_shares

BEFORE, EVEN, PLAIN = "training part", "oversampled epoch", "epoch"


def balance_table(recordings, folds, seed, oversample=True):
    """Return a table `fold, stage, class, count, share`: the labels that a training sees.

    `recordings` and `folds` are recordings.csv and folds.csv. The stages are the labelled
    recordings of the training part, and an epoch drawn from it as training draws it; with
    `oversample` false it is each recording once. A halfway label counts half to either class.
    """
    table = folds[folds["part"] == "train"].merge(recordings, on="recording")
    table = table[table["valence"].notna()]
    parts = []
    for fold, rows in table.groupby("fold"):
        labels = rows["valence"].to_numpy(np.float64)
        rng = np.random.default_rng([seed, fold])
        order = draw_epoch(labels, rng) if oversample else np.arange(len(labels))
        after = EVEN if oversample else PLAIN
        parts += [_counted(fold, BEFORE, labels), _counted(fold, after, labels[order])]
    return pd.concat(parts, ignore_index=True)


def _counted(fold, stage, labels):
    counts = class_shares(labels).sum(axis=0)
    columns = {"fold": fold, "stage": stage, "class": CLASSES, "count": counts}
    return pd.DataFrame(columns | {"share": counts / len(labels)})

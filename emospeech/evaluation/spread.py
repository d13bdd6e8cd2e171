"""How much of a figure is luck: of the training, of the crops that are heard, of the speakers.

The three are told apart and not added up. A training with another seed, evaluated on the same
crops, gives the first; the same networks on other crops of the same recordings the second; and
drawing the test speakers anew (`resampling`) the third. What a network owes to luck differs from
fold to fold as the speakers do, so the third holds some of the first.
"""

import numpy as np
import pandas as pd

from emospeech.evaluation.sums import FIGURES

KEYS = ["model", "task", "figure"]
ERRORS = ["speakers", "error", "error_recordings"]
COLUMNS = [
    *(*KEYS, "value"),
    *("seeds", "deviation_seeds", "diverged_seeds", "crop_seeds", "deviation_crops"),
    *("speakers", "error_speakers", "error_recordings"),
]


def spread_table(crops, intervals, seeds=None):
    """Return `spread.csv`: a row for each model, task and figure, over all folds pooled.

    `crops` has the figures of each `crop_seed`, `seeds` (None where there is one) those of each
    `seed` of the training, and `intervals` is the table of that name. `deviation_seeds` and
    `deviation_crops` are standard deviations (by n - 1, NaN of a single value) over so many `seeds`
    and `crop_seeds`, without the seeds with a diverged training, which `diverged_seeds` counts;
    `error_speakers` is the standard error over so many `speakers`, and
    `error_recordings` that with these very speakers.
    """
    table = intervals.loc[intervals["scope"] == "pooled", [*KEYS, "value", *ERRORS]]
    table = table.rename(columns={"error": "error_speakers"})
    table = table.merge(deviations(crops, "crop_seed", "crops"), on=KEYS)
    if seeds is None:
        return table.assign(seeds=1, deviation_seeds=np.nan, diverged_seeds=0)[COLUMNS]
    table = table.merge(deviations(seeds, "seed", "seeds"), on=KEYS)
    diverged = seeds.groupby(["model", "task"])["diverged"].agg(lambda counts: (counts > 0).sum())
    return table.merge(diverged.rename("diverged_seeds"), on=["model", "task"])[COLUMNS]


def deviations(table, seed, name):
    """Return the number of seeds, `{seed}s`, and the standard deviation, `deviation_{name}`.

    `table` has a row for each model, task and value of the column `seed`, with its figures.
    """
    figures = table.melt(["model", "task", seed], FIGURES, "figure", "value")
    grouped = figures.groupby(KEYS)["value"]
    counted = {f"{seed}s": grouped.count(), f"deviation_{name}": grouped.std()}
    return pd.DataFrame(counted).reset_index()

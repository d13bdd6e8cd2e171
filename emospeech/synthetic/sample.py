"""A smaller corpus: a sample of the whole plan, in proportion and with all that is irregular.

Since it is a sample of one plan, an utterance sounds the same in a corpus of any size.
"""

import numpy as np
import pandas as pd

from emospeech.synthetic.draws import generator


def sample_plan(plan, n, seed):
    """Return `n` rows of `plan` in its order: in proportion by speaker and valence.

    The plan is sorted by speaker and valence and cut into `n` runs, and one row is taken of each.
    Rows that must be in (see `needed`) come first, then, as far as runs are left, one row of each
    dialogue that has none yet. Raises ValueError if `n` is less than the rows that must be in.
    """
    order = generator(seed, "sample").permutation(len(plan))
    shuffled = plan.iloc[order]
    ranked = shuffled.sort_values(["speaker", "valence"], kind="stable")
    run = pd.Series(np.arange(len(plan)) * n // len(plan), index=ranked.index)
    chosen = list(plan.index[needed(plan)])
    if len(chosen) > n:
        raise ValueError(f"{len(chosen)} utterances must be in, {n} were asked for")
    free = set(range(n)) - _runs_of(chosen, run, n)
    missing = shuffled[~shuffled["dialogue"].isin(plan.loc[chosen, "dialogue"])]
    for _, rows in missing.groupby("dialogue"):
        fitting = [row for row in rows.index if run[row] in free]
        if fitting:
            chosen.append(fitting[0])
            free.remove(run[fitting[0]])
    rest = shuffled.index[run[shuffled.index].isin(free)]
    chosen.extend(rest[~run[rest].duplicated()])
    return plan.loc[sorted(chosen)]


def needed(plan):
    """Return a mask of the rows that a corpus of any size holds: those with an irregularity."""
    wordless = plan["wordless"] & (plan["wordless"].cumsum() <= 3)
    rare = ~plan["aligned"] | (plan["fault"] != "") | wordless
    first_of = plan.groupby("raters").cumcount() == 0
    halves = plan["dialogue"].str.contains("[ab]$") & (plan.groupby("dialogue").cumcount() == 0)
    return (rare | first_of | halves).to_numpy()


def _runs_of(rows, run, n):
    """The runs that `rows` use up; a row whose run is taken uses the nearest free one."""
    taken = set()
    for row in rows:
        ahead = sorted(set(range(n)) - taken, key=lambda i, at=run[row]: abs(i - at))
        taken.add(ahead[0])
    return taken

"""Random search: trials drawn from the space of the paper, and the choice of the best."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from emospeech.training.trial import FOLD_UAR, PARAMETERS


@dataclass(frozen=True)
class SearchSpace:
    """The values that a trial may take; the defaults are those of the paper's section 5."""

    crop_width: tuple[int, ...] = (64, 128)  # frames
    filter_size_min: int = 2
    filter_size_divisor: int = 8  # the largest filter is crop_width / 8
    filters: tuple[int, ...] = tuple(range(32, 89, 4))
    batch_size: tuple[int, ...] = (64, 128, 256)
    learning_rate: tuple[float, ...] = (1e-3, 1e-4, 1e-5)


def draw_trial(space, seed, number):
    """Return the parameters of trial `number` as a dict; they depend on (seed, number) alone.

    So all models are given the same trials, and more trials can be added without changing those
    that are there. The largest filter depends on the crop width.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    crop_width = _pick(space.crop_width, rng)
    largest = crop_width // space.filter_size_divisor
    return {
        "crop_width": crop_width,
        "learning_rate": _pick(space.learning_rate, rng),
        "batch_size": _pick(space.batch_size, rng),
        "filter_size": int(rng.integers(space.filter_size_min, largest, endpoint=True)),
        "filters": _pick(space.filters, rng),
    }


def rank_trials(trials, validations):
    """Return the table of trials with their validation UAR: the mean, and that of each fold.

    `trials` are dicts of parameters in the order of their numbers, `validations` a table with
    columns `trial, fold, uar, capped`. The column `capped` counts the trainings of a trial that the
    cap on epochs ended, and not the stopping rule. No test figure enters.
    """
    table = pd.DataFrame(trials).rename_axis("trial").reset_index()
    table["validation_uar"] = validations.groupby("trial")["uar"].mean()
    for fold, rows in validations.groupby("fold"):
        table[f"{FOLD_UAR}{fold}"] = rows.set_index("trial")["uar"]
    table["capped"] = validations.groupby("trial")["capped"].sum()
    return table


def choose(table, select):
    """Return {fold: number of the trial that it takes}, of equally good trials the first.

    With `select` "pooled" all folds take the trial with the highest mean over the folds; with
    "fold" each takes that with the highest UAR of its own, and nothing of one fold enters another.
    """
    columns = [name for name in table if name.startswith(FOLD_UAR)]
    return {
        int(name.removeprefix(FOLD_UAR)): int(
            table["validation_uar" if select == "pooled" else name].idxmax()
        )
        for name in columns
    }


def mark_chosen(table, choice, select):
    """Return the table of trials with a column `chosen`, and `chosen_by` where folds choose."""
    chosen = table.assign(chosen=table["trial"].isin(choice.values()))
    if select == "fold":
        folds = [[str(fold) for fold in choice if choice[fold] == n] for n in table["trial"]]
        chosen["chosen_by"] = [" ".join(names) for names in folds]
    return chosen


def best_trials(table, choice, select):
    """Return what `best.json` holds: the chosen trial with its number, parameters and UAR.

    With `select` "fold" it is {"folds": {fold: such a trial}}, each with the UAR of its fold.
    """
    if select == "pooled":
        return _trial(table, next(iter(choice.values())), "validation_uar")
    return {"folds": {str(f): _trial(table, n, f"{FOLD_UAR}{f}") for f, n in choice.items()}}


def chosen_histories(choice, validations, paths):
    """Return the histories of the chosen trials, those of all folds below each other.

    `paths` are the files of the histories, in the order of the rows of `validations`.
    """
    rows = validations.assign(path=list(paths))
    rows = rows[rows["trial"] == rows["fold"].map(choice)].sort_values("fold")
    histories = [
        pd.read_csv(path).assign(fold=fold)
        for path, fold in zip(rows["path"], rows["fold"], strict=True)
    ]
    return pd.concat(histories, ignore_index=True)


def _trial(table, number, score):
    """Return a row of the table of trials as a dict of Python numbers."""
    row = table[["trial", *PARAMETERS]].assign(validation_uar=table[score])
    return row[row["trial"] == number].to_dict("records")[0]


def _pick(values, rng):
    # A Python number, not NumPy's: a job reruns when its params change, and those differ.
    return values[int(rng.integers(len(values)))]

"""Random search: trials drawn from the space of the paper, and the choice of the best."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


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
    """Return the table of trials with their mean validation UAR and which one is chosen.

    `trials` are dicts of parameters in the order of their numbers, `validations` a table with
    columns `trial, fold, uar`. The highest mean over the folds is chosen, of equal ones the first.
    No test figure enters.
    """
    table = pd.DataFrame(trials).rename_axis("trial").reset_index()
    table["validation_uar"] = validations.groupby("trial")["uar"].mean()
    table["chosen"] = table.index == table["validation_uar"].idxmax()
    return table


def chosen_trial(table):
    """Return the chosen row of `rank_trials` as a dict of Python numbers, without the mark."""
    return table[table["chosen"]].drop(columns="chosen").to_dict("records")[0]


def chosen_histories(table, validations, paths):
    """Return the histories of the chosen trial, those of all folds below each other.

    `paths` are the files of the histories, in the order of the rows of `validations`.
    """
    number = chosen_trial(table)["trial"]
    rows = validations.assign(path=list(paths)).loc[validations["trial"] == number]
    histories = [
        pd.read_csv(path).assign(fold=fold)
        for path, fold in zip(rows["path"], rows["fold"], strict=True)
    ]
    return pd.concat(histories, ignore_index=True)


def _pick(values, rng):
    # A Python number, not NumPy's: a job reruns when its params change, and those differ.
    return values[int(rng.integers(len(values)))]

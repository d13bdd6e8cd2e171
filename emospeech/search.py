"""Random search: trials drawn from the space of the paper, and the choice of the best."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from emospeech.runtime.errors import InputError
from emospeech.training.trial import FOLD_UAR, PARAMETERS


@dataclass(frozen=True)
class SearchSpace:
    """The values that a trial may take; the defaults are those of the paper's section 5.

    Raises InputError where a crop width leaves no filter size.
    """

    crop_width: tuple[int, ...] = (64, 128)  # frames
    filter_size_min: int = 2
    filter_size_divisor: int = 8  # the largest filter is crop_width / 8
    filters: tuple[int, ...] = tuple(range(32, 89, 4))
    batch_size: tuple[int, ...] = (64, 128, 256)
    learning_rate: tuple[float, ...] = (1e-3, 1e-4, 1e-5)

    def __post_init__(self):
        narrowest = min(self.crop_width)
        largest = narrowest // self.filter_size_divisor
        if largest < self.filter_size_min:
            raise InputError(
                "search.space.filter_size_divisor",
                f"{self.filter_size_divisor} limits the filters of crop_width {narrowest} to "
                f"{largest}, below filter_size_min, {self.filter_size_min}. Lower either of them.",
            )


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


def rank_trials(trials: list[dict], validations: pd.DataFrame) -> pd.DataFrame:
    """Return the table of trials with their validation UAR: the mean, and that of each fold.

    Args:
        trials: Parameters of each trial, in the order of their numbers.
        validations: Columns `trial, fold, uar, capped, diverged, precision`; `uar` is NaN if the
            training diverged.

    Returns:
        A row per trial. `capped` counts its trainings that the cap on epochs ended, `diverged`
        those that diverged; the mean of a trial with a diverged training is NaN.
        `training_precision` names the number formats of its trainings. No test score enters.
    """
    table = pd.DataFrame(trials).rename_axis("trial").reset_index()
    scores = validations.pivot(index="trial", columns="fold", values="uar").astype(float)
    table["validation_uar"] = scores.mean(axis=1, skipna=False)
    for fold in scores:
        table[f"{FOLD_UAR}{fold}"] = scores[fold]
    for ending in ("capped", "diverged"):
        table[ending] = validations.groupby("trial")[ending].sum().astype(int)
    used = validations.groupby("trial")["precision"]
    table["training_precision"] = used.agg(lambda formats: " ".join(sorted(set(formats))))
    return table


def scoring_folds(parts: pd.DataFrame, select: str) -> dict[int, list[int]]:
    """Return {fold: folds whose validation scores may choose its trial}.

    With `select` "fold" a fold uses its own score only. With "pooled" it uses the scores of all
    folds but those that validate on its test speakers: with `folds.validation: both` these would
    select the trial on the very speakers that it is tested on. `parts` has the columns
    `fold, part, speaker`, a row per fold and recording.
    """
    speakers = {
        key: set(rows["speaker"])
        for key, rows in parts[["fold", "part", "speaker"]].groupby(["fold", "part"])
    }
    folds = sorted(parts["fold"].unique().tolist())
    if select == "fold":
        return {fold: [fold] for fold in folds}
    return {
        fold: [
            other for other in folds if not speakers[fold, "test"] & speakers[other, "validation"]
        ]
        for fold in folds
    }


@dataclass(frozen=True)
class Choice:
    """The trial that a fold takes."""

    trial: int
    validation_uar: float  # the mean over `validation_folds`
    validation_folds: list[int]  # whose validation scores chose the trial


def choose(table: pd.DataFrame, scoring: dict[int, list[int]]) -> dict[int, Choice]:
    """Return {fold: Choice}: the trial with the highest mean score, of equal ones the first.

    `scoring` says which folds' scores count for a fold, see `scoring_folds`. A trial with a
    diverged training among the scores that count, or in the fold itself, is never chosen; raises
    InputError where no other is left.
    """
    choices = {}
    for fold, others in scoring.items():
        scores = table[[f"{FOLD_UAR}{other}" for other in others]].mean(axis=1, skipna=False)
        scores = scores.where(table[f"{FOLD_UAR}{fold}"].notna())
        if scores.isna().all():
            problem = f"every trial has a training that diverged, so fold {fold} has no choice"
            raise InputError("search.space", f"{problem}; allow smaller learning rates")
        best = int(scores.idxmax())
        choices[fold] = Choice(int(table["trial"][best]), float(scores[best]), others)
    return choices


def is_shared(choices: dict[int, Choice]) -> bool:
    """Return whether all folds take one trial, chosen by the same scores."""
    return len({tuple(choice.validation_folds) for choice in choices.values()}) == 1


def mark_chosen(table: pd.DataFrame, choices: dict[int, Choice]) -> pd.DataFrame:
    """Return the table of trials with a column `chosen`, and `chosen_by` unless they share it."""
    taken = {fold: choice.trial for fold, choice in choices.items()}
    chosen = table.assign(chosen=table["trial"].isin(taken.values()))
    if not is_shared(choices):
        folds = [[str(fold) for fold in taken if taken[fold] == n] for n in table["trial"]]
        chosen["chosen_by"] = [" ".join(names) for names in folds]
    return chosen


def best_trials(table: pd.DataFrame, choices: dict[int, Choice]) -> dict:
    """Return the content of `best.json`: number, parameters, UAR and scoring folds of the trial.

    Unless all folds share the trial it is {"folds": {fold: such a trial}}.
    """
    rows = table.set_index("trial", drop=False)[["trial", *PARAMETERS]].to_dict("index")
    best = {
        str(fold): rows[choice.trial]
        | {
            "validation_uar": choice.validation_uar,
            "validation_folds": choice.validation_folds,
        }
        for fold, choice in choices.items()
    }
    return next(iter(best.values())) if is_shared(choices) else {"folds": best}


def chosen_histories(
    choices: dict[int, Choice], validations: pd.DataFrame, paths: list[str]
) -> pd.DataFrame:
    """Return the histories of the chosen trials, those of all folds below each other.

    `paths` are the files of the histories, in the order of the rows of `validations`.
    """
    rows = validations.assign(path=list(paths))
    taken = {fold: choice.trial for fold, choice in choices.items()}
    rows = rows[rows["trial"] == rows["fold"].map(taken)].sort_values("fold")
    histories = [
        pd.read_csv(path).assign(fold=fold)
        for path, fold in zip(rows["path"], rows["fold"], strict=True)
    ]
    return pd.concat(histories, ignore_index=True)


def _pick(values, rng):
    # A Python number, not NumPy's: a job reruns when its params change, and those differ.
    return values[int(rng.integers(len(values)))]

"""The search: draw trials from the search space, select the best by validation UAR."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emospeech.metrics import UAR_DECIMALS
from emospeech.models.catalogue import MODELS, PARAMETERS
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_table
from emospeech.runtime.rng import spawn_rng
from emospeech.training.trial import FOLD_UAR


@dataclass(frozen=True)
class SearchSpace:
    """The section `search.space` of the config, for the CNN and DCGAN models.

    Defaults are from section 5 of the paper. Raises InputError if a filter size is too large for
    one of the crop widths.
    """

    crop_width: tuple[int, ...] = (64, 128)  # frames
    filter_size: tuple[int, ...] | None = None  # None: from 2 to crop_width / 8
    filters: tuple[int, ...] = tuple(range(32, 89, 4))
    batch_size: tuple[int, ...] = (64, 128, 256)
    learning_rate: tuple[float, ...] = (1e-3, 1e-4, 1e-5)

    def __post_init__(self) -> None:
        if self.filter_size is not None:
            key = "search.space.filter_size"
            _check_filter_size(key, max(self.filter_size), min(self.crop_width))


@dataclass(frozen=True)
class SequentialSpace:
    """The section `search.sequential_space` of the config, for the LSTM and APC models."""

    crop_width: tuple[int, ...] = (64, 128)  # frames
    learning_rate: tuple[float, ...] = (1e-3, 3e-4)
    batch_size: tuple[int, ...] = (64, 128, 256)
    layers: tuple[int, ...] = (1, 2)
    hidden_units: tuple[int, ...] = (64, 128, 256)
    steps_ahead: tuple[int, ...] = (3, 5)  # frames, of APC


def draw_trial(
    space: SearchSpace | SequentialSpace, parameters: Sequence[str], seed: int, trial_id: int
) -> dict[str, Any]:
    """Return `parameters` of a trial, drawn in their order.

    They depend on `seed` and `trial_id` only. Models with the same parameters share the same
    trials, and more trials can be added without changing earlier ones.
    """
    rng = spawn_rng(seed, trial_id)
    trial = {}
    for name in parameters:
        values = getattr(space, name)
        if values is None:  # filter_size
            values = range(2, _largest_filter_size(trial["crop_width"]) + 1)
        # Not rng.choice, whose NumPy numbers would look like changed params to Snakemake.
        trial[name] = values[int(rng.integers(len(values)))]
    return trial


def fixed_trials(fixed: Mapping, models: Sequence[str]) -> dict[str, dict]:
    """Return {model: parameters} for the key `search.fixed`.

    Args:
        fixed: The parameters, the same for all models, or {model: parameters}. Each model uses
            those that it has.
        models: The models to train.

    Raises:
        InputError: A key is missing or unknown, both forms are mixed, or a filter size is too large
            for the crop width.
    """
    if unknown := [name for name in fixed if name not in (*PARAMETERS, *MODELS)]:
        known = f"parameters ({', '.join(PARAMETERS)}) or models ({', '.join(MODELS)})"
        raise InputError("search.fixed", f"{', '.join(unknown)} is unknown. Use {known}.")
    is_shared = not fixed.keys().isdisjoint(PARAMETERS)
    if others := [name for name in fixed if is_shared and name not in PARAMETERS]:
        problem = f"mixes parameters for all models with those of {', '.join(others)}"
        raise InputError("search.fixed", f"{problem}. Use one form only.")
    trials = {}
    for model in models:
        key = "search.fixed" if is_shared else f"search.fixed.{model}"
        given = fixed if is_shared else fixed.get(model, {})
        names = MODELS[model].family.parameters
        if missing := [name for name in names if name not in given]:
            raise InputError(key, f"has no {', '.join(missing)}. Add what {model} needs.")
        trials[model] = {name: given[name] for name in names}
        if "filter_size" in names:
            _check_filter_size(key, given["filter_size"], given["crop_width"])
    return trials


def rank_trials(trials: list[dict], validations: pd.DataFrame) -> pd.DataFrame:
    """Return trials.csv without the selection: parameters and validation UAR of each trial.

    Args:
        trials: Parameters of each trial, by trial id.
        validations: Columns `trial, fold, uar, epochs, capped, diverged, precision`; `uar` is NaN
            if the training diverged.

    Returns:
        A row per trial with its UAR on each fold and their mean, which is NaN if a training run
        diverged. `epochs` is the sum over the folds. `capped` and `diverged` count the training
        runs that reached `training.max_epochs` or diverged; `training_precision` lists the number
        formats of the training runs.
    """
    table = pd.DataFrame(trials).rename_axis("trial").reset_index()
    scores = validations.astype({"uar": float}).pivot(index="trial", columns="fold", values="uar")
    table["validation_uar"] = scores.mean(axis=1, skipna=False)
    for fold in scores:
        table[f"{FOLD_UAR}{fold}"] = scores[fold]
    by_trial, counts = validations.groupby("trial"), ["epochs", "capped", "diverged"]
    table[counts] = pd.DataFrame(by_trial[counts].sum(), dtype=int)
    formats = by_trial["precision"].agg(lambda names: " ".join(sorted(set(names))))
    return table.assign(training_precision=formats)


def selection_folds(parts: pd.DataFrame, select: str) -> dict[int, list[int]]:
    """Return {fold: folds whose validation scores may select its trial}.

    If `select` (the key `search.select`) is "fold", it is the fold itself. If it is "pooled", it is
    all folds that do not validate on the test speakers of the fold, which matters for
    `folds.validation: both`. `parts` has the columns `fold, part, speaker`.
    """
    folds = sorted(parts["fold"].unique().tolist())
    if select == "fold":
        return {fold: [fold] for fold in folds}
    speakers: dict = dict(parts.groupby(["fold", "part"])["speaker"].agg(set))
    return {
        fold: [n for n in folds if not speakers[fold, "test"] & speakers[n, "validation"]]
        for fold in folds
    }


@dataclass(frozen=True)
class Choice:
    """The trial selected for a fold, and its mean validation UAR over `validation_folds`."""

    trial: int
    validation_uar: float
    validation_folds: list[int]


def choose_trials(table: pd.DataFrame, scoring: dict[int, list[int]]) -> dict[int, Choice]:
    """Return {fold: Choice}: the trial with the highest mean UAR; ties go to the first.

    A trial is not eligible for a fold if its training run diverged on this fold or on one of the
    folds that `scoring` lists (see `selection_folds`). Raises InputError if no trial is eligible.
    """
    choices = {}
    for fold, others in scoring.items():
        scores = table[[f"{FOLD_UAR}{other}" for other in others]].mean(axis=1, skipna=False)
        scores = scores.where(table[f"{FOLD_UAR}{fold}"].notna()).round(UAR_DECIMALS).to_numpy()
        if np.isnan(scores).all():
            problem = f"a training run of every trial diverged, so no trial is left for fold {fold}"
            raise InputError("search.space", f"{problem}. Allow lower learning rates.")
        best = int(np.nanargmax(scores))
        choices[fold] = Choice(table["trial"].tolist()[best], scores.tolist()[best], others)
    return choices


def mark_chosen(table: pd.DataFrame, choices: dict[int, Choice]) -> pd.DataFrame:
    """Return the table of trials with `chosen`, and `chosen_by` (folds) if folds differ."""
    folds: dict[int, list[str]] = {}
    for fold, choice in choices.items():
        folds.setdefault(choice.trial, []).append(str(fold))
    marked = table.assign(chosen=table["trial"].isin(list(folds)))
    if not _is_shared(choices):
        marked["chosen_by"] = [" ".join(folds.get(trial, [])) for trial in table["trial"]]
    return marked


def best_trials(table: pd.DataFrame, choices: dict[int, Choice]) -> dict:
    """Return best.json: the id, the parameters, the UAR and the UAR's folds of the chosen trial.

    If the choice differs between folds, it is {"folds": {fold: these values}}.
    """
    names = [name for name in PARAMETERS if name in table]
    rows = table.loc[:, ["trial", *names]].to_dict("records")
    rows = {row["trial"]: row for row in rows}
    best = {
        str(fold): rows[choice.trial]
        | {"validation_uar": choice.validation_uar, "validation_folds": choice.validation_folds}
        for fold, choice in choices.items()
    }
    return next(iter(best.values())) if _is_shared(choices) else {"folds": best}


def chosen_histories(
    choices: dict[int, Choice], validations: pd.DataFrame, paths: list[str]
) -> pd.DataFrame:
    """Return the history of the selected trial of each fold, with a column `fold`.

    `paths` are the history.csv files, in the order of the rows of `validations`.
    """
    files = sorted(zip(validations["fold"], validations["trial"], paths, strict=True))
    histories = [
        read_table(path).assign(fold=fold)
        for fold, trial, path in files
        if trial == choices[fold].trial
    ]
    return pd.concat(histories, ignore_index=True)


def _largest_filter_size(crop_width: int) -> int:
    """Return the paper's limit, which is the width of the last convolutional layer's input."""
    return crop_width // 8


def _check_filter_size(key: str, filter_size: int, crop_width: int) -> None:
    if filter_size > (largest := _largest_filter_size(crop_width)):
        problem = f"filter_size {filter_size} is too large for crop_width {crop_width}"
        raise InputError(key, f"{problem}. Use at most crop_width / 8, which is {largest}.")


def _is_shared(choices: dict[int, Choice]) -> bool:
    """Return whether all folds use the same trial, selected by the same scores."""
    return len({tuple(choice.validation_folds) for choice in choices.values()}) == 1

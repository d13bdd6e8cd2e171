"""Successive halving: train all trials for a few epochs, then only the best ones for longer.

A rung trains some trials on all folds up to a number of epochs and ranks them by validation UAR.
The best ones continue from their checkpoints in the next rung (Jamieson and Talwalkar, 2016; Li et
al., 2018). All numbers of trials follow from the config, so the jobs are known before the run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from emospeech.metrics import UAR_DECIMALS
from emospeech.runtime.errors import InputError
from emospeech.search import selection_folds
from emospeech.training.trial import RungTrials, last_slots


@dataclass(frozen=True)
class Rung:
    """The number of trials that a rung trains on each fold, and how long."""

    size: int
    epochs: int | None  # since the first rung, without pretraining; None: until training ends


@dataclass(frozen=True)
class HalvingSettings:
    """The section `search.halving` of the config."""

    first_epochs: int = 3  # of all trials, in the first rung
    factor: int = 3  # by which trials decrease and epochs increase from rung to rung

    def rungs(self, trials: int) -> list[Rung]:
        """Return the rungs of a search; the last one trains a single trial until training ends."""
        rungs, size, epochs = [], trials, self.first_epochs
        while size > 1:
            rungs.append(Rung(size, epochs))
            size, epochs = -(-size // self.factor), self.factor * epochs
        return [*rungs, Rung(size, None)]

    def check(self, max_epochs: int) -> None:
        """Raise InputError if the first rung trains all trials to the end, so nothing is saved.

        Args:
            max_epochs: The maximum number of epochs after pretraining.
        """
        if self.first_epochs >= max_epochs:
            problem = f"{self.first_epochs} is not less than the {max_epochs} epochs"
            raise InputError(
                "search.halving.first_epochs",
                f"{problem} that training.max_epochs allows. Use fewer, or search.method: random.",
            )


def ranking_folds(parts: pd.DataFrame, select: str) -> dict[int, list[int]]:
    """Return {fold: folds whose validation scores rank its trials}.

    These are the folds of `selection_folds` if they are the same for all folds. Otherwise, each
    fold is ranked by its own score. Its trials then differ from those of other folds, and the score
    of a fold that trained other trials for longer would depend on validation speakers that the fold
    must not use.
    """
    scoring = selection_folds(parts, select)
    if len(set(map(tuple, scoring.values()))) == 1:
        return scoring
    return {fold: [fold] for fold in scoring}


def next_rung(
    validations: pd.DataFrame, scoring: Mapping[int, Sequence[int]], size: int
) -> dict[str, list[int]]:
    """Return {fold: trials of the next rung}, the best first; ties go to the first trial.

    A trial comes last if it diverged on the fold or on a fold of its score, see `choose_trials`.

    Args:
        validations: Columns `trial, fold, uar`, a row per training run of this rung; `uar` is the
            highest so far, or missing if the training run diverged.
        scoring: The folds whose mean UAR ranks the trials of each fold, see `ranking_folds`.
        size: The number of trials of the next rung.
    """
    scores = validations.astype({"uar": float}).pivot(index="trial", columns="fold", values="uar")
    chosen = {}
    for fold, others in scoring.items():
        trained = scores.loc[validations.loc[validations["fold"] == fold, "trial"].sort_values()]
        means = trained[list(others)].mean(axis=1, skipna=False)
        means = means.where(trained[fold].notna()).round(UAR_DECIMALS)
        means = means.sort_values(ascending=False, kind="stable")
        chosen[str(fold)] = means.index.tolist()[:size]
    return chosen


def last_rungs(trials: int, later: Sequence[RungTrials]) -> list[int]:
    """Return the last rung of each trial; if it differs between folds, the highest one."""
    folds = [last_slots(trials, later, int(fold)) for fold in later[0]]
    return [max(slots[trial][0] for slots in folds) for trial in range(trials)]

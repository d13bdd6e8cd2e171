"""Trials, the parameter sets of the search, and the files and columns that refer to them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from emospeech.models.catalogue import PARAMETERS

# How a recording was used: the column `use` of draws.csv.
LABELLED, UNLABELLED, VALIDATION = "labelled", "unlabelled", "validation"
FOLD_UAR = "validation_uar_fold-"  # prefix of the columns of trials.csv with the UAR of a fold
RungTrials = Mapping[str, Sequence[int]]  # {fold: trials}, content of search/{model}/rung-n.json


class Trial(NamedTuple):
    """A parameter set with its index in the search."""

    trial_id: int
    parameters: dict  # {name: value} for the parameters of the model's family


def trial_of_fold(best: Mapping, fold: int) -> Trial:
    """Return the trial that a fold uses, given the content of best.json."""
    chosen = best["folds"][str(fold)] if "folds" in best else best
    return Trial(chosen["trial"], {name: chosen[name] for name in PARAMETERS if name in chosen})


class Run(NamedTuple):
    """A training run: a trial of the search, or the selected trial with another seed."""

    variant: str  # empty or undefined for a run of the study itself
    model: str
    kind: str  # "trial" or "seed"
    number: int  # of the trial, or the seed
    fold: int


def run_of(path: str | Path) -> Run:
    """Return the run of a file .../[variant/stage/]model/kind-number/fold-n/name."""
    *above, model, training, fold, _ = Path(path).parts
    variant, (kind, number) = above[-2] if len(above) > 1 else "", training.split("-")
    return Run(variant, model, kind, int(number), int(fold.removeprefix("fold-")))


def file_of_trial(paths: Iterable[str], trial_id: int, fold: int) -> str:
    """Return the one path in `paths` of a trial and a fold. Another seed has one trial per fold."""
    runs = [(path, run_of(path)) for path in paths]
    (path,) = (
        path
        for path, run in runs
        if run.fold == fold and (run.kind == "seed" or run.number == trial_id)
    )
    return path


def last_slots(trials: int, later: Sequence[RungTrials], fold: int) -> dict[int, tuple[int, int]]:
    """Return {trial: (rung, slot)} of the last rung of each trial on a fold.

    The slot is the index of the trial in its rung.

    Args:
        trials: The number of trials, all of which are in rung 0.
        later: The trials of the later rungs, in order.
        fold: The fold.
    """
    slots = {trial: (0, trial) for trial in range(trials)}
    for rung, chosen in enumerate(later, start=1):
        slots |= {trial: (rung, slot) for slot, trial in enumerate(chosen[str(fold)])}
    return slots

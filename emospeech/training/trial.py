"""A trial: the parameters that the search varies, and which of the chosen ones a fold takes."""

from pathlib import Path

PARAMETERS = ("crop_width", "learning_rate", "batch_size", "filter_size", "filters")
FOLD_UAR = "validation_uar_fold-"  # in front of the number of a fold: columns of trials.csv


def trial_of_fold(best, fold):
    """Return the trial that a fold takes, of what `best.json` holds: its number and parameters."""
    trial = best["folds"][str(fold)] if "folds" in best else best
    return trial["trial"], {name: trial[name] for name in PARAMETERS}


def file_of_trial(paths, number, fold):
    """Return the one of `paths`, which end in trial-n/fold-n/name, of a trial and fold."""
    (path,) = (p for p in paths if Path(p).parts[-3:-1] == (f"trial-{number}", f"fold-{fold}"))
    return path

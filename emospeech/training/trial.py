"""A trial: the parameters that the search varies, and which of the chosen ones a fold takes."""

PARAMETERS = ("crop_width", "learning_rate", "batch_size", "filter_size", "filters")
FOLD_UAR = "validation_uar_fold-"  # in front of the number of a fold: columns of trials.csv


def trial_of_fold(best, fold):
    """Return the trial that a fold takes, of what `best.json` holds: its number and parameters."""
    trial = best["folds"][str(fold)] if "folds" in best else best
    return trial["trial"], {name: trial[name] for name in PARAMETERS}

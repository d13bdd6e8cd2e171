"""A trial: the parameters that the search varies, and which of the chosen ones a fold takes."""

from pathlib import Path

PARAMETERS = ("crop_width", "learning_rate", "batch_size", "filter_size", "filters")
# What a recording was drawn for: the column `use` of draws.csv.
LABELLED, UNLABELLED, VALIDATION = "labelled", "unlabelled", "validation"
FOLD_UAR = "validation_uar_fold-"  # in front of the number of a fold: columns of trials.csv


def trial_of_fold(best, fold):
    """Return the trial that a fold takes, of what `best.json` holds: its number and parameters."""
    trial = best["folds"][str(fold)] if "folds" in best else best
    return trial["trial"], {name: trial[name] for name in PARAMETERS}


def folder_of_training(path: str) -> tuple[str, str, int]:
    """Return model, training (trial-n or seed-n) and fold of .../model/trial-n/fold-n/name."""
    model, training, fold = Path(path).parts[-4:-1]
    return model, training, int(fold.removeprefix("fold-"))


def file_of_trial(paths, number, fold):
    """Return the one of `paths` of a trial and fold.

    They end in trial-n/fold-n/name, or in seed-n/fold-n/name: a further seed has one trial a fold.
    """
    folders = [(path, *Path(path).parts[-3:-1]) for path in paths]
    (path,) = (
        path
        for path, trained, part in folders
        if part == f"fold-{fold}" and (trained == f"trial-{number}" or trained.startswith("seed-"))
    )
    return path

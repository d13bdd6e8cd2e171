"""The trials of the search, and in words what each model was given."""

from emospeech.report.contents.table import count_of, make_table
from emospeech.report.frames import in_order, require
from emospeech.training.trial import FOLD_UAR


def search_tables(report):
    """The trials of each model, best validation UAR first where it is known; the chosen set off."""
    tables = []
    for model in in_order(report.trials):
        frame = report.trials[model]
        require(frame, ("trial",), f"trials of {model}")
        if "validation_uar" in frame:
            frame = frame.sort_values("validation_uar", ascending=False, kind="stable")
        chosen = frame["chosen"].to_numpy(bool) if "chosen" in frame else ()
        marked = frozenset(place for place, mark in enumerate(chosen) if mark)
        caption = f"{count_of(len(frame), 'trial')}, by the mean validation UAR over the folds."
        files = (f"../search/{model}/trials.csv",)
        more = {"marked": marked, "files": files, "sortable": True}
        tables.append(make_table(f"search-{model}", f"{model}.", caption, frame, **more))
    return tables


def search_words(trials: dict, select: str = "pooled") -> str:
    """Return how many trials and trainings each model had, and how its trial was chosen.

    `trials` is {model: trials.csv}, `select` the value of search.select.
    """
    budgets = {model: _budget(frame) for model, frame in trials.items()}
    if not budgets:
        return ""
    if len(set(budgets.values())) == 1:
        words = f"Each model has the same budget: {next(iter(budgets.values()))}."
    else:
        each = "; ".join(f"{model} {budget}" for model, budget in budgets.items())
        words = f"The budgets of the models differ: {each}."
    frames = list(trials.values())
    if any("chosen_by" in frame for frame in frames):
        how = "Each fold takes the trial with its own highest validation UAR"
        if select == "pooled":
            how = (
                "Each fold takes the trial with the highest mean validation UAR over all folds but "
                "those that validate on its test speaker"
            )
        words += f" {how}; the chosen rows are highlighted."
    elif any(len(frame) > 1 for frame in frames):
        how = "The trial with the highest mean validation UAR over the folds is chosen"
        words += f" {how}; its row is set off."
    else:
        words += " With one trial each there was nothing to choose."
    capped, diverged = (
        sum(int(frame[column].sum()) for frame in frames if column in frame)
        for column in ("capped", "diverged")
    )
    words += (
        f" {count_of(capped, 'training')} reached training.max_epochs, {diverged} diverged (losses "
        "or weights were no longer finite), and early stopping ended all others. A trial with a "
        "diverged training is never chosen."
    )
    return f"{words} The validation speakers are not the test speakers."


def _budget(frame):
    folds = sum(str(name).startswith(FOLD_UAR) for name in frame)
    trainings = count_of(len(frame) * folds, "training")
    return f"{count_of(len(frame), 'trial')} on each of {count_of(folds, 'fold')}, {trainings}"

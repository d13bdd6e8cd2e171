"""How the columns of all tables are headed, by the short names that the data frames have."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from emospeech.report.forms import hours, percent, plain, probability, share
from emospeech.report.frames import CLASSES, MODELS
from emospeech.training.trial import FOLD_UAR

CORRELATION = "Correlation \N{GREEK SMALL LETTER RHO}"


@dataclass(frozen=True)
class Heading:
    """The head of one column: `group` spans neighbours that share it, `form` prints a value."""

    label: str
    form: Callable = plain
    group: str = ""
    numeric: bool = True


RECOVERY = {
    "quantity": Heading("Figure", numeric=False),
    "derivation": Heading("How it follows", numeric=False),
    "prediction": Heading("Predicted", numeric=False),
    "printed": Heading("printed", share, "Paper"),
    "recovered_count": Heading("count, recovered", plain, "Paper"),
    "recovered": Heading("recovered", share, "Paper"),
    "count": Heading("Count"),
    "this_run": Heading("This run", share),
    "difference": Heading("Difference", share),
}
DURATIONS = {
    "stage": Heading("Stage", numeric=False),
    "minutes": Heading("In sum (minutes)", hours),
    "longest_minutes": Heading("Longest (minutes)", hours),
    "memory_mb": Heading("Memory (MB)"),
}
SINGLE = RECOVERY | DURATIONS
SINGLE |= {
    "model": Heading("Model", numeric=False),
    "fold": Heading("Fold", numeric=False),
    "parameter": Heading("Parameter", numeric=False),
    "truth": Heading("Truth", numeric=False),
    "class": Heading("Class", numeric=False),
    "corpus": Heading("Corpus", numeric=False),
    "what": Heading("What", numeric=False),
    "kind": Heading("Kind", numeric=False),
    "chosen": Heading("Chosen", numeric=False),
    "above": Heading("Above the interval", numeric=False),
    "hours": Heading("Hours", hours),
    "learning_rate": Heading("Learning rate"),
    "validation_uar": Heading("Validation UAR (%)", percent),
    "capped": Heading("Ended by the cap"),
    "chosen_by": Heading("Chosen by folds", numeric=False),
    "margin": Heading("Above chance (points)", percent),
    "rho_pooled": Heading("pooled", share, CORRELATION),
    "p_pooled": Heading("p", probability, CORRELATION),
    "rho_mean": Heading("fold mean", share, CORRELATION),
    "rho_paper": Heading("paper", share, CORRELATION),
    "chance": Heading("mean", percent, "Chance, 5 classes (%)"),
    "chance_low": Heading("2.5\u00a0%", percent, "Chance, 5 classes (%)"),
    "chance_high": Heading("97.5\u00a0%", percent, "Chance, 5 classes (%)"),
}


def _headings():
    known = dict(SINGLE)
    for number in ("5", "3"):
        for name, label in {"pooled": "pooled", "mean": "fold mean", "paper": "paper"}.items():
            known[f"uar{number}_{name}"] = Heading(label, percent, f"UAR, {number} classes (%)")
    for name in ("precision", "recall", "f1"):
        label = name.capitalize()
        known[name] = Heading(label, share, "From the counts")
        known[f"{name}_normalised"] = Heading(label, share, "From the row shares")
    for label, name in enumerate(CLASSES, start=1):
        known[str(label)] = Heading(name, share, "Predicted, this run")
        known[f"paper_{label}"] = Heading(name, share, "Predicted, paper")
    for model in MODELS:
        known[model] = Heading("this run", plain, model)
        known[f"{model}_paper"] = Heading("paper", plain, model)
        known[f"{model}_uar5"] = Heading(model, percent, "UAR, 5 classes (%)")
    return known


HEADINGS = _headings()


def heading_of(frame, column):
    """The heading of a column; one that has none yet is headed by its name."""
    if str(column).startswith(FOLD_UAR):
        return Heading(column.removeprefix(FOLD_UAR), percent, "Validation UAR of the folds (%)")
    numeric = pd.api.types.is_numeric_dtype(frame[column])
    words = str(column).replace("_", " ")
    return HEADINGS.get(column, Heading(words[:1].upper() + words[1:], numeric=numeric))

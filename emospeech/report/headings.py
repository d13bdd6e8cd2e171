"""How the columns of all tables are headed, by the short names that the data frames have."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from emospeech.evaluation.predictions import BASELINE
from emospeech.report.forms import hours, named, percent, plain, probability, share
from emospeech.report.frames import CLASSES, MODELS
from emospeech.training.trial import FOLD_UAR

RHO = "\N{GREEK SMALL LETTER RHO}"
CORRELATION = f"Correlation {RHO}"


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
    "own_count": Heading("count", plain, "This run"),
    "this_run": Heading("value", share, "This run"),
    "low": Heading("from", share, "This run"),
    "high": Heading("to", share, "This run"),
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
    "model": Heading("Model", named, numeric=False),
    "other": Heading("less", named, numeric=False),
    "reference": Heading("Reference", named, numeric=False),
    "task": Heading("Task", numeric=False),
    "slice": Heading("By", numeric=False),
    "value": Heading("Group", numeric=False),
    "fold": Heading("Fold", numeric=False),
    "parameter": Heading("Parameter", numeric=False),
    "truth": Heading("Truth", numeric=False),
    "class": Heading("Class", numeric=False),
    "corpus": Heading("Corpus", numeric=False),
    "what": Heading("What", numeric=False),
    "kind": Heading("Kind", numeric=False),
    "chosen": Heading("Chosen", numeric=False),
    "above": Heading("Above the interval", numeric=False),
    "inside": Heading("Inside the interval", numeric=False),
    "hours": Heading("Hours", hours),
    "learning_rate": Heading("Learning rate"),
    "validation_uar": Heading("Validation UAR (%)", percent),
    "capped": Heading("Reached max_epochs"),
    "diverged": Heading("Diverged"),
    "chosen_by": Heading("Chosen by folds", numeric=False),
    "margin": Heading("Above chance (points)", percent),
    "p_pooled": Heading("p", probability, CORRELATION),
    "chance": Heading("mean", percent, "Chance, 5 classes (%)"),
    "chance_low": Heading("2.5\u00a0%", percent, "Chance, 5 classes (%)"),
    "chance_high": Heading("97.5\u00a0%", percent, "Chance, 5 classes (%)"),
}
NEAR = "Neighbours with the same (%)"
SINGLE |= {
    "property": Heading("The same", numeric=False),
    "near_chance": Heading("by chance", percent, NEAR),
    "near_crops": Heading("among the crops", percent, NEAR),
    "near_layer": Heading("in the shared layer", percent, NEAR),
    "near_least": Heading("lowest fold", percent, NEAR),
    "near_most": Heading("highest fold", percent, NEAR),
}
FIGURES = {
    "uar5": ("UAR, 5 classes (%)", percent),
    "uar3": ("UAR, 3 classes (%)", percent),
    "strict_uar5": ("Strict UAR, 5 classes (%)", percent),
    "accuracy": ("Accuracy (%)", percent),
    "rho": (CORRELATION, share),
    "ccc": ("Concordance (CCC)", share),
    "mae": ("Mean error (points)", share),
}
VIEWS = {
    "pooled": "pooled",
    "mean": "fold mean",
    "difference": "difference",
    "low": "from",
    "high": "to",
    "p": "p",
    "p_holm": "p, Holm",
    "paper": "paper",
    "deviation_seeds": "seeds",
    "deviation_crops": "crops",
    "error_recordings": "recordings",
    "error_speakers": "speakers",
}


def _headings():
    known = dict(SINGLE)
    for name, (group, form) in FIGURES.items():
        known[name] = Heading(group, form)
        for view, label in VIEWS.items():
            # The p of sign flips are exact, .0625 at five speakers, so all four digits are shown.
            known[f"{name}_{view}"] = Heading(
                label, share if view in ("p", "p_holm") else form, group
            )
    for name in ("precision", "recall", "f1"):
        label = name.capitalize()
        known[name] = Heading(label, share, "From the counts")
        known[f"{name}_normalised"] = Heading(label, share, "From the row shares")
    for label, name in enumerate(CLASSES, start=1):
        known[str(label)] = Heading(name, share, "Predicted, this run")
        known[f"paper_{label}"] = Heading(name, share, "Predicted, paper")
    for model in (*MODELS, BASELINE):
        known[model] = Heading("this run", plain, model)
        known[f"{model}_paper"] = Heading("paper", plain, model)
        known[f"{model}_uar5"] = Heading("UAR (%)", percent, named(model))
        known[f"{model}_rho"] = Heading(RHO, share, named(model))
        known[f"{model}_p"] = Heading("p", probability, named(model))
    for prefix, group in {"trained": "Labels as they are", "shuffled": "Labels shuffled"}.items():
        columns = {"uar5": "UAR", "chance": "chance", "chance_low": "from", "chance_high": "to"}
        for name, label in columns.items():
            known[f"{prefix}_{name}"] = Heading(label, percent, f"{group} (%)")
    return known


HEADINGS = _headings()


def heading_of(frame, column):
    """The heading of a column; one that has none yet is headed by its name."""
    if str(column).startswith(FOLD_UAR):
        return Heading(column.removeprefix(FOLD_UAR), percent, "Validation UAR of the folds (%)")
    numeric = pd.api.types.is_numeric_dtype(frame[column])
    words = str(column).replace("_", " ")
    return HEADINGS.get(column, Heading(words[:1].upper() + words[1:], numeric=numeric))

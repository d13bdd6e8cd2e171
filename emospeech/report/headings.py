"""The headings and number formats of all table columns, by column name."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from emospeech.evaluation.predictions import BASELINE, BASELINE_CROP, BASELINES
from emospeech.models.catalogue import MODELS
from emospeech.report.dataframes import CLASS_COUNT, CLASSES
from emospeech.report.formats import (
    cpu_hours,
    hours,
    percent,
    plain,
    probability,
    share,
    thousands,
)
from emospeech.training.trial import FOLD_UAR

RHO = "\N{GREEK SMALL LETTER RHO}"
CORRELATION = f"Correlation {RHO}"
BASELINE_NAMES = {BASELINE: "Baseline, recording", BASELINE_CROP: "Baseline, crop"}
CI = {"low": "95\u00a0%\u00a0CI lower", "high": "95\u00a0%\u00a0CI upper"}
PERCENTILES = {"low": "2.5\u00a0%", "high": "97.5\u00a0%"}


@dataclass(frozen=True)
class Heading:
    """The heading of a column.

    Attributes:
        label: The text above the column.
        form: The function that formats a value.
        group: The text above neighbouring columns that share it.
        numeric: Whether the column is aligned as numbers.
    """

    label: str
    form: Callable[..., str] = plain
    group: str = ""
    numeric: bool = True


def model_name(model: str) -> str:
    """Return the name of a model in tables and figures."""
    return BASELINE_NAMES.get(model, str(model))


def _text(label, form=plain):
    return Heading(label, form, numeric=False)


CHANCE, NEAR = "Chance, UAR5 (%)", "Neighbours with the same (%)"
FRAME_ERROR, ERROR_REDUCTION = "Mean absolute error", "Error reduction by APC (%)"
SINGLE = {
    "model": _text("Model", model_name),
    "other": _text("Model B", model_name),
    "reference": _text("Reference", model_name),
    "grouping": _text("By"),
    "setting_value": _text("Value"),
    "subgroup": _text("Group"),
    "above": _text("Above the interval"),
    "inside": _text("Inside the interval"),
    "hours": Heading("Hours", hours),
    "validation_uar": Heading("Validation UAR (%)", percent),
    "capped": Heading("Reached max_epochs"),
    "chosen_by": _text("Chosen by folds"),
    "margin": Heading("Above chance (points)", percent),
    "p_pooled": Heading("p", probability, CORRELATION),
    "chance": Heading("mean", percent, CHANCE),
    "chance_low": Heading(PERCENTILES["low"], percent, CHANCE),
    "chance_high": Heading(PERCENTILES["high"], percent, CHANCE),
    "quantity": _text("Metric"),
    "prediction": _text("Predicted"),
    "printed": Heading("printed", share, "Paper"),
    "recovered_count": Heading("smallest count", plain, "Paper"),
    "recovered": Heading("recovered", share, "Paper"),
    "recovered_low": Heading("recovered, lowest", share, "Paper"),
    "recovered_high": Heading("recovered, highest", share, "Paper"),
    "own_count": Heading("count", plain, "This run"),
    "this_run": Heading("value", share, "This run"),
    "low": Heading(CI["low"], share, "This run"),
    "high": Heading(CI["high"], share, "This run"),
    "difference": Heading("Difference", share),
    "elapsed_minutes": Heading("Elapsed (minutes)", hours),
    "minutes": Heading("Total (minutes)", hours),
    "longest_minutes": Heading("Longest (minutes)", hours),
    "cpu_hours": Heading("CPU (hours)", cpu_hours),
    "memory_mb": Heading("Memory (MB)"),
    "gpu": _text("GPU"),
    "trainings": Heading("Training runs"),
    "scope": _text("Recordings"),
    "values": Heading("Different values"),
    "whole": Heading("Whole numbers (%)", percent),
    "halfway": Heading("Halfway (%)", percent),
    "raters_low": Heading("fewest", plain, "Raters"),
    "raters_high": Heading("most", plain, "Raters"),
    "speaker": _text("Names"),
    "female": Heading("female", plain, "Speakers"),
    "male": Heading("male", plain, "Speakers"),
    "shared": Heading("Shared layer", thousands),
    "real_fake": Heading("Real/fake head", thousands),
    **{
        name: Heading(name.capitalize(), thousands)
        for name in ("trunk", "heads", "generator", "predictor")
    },
    "total": Heading("Total", thousands),
    "near_chance": Heading("by chance", percent, NEAR),
    "near_crops": Heading("among crops", percent, NEAR),
    "near_layer": Heading("in shared layer", percent, NEAR),
    "near_least": Heading("lowest fold", percent, NEAR),
    "near_most": Heading("highest fold", percent, NEAR),
    "apc_error": Heading("APC", share, FRAME_ERROR),
    "repetition_error": Heading("repetition", share, FRAME_ERROR),
    "reduction": Heading("mean", percent, ERROR_REDUCTION),
    "reduction_least": Heading("lowest fold", percent, ERROR_REDUCTION),
    "reduction_most": Heading("highest fold", percent, ERROR_REDUCTION),
}
METRICS = {
    "uar": ("UAR (%)", percent),
    "macro_f1": ("Macro F1 (%)", percent),
    "uar5": ("UAR5 (%)", percent),
    "uar3": ("UAR3 (%)", percent),
    "strict_uar5": ("Strict UAR5 (%)", percent),
    "accuracy": ("Accuracy (%)", percent),
    "rho": (CORRELATION, share),
    "ccc": ("CCC", share),
    "mae": ("MAE", share),
}
VIEWS = {
    "pooled": "pooled",
    "mean": "fold mean",
    "speaker_mean": "mean",
    **CI,
    "difference": "difference",
    "detectable": "detectable",
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
    for name, (group, form) in METRICS.items():
        known[name] = Heading(group, form)
        for view, label in VIEWS.items():
            # The p-values of comparisons are exact (.0625 for five speakers): four decimals.
            known[f"{name}_{view}"] = Heading(
                label, share if view in ("p", "p_holm") else form, group
            )
    for name in ("precision", "recall", "f1"):
        label = name.capitalize()
        known[name] = Heading(label, share, "From counts")
        known[f"{name}_normalised"] = Heading(label, share, "From row shares")
    for label, name in enumerate(CLASSES, start=1):
        known[str(label)] = Heading(name, share, "Predicted, this run")
        known[f"paper_{label}"] = Heading(name, share, "Predicted, paper")
    for model in (*MODELS, *BASELINES):
        known[model] = Heading("this run", plain, model)
        known[f"{model}_paper"] = Heading("paper", plain, model)
        for uar in ("uar5", "uar"):
            known[f"{model}_{uar}"] = Heading("UAR (%)", percent, model_name(model))
        known[f"{model}_macro_f1"] = Heading("macro F1 (%)", percent, model_name(model))
        known[f"{model}_chance"] = Heading("chance (%)", percent, model_name(model))
        known[f"{model}_strict_uar5"] = Heading("strict UAR (%)", percent, model_name(model))
        known[f"{model}_rho"] = Heading(RHO, share, model_name(model))
        known[f"{model}_p"] = Heading("p", probability, model_name(model))
    for prefix, group in {"trained": "Original labels", "shuffled": "Shuffled labels"}.items():
        columns = {"uar5": "UAR", "uar": "UAR", "chance": "chance"}
        columns |= {f"chance_{end}": label for end, label in PERCENTILES.items()}
        for name, label in columns.items():
            known[f"{prefix}_{name}"] = Heading(label, percent, f"{group} (%)")
    return known


HEADINGS = _headings()
# The columns of a confusion matrix of valence.
NUMBERED = [f"{prefix}{label}" for prefix in ("", "paper_") for label in range(1, 6)]


def heading_of(table: pd.DataFrame, column: str) -> Heading:
    """Return the heading of a column. An unknown column gets its name as heading."""
    if column.startswith(FOLD_UAR):
        return Heading(column.removeprefix(FOLD_UAR), percent, "Validation UAR of the folds (%)")
    if column.startswith("chance") and "uar_pooled" in table:  # of emotions
        return replace(HEADINGS[column], group="Chance, UAR (%)")
    if column.startswith(CLASS_COUNT):
        return Heading(column.removeprefix(CLASS_COUNT), plain, "Recordings by class")
    is_matrix, others = {"truth", "support"} <= set(table), ("truth", "support", *NUMBERED)
    if is_matrix and column not in others:  # the name of a class
        return Heading(column, share, "Predicted, this run")
    if column == "model" and "other" in table:
        return _text("Model A", model_name)
    kind = table[column].dtype.kind  # integers and floats are numeric, bools are not
    unknown = Heading(column.replace("_", " ").capitalize(), numeric=kind in "iuf")
    return HEADINGS.get(column, unknown)

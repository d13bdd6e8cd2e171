"""The numbers in the sentences of the report page; the templates of the sections use them."""

import math
from collections.abc import Mapping

import pandas as pd

from emospeech.evaluation.comparisons import smallest_p
from emospeech.evaluation.predictions import BASELINES
from emospeech.report import paper
from emospeech.report.dataframes import in_order
from emospeech.report.evaluation_tables import SMALLEST_SLICE
from emospeech.report.paper_tables import recovered_ranges, table_2
from emospeech.training.trial import FOLD_UAR

LEVEL = 0.05  # of significance


def headline(metrics: pd.DataFrame, intervals: pd.DataFrame | None) -> list[dict]:
    """Return the pooled 5-class UAR of valence, its interval, chance and the paper's UAR by model.

    Values are fractions, None if unknown.
    """
    table = table_2(metrics.loc[~metrics["model"].isin(BASELINES)])
    if intervals is not None:
        own = intervals.loc[intervals["task"] == "valence", ["model", "uar5_low", "uar5_high"]]
        table = table.merge(own, on="model", how="left")
    names = ("model", "uar5_pooled", "uar5_low", "uar5_high", "uar5_paper", "chance")
    table = table.reindex(columns=names).astype(object)
    return table.where(table.notna(), None).to_dict("records")


def speaker_numbers(comparisons: pd.DataFrame | None, both_speakers: bool) -> dict | None:
    """Return the smallest p-values that the number of test speakers allows.

    Args:
        comparisons: The table comparisons.csv, or None.
        both_speakers: Whether both speakers of each session are tested.

    Returns:
        The numbers of speakers, sign patterns and pairs, the smallest p without and with Holm's
        correction, and in `doubled` the same for twice as many speakers. `doubled` is None if the
        corrected p can reach the significance level or both speakers are tested already.
    """
    if comparisons is None or comparisons.empty:
        return None
    speakers = comparisons["speakers"].max()
    families = comparisons.groupby(["family", "task"])[["model", "other"]]
    pairs = max(len(rows.drop_duplicates()) for _, rows in families)
    numbers = _smallest_p(speakers, pairs) | {"pairs": pairs, "level": LEVEL}
    helpful = numbers["holm"] > LEVEL and not both_speakers
    return numbers | {"doubled": _smallest_p(2 * speakers, pairs) if helpful else None}


def _smallest_p(speakers, pairs):
    p = smallest_p(speakers)
    return {"speakers": speakers, "patterns": 2**speakers, "p": p, "holm": min(pairs * p, 1)}


def spread_numbers(spread: pd.DataFrame | None) -> dict | None:
    """Return how much the UAR of valence varies with seeds, crops and speakers.

    Args:
        spread: The table spread.csv, or None.

    Returns:
        Ranges over the models as shares, and `uncertainty`: the relative standard error of the
        standard deviation of the fewest values, 1 / sqrt(2 (n - 1)).
    """
    if spread is None or spread.empty:
        return None
    rows = spread[(spread["figure"] == "uar5") & (spread["task"] == "valence")]
    largest = rows[["seeds", "crop_seeds", "speakers"]].max().astype(int).to_dict()
    fewest = min(
        (largest[name] for name in ("seeds", "crop_seeds") if largest[name] > 1), default=0
    )
    return largest | {
        "over_seeds": _range(rows["deviation_seeds"]),
        "over_crops": _range(rows["deviation_crops"]),
        "over_speakers": _range(rows["error_speakers"]),
        "diverged": rows["diverged_seeds"].sum(),
        "fewest": fewest,
        "uncertainty": 1 / math.sqrt(2 * (fewest - 1)) if fewest else None,
    }


def _range(values):
    known = values.dropna()
    return None if known.empty else (known.min(), known.max())


def slice_numbers(slices: pd.DataFrame | None) -> dict | None:
    """Return how many slices are too small to be shown, and the smallest size that is shown.

    Args:
        slices: The table slices.csv, or None.
    """
    if slices is None or slices.empty:
        return None
    largest = slices.groupby(["slice", "value", "task"])["recordings"].max()
    return {"hidden": (largest < SMALLEST_SLICE).sum(), "smallest": SMALLEST_SLICE}


def paper_numbers() -> dict:
    """Return the sizes of the sets of counts that print as Table 3, and the metrics they give.

    The metrics are ranges over the sets, and `uar5` the value that all of them print.
    """
    ranges = recovered_ranges()
    return {
        "totals": paper.table_3_sets().sum(axis=(1, 2)).tolist(),
        "limit": paper.MAX_RECORDINGS,
        "uar5": ranges[("uar5",)][0],
        "precision": ranges["precision", 2],
        "f1": ranges["f1", 5],
    }


def control_numbers(control: pd.DataFrame | None) -> dict | None:
    """Return how many models exceed chance, and how many are at chance with shuffled labels."""
    if control is None:
        return None
    return {"models": len(control), **control[["above", "inside"]].sum().to_dict()}


def leak_numbers(leaks: pd.DataFrame | None, shared_choice: bool) -> dict | None:
    """Return the number of leak checks, of their cases and of the checks that passed.

    Args:
        leaks: The table leaks.csv, or None.
        shared_choice: Whether several folds share the choice of the trial.
    """
    if leaks is None:
        return None
    return {
        "checks": len(leaks),
        "cases": leaks["looked_at"].sum(),
        "passed": (leaks["result"] == "passed").sum(),
        "shared_choice": shared_choice,
    }


def search_numbers(trials: Mapping[str, pd.DataFrame], select: str = "pooled") -> dict | None:
    """Return the budget of each model, how trials were chosen, and how training runs ended.

    Args:
        trials: The trials.csv of each model.
        select: The config value search.select.
    """
    if not trials:
        return None
    budgets = {}
    for model, frame in trials.items():
        folds = sum(name.startswith(FOLD_UAR) for name in frame)
        budgets[model] = {"trials": len(frame), "folds": folds, "trainings": len(frame) * folds}
    table, choice = pd.concat(trials.values()), "none"
    if "chosen_by" in table:
        choice = f"by fold, {select}"
    elif any(len(frame) > 1 for frame in trials.values()):
        choice = "common"
    return {
        "budgets": budgets,
        "choice": choice,
        "precisions": sorted(set(" ".join(table["training_precision"]).split())),
        "capped": table["capped"].sum(),
        "diverged": table["diverged"].sum(),
    }


def neighbour_numbers(neighbours: pd.DataFrame | None) -> list[tuple[str, int, int]]:
    """Return (model, folds in which the shared layer separates valence better, all folds).

    It separates valence better if a larger share of neighbours has the same class than in the
    space of the crops.

    Args:
        neighbours: The table neighbours.csv, or None.
    """
    if neighbours is None or neighbours.empty:
        return []
    rows = neighbours[neighbours["property"] == "valence"]
    shares = rows.pivot(index=["model", "fold"], columns="space", values="share")
    better = (shares["shared layer"] > shares["crops"]).groupby(level="model")
    counts = better.agg(["sum", "size"]).astype(int)
    return [(model, *counts.loc[model]) for model in in_order(counts.index)]

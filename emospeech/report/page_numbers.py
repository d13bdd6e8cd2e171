"""The numbers in the sentences of the report page; the templates of the sections use them."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from emospeech.corpora.registry import RELEASES
from emospeech.evaluation.comparisons import (
    MAX_ENUMERATED,
    PATTERNS,
    SIGNIFICANCE_LEVEL,
    detectable_difference,
    smallest_p,
)
from emospeech.evaluation.predictions import BASELINE, BASELINE_CROP, BASELINES
from emospeech.labels import CLASS_NAMES, EMOTION
from emospeech.models.catalogue import MODELS, counterparts
from emospeech.report import paper
from emospeech.report.dataframes import (
    CLASS_COUNT,
    HUMAN,
    class_names,
    fold_names,
    in_order,
    tasks_in,
    uar_of,
    uars_of_target,
    value_range,
)
from emospeech.report.evaluation_tables import SMALLEST_SUBGROUP, UARS, VALIDATION
from emospeech.report.paper_tables import recovered_ranges, table_2
from emospeech.report.templates import flatten
from emospeech.training.trial import FOLD_UAR

RARE = 2  # recordings of a class in a fold; each then changes its recall by half or more


def summary_numbers(
    metrics: pd.DataFrame, comparisons: pd.DataFrame | None, comparable: bool
) -> dict[str, Any]:
    """Return the numbers that answer the questions of the study, about the UAR of the target.

    Args:
        metrics: The table metrics.csv.
        comparisons: The table comparisons.csv, or None.
        comparable: Whether the study can be compared with the paper.

    Returns:
        `questions`: for each property of `catalogue.counterparts` the differences of its pairs (see
        `model_difference`), with that of the `paper` (None if it is not comparable or not in the
        paper).
        `unlabelled`: the families of the models that also learn from unlabelled speech.
        `models`: for each model its pooled `uar`, `chance`, `chance_high` (97.5th percentile),
        `above` (whether the UAR exceeds it; None if unknown), and its difference from the acoustic
        baseline on the same crops as `baseline` (None if unknown).
        `whole_recordings`: the pooled UAR of the acoustic baseline on whole recordings, or None.
    """
    questions = {
        question: [
            found | {"paper": _paper_difference(model, other) if comparable else None}
            for model, other in pairs
            if (found := model_difference(comparisons, model, other))
        ]
        for question, pairs in counterparts().items()
    }
    table, uar = table_2(metrics), f"{uar_of(tasks_in(metrics)[0])}_pooled"
    models = [
        {
            "model": row["model"],
            "uar": row[uar],
            "chance": row["chance"],
            "chance_high": row["chance_high"],
            "above": None if math.isnan(row["chance_high"]) else row[uar] > row["chance_high"],
            "baseline": model_difference(comparisons, row["model"], BASELINE_CROP),
        }
        for row in table.to_dict("records")
        if row["model"] not in BASELINES
    ]
    whole = table.loc[table["model"] == BASELINE, uar].tolist()
    unlabelled = [row["model"] for row in models if MODELS[row["model"]].unlabelled]
    return {
        "questions": questions,
        "unlabelled": list(dict.fromkeys(MODELS[model].family_name for model in unlabelled)),
        "models": models,
        "whole_recordings": whole[0] if whole else None,
    }


def model_difference(comparisons: pd.DataFrame | None, model: str, other: str) -> dict | None:
    """Return the UAR of the target of a model minus that of another, from comparisons.csv.

    Returns:
        The pair, `scope`, `difference`, the bounds `low` and `high` of its 95 % interval, the `p`
        of the permutation test, the number of `speakers`, `detectable` (see
        `detectable_difference`) and `effect`: "higher" or "lower" if the interval excludes 0,
        "unclear" if it includes 0, "unknown" without an interval. None if the pair was not
        compared.
    """
    if comparisons is None or comparisons.empty:
        return None
    rows = uars_of_target(comparisons)
    rows = rows[rows["p"].notna()]
    # The pooled difference if it has a p-value, else the mean difference over the speakers.
    rows = rows.sort_values("scope", key=lambda scopes: scopes != "pooled", kind="stable")
    for sign, pair in ((1, (model, other)), (-1, (other, model))):
        found = rows[(rows["model"] == pair[0]) & (rows["other"] == pair[1])]
        if len(found):
            row = found.iloc[0]
            low, high = sorted([sign * row["low"], sign * row["high"]])
            return {
                "model": model,
                "other": other,
                "scope": row["scope"],
                "difference": sign * row["value"],
                "low": low,
                "high": high,
                "p": row["p"],
                "speakers": int(row["speakers"]),
                "detectable": float(detectable_difference(row["error"], row["speakers"] - 1)),
                "effect": _effect(low, high),
            }
    return None


def _effect(low, high):
    if math.isnan(low) or math.isnan(high):
        return "unknown"
    return "higher" if low > 0 else "lower" if high < 0 else "unclear"


def _paper_difference(model, other):
    if not {model, other} <= set(paper.TABLE_2):
        return None
    return paper.TABLE_2[model]["uar5"] - paper.TABLE_2[other]["uar5"]


def label_numbers(labels: pd.DataFrame | None) -> dict[str, dict]:
    """Return {task: numbers} about the labels of the test recordings.

    Args:
        labels: The table of `study_tables.table_labels`, or None.

    Returns:
        The row of the table as a dict, and the names of the `classes` that occur and of those
        `absent`.
    """
    if labels is None:
        return {}
    tested = labels[labels["scope"] == "test"].set_index("task", drop=False)
    numbers = {}
    for task, row in tested.to_dict("index").items():
        found = {name: n for name, n in row.items() if str(name).startswith(CLASS_COUNT)}
        known = {name.removeprefix(CLASS_COUNT): n for name, n in found.items() if n == n}
        names = CLASS_NAMES.get(str(task), tuple(known))
        occurs = [count > 0 for count in known.values()]
        if task == EMOTION:
            row |= {"halfway": 0.0}
        numbers[task] = row | {
            "classes": [name for name, found in zip(names, occurs, strict=True) if found],
            "absent": [name for name, found in zip(names, occurs, strict=True) if not found],
        }
    return numbers


def describe_corpora(config: Mapping[str, Any], summaries: Mapping[str, dict]) -> list[dict]:
    """Return the corpora of a study.

    Args:
        config: The config section `corpora`.
        summaries: The summary.json of each corpus in use.

    Returns:
        For each corpus its `key` in paths and in the config, its `kind` ("release", "synthetic",
        "manifest" or "database"), a `name`, whether it is `labelled`, and its `summary`.
    """
    corpora = []
    for key, summary in summaries.items():
        if config["synthetic"] is not None:
            kind, name = "synthetic", f"synthetic ({RELEASES[key].title} format)"
        elif key in RELEASES:
            kind, name = "release", RELEASES[key].title
        else:
            kind, name = "manifest" if key in config["manifests"] else "database", key
        labelled = key == config["labelled"]
        found = {"key": key, "kind": kind, "name": name, "labelled": labelled}
        corpora.append(found | {"summary": summary})
    return corpora


def tested_numbers(composition: pd.DataFrame | None) -> dict | None:
    """Return the test speakers and the number of their recordings.

    Args:
        composition: The table of `study_tables.table_composition`, or None.

    Returns:
        `folds`, `speakers`, `recordings` with a label, the `names` of the speakers, the numbers of
        `female` and `male` speakers, and `shared`: whether a speaker is tested in one fold and
        validates another.
    """
    if composition is None:
        return None
    parts = dict(list(composition.groupby("part")))
    names = {part: ", ".join(rows["speaker"]).split(", ") for part, rows in parts.items()}
    columns = ["speakers", "female", "male"]
    return parts["test"][columns].sum().to_dict() | {
        "recordings": parts["test"]["labelled"].sum(),
        "folds": len(parts["test"]),
        "names": names["test"],
        "shared": not set(names["test"]).isdisjoint(names.get("validation", [])),
    }


def speaker_numbers(comparisons: pd.DataFrame | None, both_speakers: bool) -> dict | None:
    """Return the smallest p-values that the number of test speakers allows.

    Args:
        comparisons: The table comparisons.csv, or None.
        both_speakers: Whether both speakers of each session are tested.

    Returns:
        The numbers of speakers, patterns of swaps and pairs, whether the patterns are all possible
        ones (`exact`), the smallest p without and with Holm's correction, and in `doubled` the same
        for twice as many speakers. `doubled` is None if the corrected p can reach the significance
        level or both speakers are tested already.
    """
    if comparisons is None or comparisons.empty:
        return None
    speakers = int(comparisons["speakers"].max())
    families = comparisons.groupby(["family", "task"])[["model", "other"]]
    pairs = max(len(rows.drop_duplicates()) for _, rows in families)
    numbers = _smallest_p(speakers, pairs) | {"pairs": pairs, "level": SIGNIFICANCE_LEVEL}
    helpful = numbers["holm"] > SIGNIFICANCE_LEVEL and not both_speakers
    return numbers | {"doubled": _smallest_p(2 * speakers, pairs) if helpful else None}


def _smallest_p(speakers, pairs):
    p, exact = smallest_p(speakers), speakers <= MAX_ENUMERATED
    patterns = 2**speakers if exact else PATTERNS
    numbers = {"speakers": speakers, "patterns": patterns, "exact": exact}
    return numbers | {"p": p, "holm": min(pairs * p, 1)}


def uncertainty_numbers(
    metrics: pd.DataFrame, intervals: pd.DataFrame | None, comparisons: pd.DataFrame | None
) -> dict:
    """Return what limits the intervals and differences of this study.

    Returns:
        `folds`: the number of folds.
        `narrow`: the number of pooled intervals that are probably too narrow, see
            `evaluation_tables.narrow_intervals`, and the number of all pooled intervals.
        `excluding`: the number of pooled differences (UAR over all classes and correlation) whose
            interval excludes 0 although no p-value can reach SIGNIFICANCE_LEVEL, and of all.
        `opposite`: the number of these differences for which pooled and mean have opposite signs.
        `rare`: (class, folds) for classes of the target with at most RARE recordings in some folds.
        `constant`: (model, task, folds) for models with constant predictions in some folds.
    """
    scopes = metrics["scope"].astype(str)
    numbers: dict = {
        "folds": scopes[scopes.str.startswith("fold-")].nunique(),
        "narrow": (0, 0),
        "excluding": (0, 0),
        "opposite": 0,
        "rare": rare_classes(metrics),
        "constant": [],
    }
    if "constant_folds" in metrics:
        rows = metrics[(scopes == "mean") & (metrics["constant_folds"] > 0)]
        rows = rows[["model", "task", "constant_folds"]].astype({"constant_folds": int})
        numbers["constant"] = list(rows.itertuples(index=False, name=None))
    if intervals is not None:
        pooled = intervals[intervals["scope"] == "pooled"]
        narrow = pooled["error_recordings"] > pooled["error"]
        numbers["narrow"] = (int(narrow.sum()), len(narrow))
    if comparisons is not None and len(comparisons):
        rows = comparisons[comparisons["metric"].isin((*UARS, "rho"))]
        values = rows.pivot(
            index=["model", "other", "task", "metric"], columns="scope", values="value"
        )
        numbers["opposite"] = int((values["pooled"] * values["mean"] < 0).sum())
        rows = rows[rows["scope"] == "pooled"]
        excluding = (rows["low"] > 0) | (rows["high"] < 0)
        powerless = excluding & (rows["smallest_p"] > SIGNIFICANCE_LEVEL)
        numbers["excluding"] = (int(powerless.sum()), len(rows))
    return numbers


def rare_classes(metrics: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Return (class, folds in which it has at most RARE recordings) of the target.

    Classes that do not occur in any fold are left out. Since the class of a halfway label depends
    on the prediction, the smallest number of all models counts.
    """
    task = tasks_in(metrics)[0]
    rows = metrics[(metrics["task"] == task) & metrics["scope"].str.startswith("fold-")]
    supports = rows.set_index("scope").filter(regex="^support_").dropna(axis="columns", how="all")
    supports = supports.groupby(level=0).min()
    names = class_names(task, [column.removeprefix("support_") for column in supports])
    rare = []
    for name, (_, support) in zip(names, supports.items(), strict=True):
        scopes = fold_names(support.index[support <= RARE])
        if scopes and support.any():
            rare.append((name, [scope.removeprefix("fold-") for scope in scopes]))
    return rare


def variability_numbers(variability: pd.DataFrame | None) -> dict | None:
    """Return how much the UAR of the target varies with seeds, crops and speakers.

    Args:
        variability: The table variability.csv, or None.

    Returns:
        Ranges over the models as shares, and `uncertainty`: the relative standard error of the
        standard deviation of the fewest values, 1 / sqrt(2 (n - 1)).
    """
    if variability is None or variability.empty:
        return None
    rows = uars_of_target(variability)
    largest = rows[["seeds", "crop_seeds", "speakers"]].max().astype(int).to_dict()
    fewest = min(
        (largest[name] for name in ("seeds", "crop_seeds") if largest[name] > 1), default=0
    )
    return largest | {
        "over_seeds": value_range(rows["deviation_seeds"]),
        "over_crops": value_range(rows["deviation_crops"]),
        "over_speakers": value_range(rows["error_speakers"]),
        "diverged": rows["diverged_seeds"].sum(),
        "fewest": fewest,
        "uncertainty": 1 / math.sqrt(2 * (fewest - 1)) if fewest else None,
    }


def has_raters(references: pd.DataFrame | None) -> bool:
    """Return whether references.csv compares human raters, which needs individual ratings."""
    return references is not None and HUMAN in set(references["reference"])


def subgroup_numbers(subgroups: pd.DataFrame | None) -> dict | None:
    """Return how many subgroups are too small to be shown, and the smallest size that is shown.

    Args:
        subgroups: The table subgroups.csv, or None.
    """
    if subgroups is None or subgroups.empty:
        return None
    largest = subgroups.groupby(["grouping", "subgroup", "task"])["recordings"].max()
    return {"hidden": (largest < SMALLEST_SUBGROUP).sum(), "smallest": SMALLEST_SUBGROUP}


def paper_numbers() -> dict:
    """Return the sizes of the sets of counts that round to Table 3, and the metrics they give.

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


def variant_numbers(differences: pd.DataFrame | None, settings: Mapping) -> dict | None:
    """Return the numbers about the variants: the differences in the UAR of the target.

    Args:
        differences: The table differences.csv of the variants, or None.
        settings: The config section `variants`.

    Returns:
        The `count` of differences with an interval, the largest number of `seeds`, the `detectable`
        differences (without those of variants whose predictions equal those of the study), the rows
        whose interval excludes 0 (`excluding`), the smallest possible p-values (`smallest_p`, with
        Holm's correction `smallest_p_holm`), the rows without some seeds (`diverged`), and the
        `settings` of each variant as text.
    """
    if differences is None:
        return None
    rows = uars_of_target(differences)
    known = rows[rows["low"].notna()]
    excluding = known[(known["low"] > 0) | (known["high"] < 0)]
    excluding = excluding.rename(columns={"value": "difference"})
    columns = ["variant", "model", "difference", "low", "high"]
    diverged = rows[rows["diverged_seeds"] > 0]
    return {
        "count": len(known),
        "seeds": int(rows["seeds"].max()),
        "detectable": rows.loc[rows["detectable"] > 0, "detectable"].tolist(),
        "excluding": excluding[columns].to_dict("records"),
        **{name: float(rows[name].min()) for name in ("smallest_p", "smallest_p_holm")},
        "level": SIGNIFICANCE_LEVEL,
        "speakers": int(rows["speakers"].max()),
        "diverged": diverged[["variant", "model", "diverged_seeds"]].to_dict("records"),
        "settings": [
            (name, ", ".join(f"{key}: {value}" for key, value in flatten(changes)))
            for name, changes in settings.items()
        ],
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
        "cases": leaks["cases"].sum(),
        "passed": (leaks["result"] == "passed").sum(),
        "shared_choice": shared_choice,
    }


def search_numbers(trials: Mapping[str, pd.DataFrame], select: str) -> dict | None:
    """Return budget and epochs of each model, how trials were chosen, and how training runs ended.

    `stopped` is the number of trials that successive halving stopped; None with random search.
    `choice` is "common" (one trial for all folds), "fold" (by the fold's own score), "pooled" (by
    fold, with the scores of other folds) or "none" (a single trial).

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
    halving = "rung" in table
    if "chosen_by" in table:  # halving then uses the own score of each fold
        choice = "fold" if halving else select
    elif any(len(frame) > 1 for frame in trials.values()):
        choice = "common"
    return {
        "budgets": budgets,
        "choice": choice,
        "epochs": {model: int(frame["epochs"].sum()) for model, frame in trials.items()},
        "stopped": int((table["rung"] < table["rung"].max()).sum()) if halving else None,
        "precisions": sorted(set(" ".join(table["training_precision"]).split())),
        "capped": table["capped"].sum(),
        "diverged": table["diverged"].sum(),
    }


def neighbour_numbers(neighbours: pd.DataFrame | None) -> list[tuple[str, int, int]]:
    """Return (model, folds in which the shared layer separates the target better, all folds).

    It separates the target better if a larger share of neighbours has the same class than in the
    space of the crops.

    Args:
        neighbours: The table neighbours.csv, or None.
    """
    if neighbours is None or neighbours.empty:
        return []
    target = next(name for name in neighbours["property"] if name != "speaker")
    rows = neighbours[neighbours["property"] == target]
    shares = rows.pivot(index=["model", "fold"], columns="space", values="share")
    better = (shares["shared layer"] > shares["crops"]).groupby(level="model")
    counts = better.agg(["sum", "size"]).astype(int)
    return [(model, *counts.loc[model]) for model in in_order(counts.index)]


def forecast_numbers(forecasts: pd.DataFrame | None) -> list[tuple[str, float, float, float]]:
    """Return (model, mean, lowest and highest reduction of a fold) on the validation speakers.

    Args:
        forecasts: The table of `evaluation_tables.table_forecasts`, or None.
    """
    if forecasts is None:
        return []
    rows = forecasts[forecasts["speech"] == VALIDATION]
    columns = ["model", "reduction", "reduction_least", "reduction_most"]
    return list(rows[columns].itertuples(index=False, name=None))

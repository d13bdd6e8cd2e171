"""Tables that describe a study: labels, parts of the folds, and sizes of the networks."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from emospeech.folds import GENDERS, PARTS
from emospeech.labels import LabelSettings, Task, class_shares, is_halfway
from emospeech.models.settings import ModelSettings
from emospeech.report.dataframes import CLASS_COUNT, in_order

NETWORK_PARTS = {
    "trunk": "trunk",
    "shared": "shared",
    "head": "heads",
    "real/fake": "real_fake",
    "generator": "generator",
    "predictor": "predictor",
}


def table_labels(
    recordings: pd.DataFrame, folds: pd.DataFrame, tasks: Sequence[Task]
) -> pd.DataFrame:
    """Return a row per task with labels, for all recordings and for the test recordings.

    Args:
        recordings: The table of `load_labelled`.
        folds: The table folds.csv.
        tasks: The tasks of the study. Those without a label are left out.

    Returns:
        The columns are `task`, `scope` ("all" or "test"), `labelled` (recordings with a label),
        `values` (different labels), `whole` and `halfway` (shares of the
        labels that are whole numbers, or halfway between two classes), `raters_low` and
        `raters_high` (range of the number of raters; missing if unknown), and the recordings of
        each class, `class_<name>`. A halfway label counts half towards each of its classes. The
        columns from `values` to `raters_high` describe rated dimensions only.
    """
    tested = recordings["recording"].isin(folds.loc[folds["part"] == "test", "recording"])
    rows = []
    for task in (task for task in tasks if recordings[task.name].notna().any()):
        for scope, part in {"all": recordings, "test": recordings[tested]}.items():
            labels = part[task.name].dropna().to_numpy(float)
            raters = part.loc[part[task.name].notna()].get("raters", pd.Series(dtype=float))
            row = {
                "task": task.name,
                "scope": scope,
                "labelled": len(labels),
                "values": len(np.unique(labels)),
                "whole": np.mean(labels % 1 == 0),
                "halfway": np.mean(is_halfway(labels)),
                "raters_low": raters.min(),
                "raters_high": raters.max(),
            }
            if not task.is_scale:
                row = {name: row[name] for name in ("task", "scope", "labelled")}
            rows.append(row | _count_classes(labels, task))
    return pd.DataFrame(rows)


def table_composition(recordings: pd.DataFrame, folds: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return a row per fold and part: the speakers, the recordings and their classes of `task`.

    The other arguments are those of `table_labels`.

    Returns:
        The columns are `fold`, `part`, `speaker` (the names; empty for the training part),
        `speakers` (their number), `female`, `male`, `recordings`, `labelled`, and the recordings of
        each class as in `table_labels`.
    """
    columns = ["recording", "speaker", "gender", task.name]
    table = folds.merge(recordings[columns], on="recording")
    rows = []
    for (fold, part), own in table.groupby(["fold", "part"]):
        speakers = own[["speaker", "gender"]].drop_duplicates().sort_values("speaker")
        labels = own[task.name].dropna().to_numpy(float)
        row = {
            "fold": fold,
            "part": part,
            "speaker": "" if part == "train" else ", ".join(speakers["speaker"]),
            "speakers": len(speakers),
            **_count_genders(speakers["gender"]),
            "recordings": len(own),
            "labelled": len(labels),
        }
        rows.append(row | _count_classes(labels, task))
    order = {part: place for place, part in enumerate(reversed(PARTS))}  # the test part first
    return pd.DataFrame(rows).sort_values(
        ["fold", "part"], key=lambda column: column.replace(order), ignore_index=True
    )


def _count_classes(labels, task):
    """Return the recordings of each class, {column: number}."""
    counts = class_shares(labels, len(task.classes)).sum(axis=0)
    return dict(zip([CLASS_COUNT + name for name in task.classes], counts, strict=True))


def _count_genders(genders):
    """Return the number of female and male speakers, {column: number}; genders may be unknown."""
    return {
        name: int((genders == gender).sum())
        for name, gender in zip(("female", "male"), GENDERS, strict=True)
    }


def table_parameters(
    best: Mapping[str, dict], rows: int, settings: ModelSettings, labels: LabelSettings
) -> pd.DataFrame:
    """Return the number of parameters of each part of the networks, per model and chosen trial.

    Args:
        best: The best.json of each model.
        rows: Frequency rows of a spectrogram.
        settings: The model settings that all trials share.
        labels: The label settings, which determine the heads.

    Returns:
        The columns are `model`, `trial`, the values of NETWORK_PARTS and `total`. The
        value is NaN for parts that a model does not have. `predictor` is left out if no model has
        one.
    """
    from emospeech.models.outline import outline  # imports torch, which other tables do not need

    lines = []
    for model in in_order(best):
        chosen = best[model].get("folds", {"all": best[model]}).values()
        for trial_id, trial in sorted({trial["trial"]: trial for trial in chosen}.items()):
            layers = pd.DataFrame(outline(model, rows, trial, settings, labels))
            sizes = layers.groupby("part")["parameters"].sum()
            line = {"model": model, "trial": trial_id}
            line |= {column: sizes.get(part, np.nan) for part, column in NETWORK_PARTS.items()}
            lines.append(line | {"total": sizes.sum()})
    table = pd.DataFrame(lines)
    return table if table["predictor"].notna().any() else table.drop(columns="predictor")

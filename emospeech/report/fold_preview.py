"""A preview of the folds for the terminal, before anything is trained."""

from collections.abc import Iterable, Mapping

import pandas as pd
from tabulate import tabulate

from emospeech.crops.oversampling import epoch_lengths
from emospeech.labels import LabelSettings, Task
from emospeech.report.dataframes import CLASS_COUNT, class_names, value_range
from emospeech.report.study_tables import table_composition
from emospeech.report.templates import count

LONGEST = 40  # characters of the names of speakers in a cell


def folds_preview(
    corpus: str,
    recordings: pd.DataFrame,
    folds: pd.DataFrame,
    labels: LabelSettings,
    batch_sizes: Iterable[int],
    counts: Mapping[str, int] | None = None,
) -> str:
    """Return the composition of the folds, the number of steps per epoch, and notes, as text.

    Args:
        corpus: The name of the labelled corpus.
        recordings: The table of `load_labelled`.
        folds: The table folds.csv.
        labels: The label settings.
        batch_sizes: Batch sizes of the search.
        counts: What was left out or is irregular, from the summary of the corpus.
    """
    (task,) = labels.tasks(multitask=False)
    composition = table_composition(recordings, folds, task)
    hours = recordings["duration"].sum() / 3600
    title = (
        f"{corpus}: {recordings['speaker'].nunique()} speakers, {len(recordings)} recordings "
        f"({hours:.2f} hours), {recordings[task.name].notna().sum()} with {task.name}\n"
        f"Parts of the folds, with the recordings of each class of {task.name}:"
    )
    columns = ["fold", "part", "speaker", "female", "male", "recordings", *class_columns(task)]
    shown = composition[columns].assign(
        speaker=composition["speaker"].map(_shorten).where(composition["part"] != "train", "")
    )
    names = [
        "Fold",
        "Part",
        "Speakers",
        "F",
        "M",
        "Recordings",
        *class_names(task.name, task.classes),
    ]
    rows = [[f"{cell:g}" if isinstance(cell, float) else cell for cell in row]
            for row in shown.astype(object).to_numpy().tolist()]  # fmt: skip
    lengths = pd.Series(epoch_lengths(recordings, folds, task, labels.oversample))
    steps = [
        f"With batch size {size}: {count(value_range(lengths // size), 'step')} per epoch"
        for size in sorted(set(batch_sizes))
    ]
    notes = [*(f"{reason}: {number}" for reason, number in (counts or {}).items())]
    notes += fold_notes(composition, task)
    notes += [
        f"batch size {size} is larger than an epoch, so training will stop. Use a smaller one."
        for size in sorted(set(batch_sizes))
        if size > min(lengths)
    ]
    lines = [title, tabulate(rows, names, "plain", disable_numparse=True), *steps]
    return "\n".join([*lines, *(f"note: {note}" for note in notes)]) + "\n\n"


def class_columns(task: Task) -> list[str]:
    """Return the columns of `table_composition` with the recordings of each class."""
    return [CLASS_COUNT + name for name in task.classes]


def fold_notes(composition: pd.DataFrame, task: Task) -> list[str]:
    """Return what limits the conclusions from the folds, a sentence each.

    Args:
        composition: The table of `table_composition`.
        task: The target.
    """
    notes = []
    tested, everyone = (
        rows[["female", "male"]].sum() > 0
        for rows in (composition[composition["part"] == "test"], composition)
    )
    if everyone.all() and not tested.all():
        gender = "female" if tested["female"] else "male"
        notes.append(
            f"only {gender} speakers are tested. To test all, set folds.validation to both, or "
            "folds.scheme to speakers."
        )
    parts = composition["part"].replace("train", "training")
    for part, rows in composition.groupby(parts, sort=False):
        names = class_names(task.name, task.classes)
        for name, column in zip(names, class_columns(task), strict=True):
            lacking = rows.loc[rows[column] == 0, "fold"]
            if len(lacking) == len(rows):
                notes.append(f"no {part} part has a recording of the class {name}")
            elif len(lacking):
                numbers = ", ".join(map(str, lacking))
                notes.append(f"the {part} part has no recording of {name} in the folds {numbers}")
    return notes


def _shorten(names):
    return names if len(names) <= LONGEST else f"{names[: LONGEST - 3]}..."

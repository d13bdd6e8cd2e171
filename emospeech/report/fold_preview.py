"""A preview of the folds for the terminal, before anything is trained."""

from collections.abc import Iterable, Mapping

import pandas as pd
from tabulate import tabulate

from emospeech.crops.oversampling import epoch_length
from emospeech.report.dataframes import CLASSES
from emospeech.report.study_tables import CLASS_COUNTS, table_composition

LONGEST = 40  # characters of the names of speakers in a cell


def folds_preview(
    corpus: str,
    recordings: pd.DataFrame,
    folds: pd.DataFrame,
    batch_sizes: Iterable[int],
    oversample: bool = True,
    counts: Mapping[str, int] | None = None,
) -> str:
    """Return the composition of the folds, the number of steps per epoch, and notes, as text.

    Args:
        corpus: The name of the labelled corpus.
        recordings: Its recordings.csv.
        folds: The table folds.csv.
        batch_sizes: Batch sizes of the search.
        oversample: The config value labels.oversample.
        counts: What was left out or is irregular, from the summary of the corpus.
    """
    composition = table_composition(recordings, folds)
    hours = recordings["duration"].sum() / 3600
    title = (
        f"{corpus}: {recordings['speaker'].nunique()} speakers, {len(recordings)} recordings "
        f"({hours:.2f} hours), {recordings['valence'].notna().sum()} with valence\n"
        "Parts of the folds, with the recordings of each class of valence:"
    )
    columns = ["fold", "part", "speaker", "female", "male", "recordings", *CLASS_COUNTS]
    shown = composition[columns].assign(
        speaker=composition["speaker"].map(_shorten).where(composition["part"] != "train", "")
    )
    names = ["Fold", "Part", "Speakers", "F", "M", "Recordings", *CLASSES]
    rows = [[f"{cell:g}" if isinstance(cell, float) else cell for cell in row]
            for row in shown.astype(object).to_numpy().tolist()]  # fmt: skip
    lengths = list(_epoch_lengths(recordings, folds, oversample))
    steps = [
        f"Steps per epoch with batch size {size}: {_range(length // size for length in lengths)}"
        for size in sorted(set(batch_sizes))
    ]
    notes = [*(f"{reason}: {count}" for reason, count in (counts or {}).items())]
    notes += fold_notes(composition)
    notes += [
        f"batch size {size} is larger than an epoch, so training will stop. Use a smaller one."
        for size in sorted(set(batch_sizes))
        if size > min(lengths)
    ]
    lines = [title, tabulate(rows, names, "plain", disable_numparse=True), *steps]
    return "\n".join([*lines, *(f"note: {note}" for note in notes)]) + "\n\n"


def fold_notes(composition: pd.DataFrame) -> list[str]:
    """Return what limits the conclusions from the folds, a sentence each.

    Args:
        composition: The table of `table_composition`.
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
        for name, column in zip(CLASSES, CLASS_COUNTS, strict=True):
            lacking = rows.loc[rows[column] == 0, "fold"]
            if len(lacking) == len(rows):
                notes.append(f"no {part} part has a recording of the class {name}")
            elif len(lacking):
                numbers = ", ".join(map(str, lacking))
                notes.append(f"the {part} part has no recording of {name} in the folds {numbers}")
    return notes


def _epoch_lengths(recordings, folds, oversample):
    """Yield the number of crops in an epoch of each fold."""
    trained = folds[folds["part"] == "train"].merge(recordings, on="recording")
    for _, rows in trained[trained["valence"].notna()].groupby("fold"):
        labels = rows["valence"].to_numpy(float)
        yield epoch_length(labels) if oversample else len(labels)


def _shorten(names):
    return names if len(names) <= LONGEST else f"{names[: LONGEST - 3]}..."


def _range(numbers):
    found = sorted(set(numbers))
    return f"{found[0]}" if len(found) == 1 else f"{found[0]} to {found[-1]}"

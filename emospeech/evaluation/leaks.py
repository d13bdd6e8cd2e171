"""Whether anything of a test speaker could have reached its own training: checks of the tables.

Each check counts what it looked at and what breaks it, so that a report can say which checks ran.
A result with a leak is worth nothing, so `refuse_leaks` stops a run at the first that failed.
"""

import pandas as pd

from emospeech.evaluation.predictions import TASKS
from emospeech.faults import InputError

COLUMNS = ["check", "looked_at", "broken", "result"]


def leak_table(recordings, folds, predictions):
    """Return `leaks.csv` with a row a check: COLUMNS, `result` being passed or failed.

    `recordings` and `folds` are the tables of these names, `predictions` is {model: predictions of
    all folds}.
    """
    parts = folds.merge(recordings[["recording", "speaker", "session", *TASKS]], on="recording")
    checks = {**_fold_checks(parts, len(recordings)), **_prediction_checks(parts, predictions)}
    rows = [(name, looked_at, int(broken)) for name, (looked_at, broken) in checks.items()]
    table = pd.DataFrame(rows, columns=COLUMNS[:3])
    return table.assign(result=table["broken"].eq(0).map({True: "passed", False: "failed"}))


def refuse_leaks(table, place):
    """Raise InputError with the first check of `leaks.csv` that failed."""
    for check, looked_at, broken in table.loc[table["result"] == "failed", COLUMNS[:3]].to_numpy():
        problem = f'"{check}" is broken by {broken} of {looked_at}'
        raise InputError(place, f"{problem}; delete it and the predictions, and run again")


def _fold_checks(parts, recordings):
    """Return {check: (how many were looked at, how many break it)} of the folds."""
    in_fold = parts.groupby(["fold", "recording"])["part"].agg(["size", "nunique"])
    by_speaker = parts.groupby(["fold", "speaker"])["part"].nunique()
    ends = {
        part: set(zip(rows["fold"], rows["speaker"], strict=True))
        for part, rows in parts.groupby("part")
    }
    sessions = parts[["fold", "session", "part"]].drop_duplicates()
    left_out = sessions[sessions["part"] != "train"].drop(columns="part").drop_duplicates()
    trained = sessions[sessions["part"] == "train"].merge(left_out, on=["fold", "session"])
    tested = parts[parts["part"] == "test"].groupby("speaker")["fold"].nunique()
    known = set(parts["fold"])
    return {
        "every recording has one part in each fold": (
            recordings * len(known),
            recordings * len(known) - (in_fold["size"] == 1).sum(),
        ),
        "no speaker is in two parts of a fold": (len(by_speaker), (by_speaker > 1).sum()),
        "no session left out of a fold is in its training part": (len(left_out), len(trained)),
        "validation and test speaker of a fold differ": (
            len(ends.get("test", ())),
            len(ends.get("test", set()) & ends.get("validation", set())),
        ),
        "every speaker is tested in one fold at most": (len(tested), (tested > 1).sum()),
    }


def _prediction_checks(parts, predictions):
    """Return the checks of what each model predicted."""
    test = parts[parts["part"] == "test"]
    allowed = set(zip(test["fold"], test["recording"], test["speaker"], strict=True))
    checks = {}
    for model, table in predictions.items():
        rows = list(zip(table["fold"], table["recording"], table["speaker"], strict=True))
        checks[f"{model} predicts recordings of the test part of their fold only"] = (
            len(rows),
            sum(row not in allowed for row in rows),
        )
        twice = table.duplicated("recording").sum()
        checks[f"{model} predicts no recording twice"] = (len(rows), twice)
        # By their number, which a control with shuffled labels leaves as it is.
        labelled = test.dropna(subset=[task for task in TASKS if task in table])["fold"]
        missed = labelled.value_counts().sub(table["fold"].value_counts(), fill_value=0).abs()
        checks[f"{model} predicts every labelled test recording"] = (len(labelled), missed.sum())
    return checks

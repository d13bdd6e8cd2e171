"""Checks that nothing of a test speaker reached the training or the choice of its own model.

The checks read what the jobs did, not only what they were meant to do: the draws that each training
counted, the audio in the stores, and the scores that chose a trial. Each check counts the cases it
looked at and those that break it. A result with a leak is worthless, so `refuse_leaks` stops a run
at the first check that failed.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from emospeech.evaluation.predictions import BASELINE, TASKS
from emospeech.runtime.errors import InputError
from emospeech.spectrograms.equal_audio import equal_recordings
from emospeech.spectrograms.store import Store
from emospeech.training.fold import LABELS, shuffle_order
from emospeech.training.trial import FOLD_UAR, LABELLED, UNLABELLED, VALIDATION

COLUMNS = ["check", "looked_at", "broken", "result"]
KEYS = ["fold", "recording"]


@dataclass(frozen=True)
class LeakEvidence:
    """The tables that the checks compare.

    Attributes:
        parts: A row per fold and recording: `fold, recording, part, speaker, session` and the
            labels, see `parts_table`.
        labels: The labels that the models learn, in the form of `parts`: shuffled in a control.
        corpus: Name of the labelled corpus.
        equal_audio: Pairs of recordings with the same audio, see `equal_audio_table`.
        predictions: {model: predictions of all its folds}.
        draws: {model: draws.csv of the chosen trial and further seeds of all folds, with columns
            `fold` and `training`}.
        choices: {model: (best.json, trials.csv)}.
    """

    parts: pd.DataFrame
    labels: pd.DataFrame
    corpus: str
    equal_audio: pd.DataFrame
    predictions: dict[str, pd.DataFrame]
    draws: dict[str, pd.DataFrame]
    choices: dict[str, tuple[dict, pd.DataFrame]]


def parts_table(
    recordings: pd.DataFrame, folds: pd.DataFrame, shuffle_seed: int | None = None
) -> pd.DataFrame:
    """Return the rows of folds.csv with speaker, session and labels.

    With a `shuffle_seed` the labels are those of the control, shuffled within the parts of a fold.
    """
    columns = ["recording", "speaker", "session", *LABELS]
    known = recordings.reindex(columns=columns)
    tables = []
    for fold, rows in folds.groupby("fold"):
        table = known.merge(rows, on="recording")
        if shuffle_seed is not None:
            order = shuffle_order(table["part"], shuffle_seed, int(fold))
            table[LABELS] = table[LABELS].to_numpy()[order]
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def equal_audio_table(labelled: Store, stores: list[Store]) -> pd.DataFrame:
    """Return the pairs of recordings with the same audio, `recording, corpus, other`.

    `recording` is one of the `labelled` corpus, `other` one of `corpus`, the name of a store among
    `stores`.
    """
    everything = np.arange(len(labelled.recordings))
    rows = [
        (labelled.recordings[number], store.path.stem, store.recordings[other])
        for store in stores
        for number, other in equal_recordings(
            labelled, everything, store, np.arange(len(store.recordings))
        )
    ]
    return pd.DataFrame(rows, columns=["recording", "corpus", "other"])


def leak_table(evidence: LeakEvidence) -> pd.DataFrame:
    """Return `leaks.csv` with a row per check: COLUMNS, `result` being passed or failed."""
    checks = {**_fold_checks(evidence.parts), **_audio_check(evidence)}
    for model, draws in evidence.draws.items():
        checks |= _draw_checks(model, draws, evidence)
    for model, choice in evidence.choices.items():
        checks |= _choice_check(model, *choice, evidence.parts)
    for model, table in evidence.predictions.items():
        checks |= _prediction_checks(model, table, evidence)
    rows = [(name, int(looked_at), int(broken)) for name, (looked_at, broken) in checks.items()]
    table = pd.DataFrame(rows, columns=COLUMNS[:3])
    return table.assign(result=table["broken"].eq(0).map({True: "passed", False: "failed"}))


def refuse_leaks(table: pd.DataFrame, place: str) -> None:
    """Raise InputError with the first check of `leaks.csv` that failed."""
    for check, looked_at, broken in table.loc[table["result"] == "failed", COLUMNS[:3]].to_numpy():
        problem = f'"{check}" is broken by {broken} of {looked_at}'
        raise InputError(place, f"{problem}; delete it and the predictions, and run again")


def _fold_checks(parts):
    """Return {check: (cases, cases that break it)} of the folds."""
    recordings, known = parts["recording"].nunique(), parts["fold"].nunique()
    in_fold = parts.groupby(KEYS)["part"].size()
    by_speaker = parts.groupby(["fold", "speaker"])["part"].nunique()
    ends = {
        part: set(zip(rows["fold"], rows["speaker"], strict=True))
        for part, rows in parts.groupby("part")
    }
    sessions = parts[["fold", "session", "part"]].drop_duplicates()
    left_out = sessions[sessions["part"] != "train"].drop(columns="part").drop_duplicates()
    trained = sessions[sessions["part"] == "train"].merge(left_out, on=["fold", "session"])
    tested = parts[parts["part"] == "test"].groupby("speaker")["fold"].nunique()
    return {
        "every recording has one part in each fold": (
            recordings * known,
            recordings * known - (in_fold == 1).sum(),
        ),
        "no speaker is in two parts of a fold": (len(by_speaker), (by_speaker > 1).sum()),
        "no session left out of a fold is in its training part": (len(left_out), len(trained)),
        "validation and test speaker of a fold differ": (
            len(ends.get("test", ())),
            len(ends.get("test", set()) & ends.get("validation", set())),
        ),
        "every speaker is tested in one fold at most": (len(tested), (tested > 1).sum()),
    }


def _audio_check(evidence):
    """Return the check that no audio is in two parts of a fold under two names."""
    pairs = evidence.equal_audio
    pairs = pairs[pairs["corpus"] == evidence.corpus]
    parts = evidence.parts[[*KEYS, "part"]]
    both = parts.merge(pairs, on="recording").merge(
        parts.rename(columns={"recording": "other", "part": "other_part"}), on=["fold", "other"]
    )
    broken = (both["part"] != both["other_part"]).sum()
    return {"no two parts of a fold hold the same audio": (len(parts), broken)}


def _draw_checks(model, draws, evidence):
    """Return the checks of what the trainings of a model drew."""
    known = evidence.parts[[*KEYS, "part"]].assign(corpus=evidence.corpus)
    drawn = draws.merge(known, "left", [*KEYS, "corpus"])
    labelled, unlabelled, validation = (
        drawn[drawn["use"] == use] for use in (LABELLED, UNLABELLED, VALIDATION)
    )
    trainings = draws[["fold", "training"]].drop_duplicates()
    complete = labelled[["fold", "training"]].drop_duplicates()
    folds = set(evidence.parts["fold"]) - set(complete["fold"])
    held_out = evidence.equal_audio.merge(
        evidence.parts.loc[evidence.parts["part"] != "train", KEYS], on="recording"
    )
    copies = unlabelled[["fold", "corpus", "recording"]].merge(
        held_out[["fold", "corpus", "other"]].drop_duplicates(),
        left_on=["fold", "corpus", "recording"],
        right_on=["fold", "corpus", "other"],
    )
    own = unlabelled["corpus"] == evidence.corpus
    outside = own & (unlabelled["part"] != "train")
    return {
        f"{model} has the draws of a training for each fold": (
            len(trainings),
            len(trainings) - len(complete) + len(folds),
        ),
        f"{model} learns labels of the training part only": (
            len(labelled),
            (labelled["part"] != "train").sum(),
        ),
        f"{model} learns the labels of recordings.csv": (
            len(labelled),
            _other_labels(labelled, evidence.labels),
        ),
        f"{model} is validated on the validation part only": (
            len(validation),
            (validation["part"] != "validation").sum(),
        ),
        f"{model} uses no unlabelled audio of a held-out session": (
            len(unlabelled),
            outside.sum() + len(copies),
        ),
    }


def _choice_check(model, best, trials, parts):
    """Return the check that no score of a fold's test speakers chose its trial.

    The scoring folds that best.json names are taken at their word only if the trial has the best
    mean of their scores.
    """
    speakers = parts.groupby(["fold", "part"])["speaker"].agg(set)
    folds, broken = sorted(parts["fold"].unique().tolist()), 0
    for fold in folds:
        choice = best["folds"][str(fold)] if "folds" in best else best
        scoring = choice["validation_folds"]
        columns = [f"{FOLD_UAR}{other}" for other in scoring]
        means = trials.set_index("trial")[columns].mean(axis=1, skipna=False)
        tested = speakers.get((fold, "test"), set())
        seen = set().union(*(speakers.get((other, "validation"), set()) for other in scoring))
        broken += bool(tested & seen) or not np.isclose(means[choice["trial"]], means.max())
    return {f"{model} has trials chosen without a score of the test speaker": (len(folds), broken)}


def _prediction_checks(model, table, evidence):
    """Return the checks of what a model predicted."""
    test = evidence.parts[evidence.parts["part"] == "test"]
    # The baseline learns the labels of recordings.csv in a control, too.
    labels = evidence.parts if model == BASELINE else evidence.labels
    allowed = set(zip(test["fold"], test["recording"], test["speaker"], strict=True))
    rows = list(zip(table["fold"], table["recording"], table["speaker"], strict=True))
    # By their number, which a control with shuffled labels leaves as it is.
    labelled = test.dropna(subset=[task for task in TASKS if task in table])["fold"]
    missed = labelled.value_counts().sub(table["fold"].value_counts(), fill_value=0).abs()
    return {
        f"{model} predicts recordings of the test part of their fold only": (
            len(rows),
            sum(row not in allowed for row in rows),
        ),
        f"{model} predicts no recording twice": (len(rows), table.duplicated("recording").sum()),
        f"{model} predicts every labelled test recording": (len(labelled), missed.sum()),
        f"{model} is scored by the labels of recordings.csv": (
            len(rows),
            _other_labels(table, labels),
        ),
    }


def _other_labels(table, labels):
    """Return how many rows of a table have another label than the same recording in `labels`."""
    tasks = [task for task in TASKS if task in table]
    both = table[[*KEYS, *tasks]].merge(labels[[*KEYS, *tasks]], "left", KEYS, suffixes=("", "_is"))
    truth = both[[f"{task}_is" for task in tasks]].to_numpy(float)
    return (~np.isclose(both[tasks].to_numpy(float), truth)).any(axis=1).sum()

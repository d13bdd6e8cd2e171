"""Checks that no data of a test speaker was used to train or select the model that predicts it.

The checks compare what the jobs recorded (the draws of each training run, the audio in the stores,
the scores that selected a trial) with the folds. Each counts the cases and the violations. A
violation invalidates the results, so `refuse_leaks` stops the run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from emospeech.labels import LabelSettings, label_table, load_labelled
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_table
from emospeech.spectrograms.equal_audio import equal_recordings
from emospeech.spectrograms.store import Store, open_store
from emospeech.training.fold import shuffle_order
from emospeech.training.trial import FOLD_UAR, LABELLED, UNLABELLED, VALIDATION, run_of

COLUMNS = ["check", "cases", "violations", "result"]
KEYS = ["fold", "recording"]
IDENTITY = {*KEYS, "speaker", "session", "part"}  # the columns of `parts_table` without labels
Checks = dict[str, tuple[Any, Any]]  # {check: (cases, violations)}


@dataclass(frozen=True)
class LeakEvidence:
    """The tables that the checks compare.

    Attributes:
        parts: The result of `parts_table` with the labels of recordings.csv.
        labels: The result of `parts_table` with the labels that the models learn, which differ in a
            study with shuffled labels.
        corpus: Name of the labelled corpus.
        equal_audio: Pairs of recordings with the same audio, see `equal_audio_table`.
        predictions: {model: predictions of all folds}.
        draws: {model: draws.csv of the selected trial and the additional seeds of all folds, with
            columns `fold` and `training`}.
        choices: {model: (best.json, trials.csv)}.
        by_session: Whether a fold holds out all speakers of a session (`folds.scheme`).
    """

    parts: pd.DataFrame
    labels: pd.DataFrame
    corpus: str
    equal_audio: pd.DataFrame
    predictions: dict[str, pd.DataFrame]
    draws: dict[str, pd.DataFrame]
    choices: dict[str, tuple[dict, pd.DataFrame]]
    by_session: bool = True

    @classmethod
    def of_corpus(
        cls, paths: SimpleNamespace, params: SimpleNamespace, **evidence: Any
    ) -> "LeakEvidence":
        """Return the evidence with the parts, labels and audio of the labelled corpus of a job.

        Args:
            paths: `recordings`, `folds`, `store` (of the labelled corpus) and `unlabelled` (other
                stores).
            params: `labels` (the config section), `shuffle_seed` and `by_session`.
            evidence: `predictions`, `draws` and `choices`.
        """
        labels = LabelSettings(**params.labels)
        tables = load_labelled(paths.recordings, labels), read_table(paths.folds), labels
        stores = {Path(path).stem: open_store(path) for path in [paths.store, *paths.unlabelled]}
        corpus = Path(paths.store).stem
        return cls(
            parts=parts_table(*tables),
            labels=parts_table(*tables, params.shuffle_seed),
            corpus=corpus,
            equal_audio=equal_audio_table(stores[corpus], stores),
            by_session=params.by_session,
            **evidence,
        )


def parts_table(
    recordings: pd.DataFrame,
    folds: pd.DataFrame,
    labels: LabelSettings,
    shuffle_seed: int | None = None,
) -> pd.DataFrame:
    """Return the rows of folds.csv with speaker, session and labels of the tasks.

    With a `shuffle_seed`, the labels are shuffled within the parts of each fold, as in training.
    `recordings` is the table of `load_labelled`.
    """
    tasks = labels.tasks(multitask=True)
    names = [task.name for task in tasks]
    known = recordings.reindex(columns=["recording", "speaker", "session", *names])
    known[names] = label_table(known[names].to_numpy(float), tasks)
    tables = []
    for fold in sorted(folds["fold"].unique().tolist()):
        table = known.merge(folds[folds["fold"] == fold], on="recording")
        if shuffle_seed is not None:
            order = shuffle_order(table.loc[:, "part"], shuffle_seed, fold)
            table[names] = table[names].iloc[order].to_numpy()
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def draws_table(paths: Iterable[str | Path]) -> pd.DataFrame:
    """Return the rows of draws.csv files with the columns `fold` and `training` (trial-n, seed-n).

    The files are model/training/fold-n/draws.csv.gz of a model.
    """
    tables = []
    for path in paths:
        run = run_of(path)
        tables.append(read_table(path).assign(training=f"{run.kind}-{run.number}", fold=run.fold))
    return pd.concat(tables, ignore_index=True)


def equal_audio_table(labelled: Store, stores: dict[str, Store]) -> pd.DataFrame:
    """Return the pairs of recordings with the same audio.

    The columns are `recording` in the labelled store, `corpus`, and `other` in the store of the
    corpus.
    """
    everything = np.arange(len(labelled.recordings))
    rows = [
        (labelled.recordings[index], corpus, store.recordings[other])
        for corpus, store in stores.items()
        for index, other in equal_recordings(
            labelled, everything, store, np.arange(len(store.recordings))
        )
    ]
    return pd.DataFrame(rows, columns=["recording", "corpus", "other"])


def leak_table(evidence: LeakEvidence) -> pd.DataFrame:
    """Return leaks.csv, a row per check: cases, violations, and whether it passed or failed."""
    checks = _fold_checks(evidence.parts) | _audio_check(evidence)
    if evidence.by_session:
        checks |= _session_check(evidence.parts)
    for model, draws in evidence.draws.items():
        checks |= _draw_checks(model, draws, evidence)
    for model, (best, trials) in evidence.choices.items():
        checks |= _selection_check(model, best, trials, evidence.parts)
    for model, table in evidence.predictions.items():
        checks |= _prediction_checks(model, table, evidence)
    rows = [
        (name, int(cases), int(violations), "failed" if violations else "passed")
        for name, (cases, violations) in checks.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def refuse_leaks(table: pd.DataFrame, path: str) -> None:
    """Raise InputError for the first failed check of leaks.csv; `path` is that of folds.csv."""
    for check, cases, violations, result in table[COLUMNS].to_numpy():
        if result == "failed":
            problem = f'the check "{check}" failed for {violations} of {cases} cases'
            raise InputError(
                path, f"{problem}. Delete this file and the predictions, then run again."
            )


def _fold_checks(parts: pd.DataFrame) -> Checks:
    cases = parts["recording"].nunique() * parts["fold"].nunique()
    in_fold = parts.groupby(KEYS)["part"].size()
    by_speaker = parts.groupby(["fold", "speaker"])["part"].nunique()
    ends = {
        part: set(zip(rows["fold"], rows["speaker"], strict=True))
        for part, rows in parts.groupby("part")
    }
    tested = parts.query("part == 'test'").groupby("speaker")["fold"].nunique()
    return {
        "every recording has one part in each fold": (cases, cases - (in_fold == 1).sum()),
        "no speaker is in two parts of a fold": (len(by_speaker), (by_speaker > 1).sum()),
        "validation and test speaker of a fold differ": (
            len(ends.get("test", ())),
            len(ends.get("test", set()) & ends.get("validation", set())),
        ),
        "every speaker is tested in one fold at most": (len(tested), (tested > 1).sum()),
    }


def _session_check(parts: pd.DataFrame) -> Checks:
    sessions = parts.loc[:, ["fold", "session", "part"]].drop_duplicates()
    held_out = sessions.query("part != 'train'").drop(columns="part").drop_duplicates()
    trained = sessions.query("part == 'train'").merge(held_out, on=["fold", "session"])
    return {"no held-out session of a fold is in its training part": (len(held_out), len(trained))}


def _audio_check(evidence: LeakEvidence) -> Checks:
    pairs = evidence.equal_audio[evidence.equal_audio["corpus"] == evidence.corpus]
    parts = evidence.parts.loc[:, [*KEYS, "part"]]
    others = parts.rename(columns={"recording": "other", "part": "other_part"})
    both = parts.merge(pairs, on="recording").merge(others, on=["fold", "other"])
    violations = (both["part"] != both["other_part"]).sum()
    return {"no two parts of a fold contain the same audio": (len(parts), violations)}


def _draw_checks(model: str, draws: pd.DataFrame, evidence: LeakEvidence) -> Checks:
    known = evidence.parts.loc[:, [*KEYS, "part"]].assign(corpus=evidence.corpus)
    drawn = draws.merge(known, "left", [*KEYS, "corpus"])
    labelled, unlabelled, validation = (
        drawn.loc[drawn["use"] == use] for use in (LABELLED, UNLABELLED, VALIDATION)
    )
    trainings = draws[["fold", "training"]].drop_duplicates()
    complete = labelled.loc[:, ["fold", "training"]].drop_duplicates()
    missing_folds = set(evidence.parts["fold"]) - set(complete["fold"])
    held_out = evidence.parts.loc[evidence.parts["part"] != "train", KEYS]
    copies = evidence.equal_audio.merge(held_out, on="recording").drop(columns="recording")
    copies = copies.drop_duplicates().rename(columns={"other": "recording"})
    drawn_copies = unlabelled.loc[:, [*KEYS, "corpus"]].merge(copies)
    outside = (unlabelled["corpus"] == evidence.corpus) & (unlabelled["part"] != "train")
    return {
        f"{model} has the draws of a training run for each fold": (
            len(trainings),
            len(trainings) - len(complete) + len(missing_folds),
        ),
        f"{model} learns labels of the training part only": (
            len(labelled),
            (labelled["part"] != "train").sum(),
        ),
        f"{model} learns the labels of recordings.csv": (
            len(labelled),
            _count_other_labels(labelled, evidence.labels),
        ),
        f"{model} is validated on the validation part only": (
            len(validation),
            (validation["part"] != "validation").sum(),
        ),
        f"{model} uses no unlabelled audio of held-out speakers": (
            len(unlabelled),
            outside.sum() + len(drawn_copies),
        ),
    }


def _selection_check(model: str, best: dict, trials: pd.DataFrame, parts: pd.DataFrame) -> Checks:
    """Return the check that no score on the test speakers of a fold selected its trial.

    This relies on the `validation_folds` in best.json, so the trial must have the best mean over
    them.
    """
    speakers = parts.groupby(["fold", "part"])["speaker"].agg(set).to_dict()
    folds, violations = sorted(parts["fold"].unique().tolist()), 0
    for fold in folds:
        choice = best["folds"][str(fold)] if "folds" in best else best
        scoring = choice["validation_folds"]
        columns = [f"{FOLD_UAR}{other}" for other in scoring]
        means = trials.set_index("trial")[columns].mean(axis=1, skipna=False)
        tested = speakers.get((fold, "test"), set())
        seen = set().union(*(speakers.get((other, "validation"), set()) for other in scoring))
        violations += bool(tested & seen) or not np.isclose(means[choice["trial"]], means.max())
    name = f"{model} has trials chosen without a score of the test speaker"
    return {name: (len(folds), violations)}


def _prediction_checks(model: str, table: pd.DataFrame, evidence: LeakEvidence) -> Checks:
    test = evidence.parts.query("part == 'test'")
    allowed = set(zip(test["fold"], test["recording"], test["speaker"], strict=True))
    rows = list(zip(table["fold"], table["recording"], table["speaker"], strict=True))
    # Compare the counts per fold, which shuffled labels do not change.
    labelled = test.dropna(subset=_label_columns(table, test))["fold"]
    missing = labelled.value_counts().sub(table["fold"].value_counts(), fill_value=0).abs()
    return {
        f"{model} predicts recordings of the test part of their fold only": (
            len(rows),
            sum(row not in allowed for row in rows),
        ),
        f"{model} predicts no recording twice": (len(rows), table.duplicated("recording").sum()),
        f"{model} predicts every labelled test recording": (len(labelled), missing.sum()),
        f"{model} is scored by the labels of recordings.csv": (
            len(rows),
            _count_other_labels(table, evidence.labels),
        ),
    }


def _count_other_labels(table: pd.DataFrame, labels: pd.DataFrame) -> int:
    """Return the number of rows of a table whose labels differ from those in `labels`."""
    tasks = _label_columns(table, labels)
    both = table[[*KEYS, *tasks]].merge(labels[[*KEYS, *tasks]], "left", KEYS, suffixes=("", "_is"))
    differs = np.zeros(len(both), bool)
    for task in tasks:
        own, truth = both[task], both[f"{task}_is"]
        if pd.api.types.is_numeric_dtype(own):
            differs |= ~np.isclose(own.to_numpy(float), truth.to_numpy(float))
        else:  # names of emotion classes
            differs |= (own != truth).to_numpy(bool)
    return int(differs.sum())


def _label_columns(table: pd.DataFrame, labels: pd.DataFrame) -> list[str]:
    """Return the columns of labels in `labels` that a table of draws or predictions has, too."""
    return [name for name in labels if name in table and name not in IDENTITY]

"""Leave one session out: its one speaker validates, the other tests."""

from dataclasses import dataclass

import pandas as pd

from emospeech.runtime.errors import InputError

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class FoldSettings:
    """How many sessions there are, and which speaker of the held-out one validates."""

    sessions: int = 5
    validation: str = "F"  # or "M", or "both" in turn, for twice as many folds


def make_folds(recordings, settings):
    """Return a table `fold, recording, part` with every recording once in each fold.

    Fold n (from 1) leaves out the n-th session in the order of their names. The recordings of the
    speaker of the validating gender are its validation part, those of the other its test part, and
    all other sessions train. With `both`, the folds after the first round swap the two. Raises
    InputError where a session does not hold one speaker of each gender.
    """
    _check_speakers(recordings, settings.sessions)
    sessions = sorted(recordings["session"].unique())
    genders = ("F", "M") if settings.validation == "both" else (settings.validation,)
    held_out = [(session, gender) for gender in genders for session in sessions]
    folds = []
    for number, (session, gender) in enumerate(held_out, start=1):
        part = pd.Series("train", recordings.index)
        left_out = recordings["session"] == session
        part[left_out] = "test"
        part[left_out & (recordings["gender"] == gender)] = "validation"
        rows = {"fold": number, "recording": recordings["recording"], "part": part}
        folds.append(pd.DataFrame(rows))
    return pd.concat(folds, ignore_index=True)


def load_folds(path):
    """Return folds.csv; ids are text, since one may be made of digits alone."""
    return pd.read_csv(path, dtype={"recording": str}, keep_default_na=False)


def count_folds(settings):
    """Return the number of folds that `make_folds` makes."""
    return settings.sessions * (2 if settings.validation == "both" else 1)


def _check_speakers(recordings, sessions):
    found = sorted(recordings["session"].unique())
    if len(found) != sessions:
        problem = f"is {sessions}, but the corpus holds {len(found)} ({', '.join(found)})"
        raise InputError("folds.sessions", f"{problem}; set the key to the number of sessions")
    for session, rows in recordings.groupby("session"):
        speakers = sorted(set(zip(rows["speaker"], rows["gender"], strict=True)))
        genders = sorted(gender for _, gender in speakers)
        if genders != ["F", "M"] or rows["speaker"].nunique() != 2:
            found = ", ".join(f"{speaker} ({gender})" for speaker, gender in speakers)
            problem = f"session {session} needs one speaker F and one M, but holds {found}"
            remedy = "take a session that cannot have them out of the corpus and of the key"
            raise InputError("folds.sessions", f"{problem}; {remedy}")

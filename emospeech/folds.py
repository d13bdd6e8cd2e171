"""Leave-one-session-out folds: the two held-out speakers are for validation and testing."""

from dataclasses import dataclass

import pandas as pd

from emospeech.runtime.errors import InputError

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class FoldSettings:
    """The section `folds` of the config.

    Attributes:
        sessions: Number of sessions of the corpus.
        validation: Gender of the validation speakers, "F" or "M"; "both" runs two rounds of folds,
            in which the speakers of a session swap roles.
    """

    sessions: int = 5
    validation: str = "F"

    @property
    def genders(self) -> tuple[str, ...]:
        """The gender of the validation speakers in each round of folds."""
        return ("F", "M") if self.validation == "both" else (self.validation,)


def make_folds(recordings: pd.DataFrame, settings: FoldSettings) -> pd.DataFrame:
    """Return folds.csv: `fold, recording, part`, with each recording once per fold.

    Folds are numbered from 1 and hold out the sessions in the order of their names. Raises
    InputError if a session does not have one speaker of each gender.
    """
    _check_speakers(recordings, settings.sessions)
    sessions = sorted(recordings["session"].unique())
    held_out = [(session, gender) for gender in settings.genders for session in sessions]
    folds = []
    for fold, (session, gender) in enumerate(held_out, start=1):
        part = pd.Series("train", recordings.index)
        part[recordings["session"] == session] = "test"
        part[(recordings["session"] == session) & (recordings["gender"] == gender)] = "validation"
        rows = {"fold": fold, "recording": recordings["recording"], "part": part}
        folds.append(pd.DataFrame(rows))
    return pd.concat(folds, ignore_index=True)


def count_folds(settings: FoldSettings) -> int:
    """Return the number of folds that `make_folds` returns."""
    return settings.sessions * len(settings.genders)


def _check_speakers(recordings: pd.DataFrame, sessions: int) -> None:
    found = sorted(recordings["session"].unique())
    if len(found) != sessions:
        problem = f"is {sessions}, but the corpus has {len(found)} sessions ({', '.join(found)})"
        raise InputError("folds.sessions", f"{problem}. Set it to the number of sessions.")
    for session, rows in recordings.groupby("session"):
        speakers = sorted(set(zip(rows["speaker"], rows["gender"], strict=True)))
        genders = sorted(gender for _, gender in speakers)
        if genders != ["F", "M"] or len({speaker for speaker, _ in speakers}) != 2:
            found = ", ".join(f"{speaker} ({gender})" for speaker, gender in speakers)
            problem = f"session {session} has the speakers {found}, not one F and one M"
            remedy = "Remove the session from the corpus and reduce folds.sessions"
            raise InputError("folds.sessions", f"{problem}. {remedy}.")

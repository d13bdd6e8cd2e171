"""Folds: no speaker in two parts, and no part of the held-out session in training."""

import pandas as pd
import pytest

from emospeech.folds import FoldSettings, count_folds, make_folds
from emospeech.runtime.errors import InputError


def corpus(sessions=5, turns=3):
    rows = [
        (f"Ses0{session}_{gender}{turn}", f"Ses0{session}", f"Ses0{session}{gender}", gender)
        for session in range(1, sessions + 1)
        for gender in "FM"
        for turn in range(turns)
    ]
    return pd.DataFrame(rows, columns=["recording", "session", "speaker", "gender"])


@pytest.mark.parametrize("validation", ["F", "M", "both"])
def test_folds_do_not_leak(validation):
    settings = FoldSettings(5, validation)
    folds = make_folds(corpus(), settings).merge(corpus(), on="recording")
    assert folds["fold"].nunique() == count_folds(settings)
    for _, fold in folds.groupby("fold"):
        assert len(fold) == 30
        assert (fold.groupby("speaker")["part"].nunique() == 1).all()
        held_out = fold[fold["part"] != "train"]
        assert held_out["session"].nunique() == 1
        assert held_out["session"].iloc[0] not in set(fold[fold["part"] == "train"]["session"])
        speakers = held_out.groupby("part")["speaker"].nunique().to_dict()
        assert speakers == {"test": 1, "validation": 1}


def test_each_recording_is_tested_once():
    folds = make_folds(corpus(), FoldSettings(5, "both"))
    tested = folds[folds["part"] == "test"]["recording"]
    assert sorted(tested) == sorted(corpus()["recording"])


@pytest.mark.parametrize(
    ("recordings", "message"),
    [
        (corpus(4), r"folds\.sessions: .*4"),
        (corpus().query("speaker != 'Ses02F'"), r"Ses02.*Ses02M"),
        (
            corpus().assign(gender=lambda rows: rows["gender"].mask(rows.index == 3, "F")),
            r"folds\.sessions.*Ses01M \(F\), Ses01M \(M\)",
        ),
        (
            corpus().assign(speaker=lambda rows: rows["session"]),
            r"folds\.sessions.*Ses01 \(F\), Ses01 \(M\)",
        ),
    ],
    ids=["missing session", "missing speaker", "speaker with two genders", "one speaker"],
)
def test_incomplete_sessions_are_reported(recordings, message):
    with pytest.raises(InputError, match=message):
        make_folds(recordings, FoldSettings(5))

"""No speaker in two parts, and nothing of the held-out session in training."""

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
def test_no_fold_leaks(validation):
    settings = FoldSettings(5, validation)
    folds = make_folds(corpus(), settings).merge(corpus(), on="recording")
    assert folds["fold"].nunique() == count_folds(settings)
    for _, fold in folds.groupby("fold"):
        assert len(fold) == 30
        assert (fold.groupby("speaker")["part"].nunique() == 1).all()
        held_out = fold[fold["part"] != "train"]
        assert held_out["session"].nunique() == 1
        assert held_out["session"].iloc[0] not in set(fold[fold["part"] == "train"]["session"])
        assert held_out.groupby("part")["speaker"].nunique().to_dict() == {
            "test": 1,
            "validation": 1,
        }


def test_every_recording_of_a_tested_speaker_is_tested_once():
    folds = make_folds(corpus(), FoldSettings(5, "both"))
    assert (folds[folds["part"] == "test"]["recording"].value_counts() == 1).all()
    assert set(folds[folds["part"] == "test"]["recording"]) == set(corpus()["recording"])


def test_a_missing_session_or_speaker_is_told():
    with pytest.raises(InputError, match=r"folds\.sessions.*holds 4"):
        make_folds(corpus(4), FoldSettings(5))
    with pytest.raises(InputError, match=r"Ses02.*Ses02M"):
        make_folds(corpus().query("speaker != 'Ses02F'"), FoldSettings(5))
    two_genders = corpus().assign(gender=lambda rows: rows["gender"].mask(rows.index == 3, "F"))
    with pytest.raises(InputError, match=r"folds\.sessions.*Ses01M \(F\), Ses01M \(M\)"):
        make_folds(two_genders, FoldSettings(5))
    one_speaker = corpus().assign(speaker=lambda rows: rows["session"])
    with pytest.raises(InputError, match=r"folds\.sessions.*Ses01 \(F\), Ses01 \(M\)"):
        make_folds(one_speaker, FoldSettings(5))

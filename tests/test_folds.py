"""Folds: no speaker in two parts, and no part of the held-out session in training."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emospeech.folds import FoldSettings, count_folds, group_speakers, make_folds
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
        (corpus().query("speaker != 'Ses02F'"), r"folds\.scheme.*Ses02.*Ses02M"),
        (
            corpus().assign(gender=lambda rows: rows["gender"].mask(rows.index == 3, "F")),
            r"folds\.scheme.*Ses01M.*genders",
        ),
        (
            corpus().assign(session=lambda rows: rows["session"].mask(rows.index == 3, "Ses02")),
            r"folds\.scheme.*Ses01M.*Ses02 and Ses01",
        ),
        (
            corpus().assign(session=lambda rows: rows["session"].mask(rows.index == 3, "")),
            r"folds\.scheme.*recording.*session",
        ),
    ],
    ids=[
        *("missing session", "one speaker", "speaker with two genders"),
        *("speaker in two sessions", "unknown session"),
    ],
)
def test_sessions_that_cannot_make_folds_are_reported(recordings, message):
    with pytest.raises(InputError, match=message):
        make_folds(recordings, FoldSettings(5))


SPEAKERS = st.lists(
    st.tuples(st.sampled_from(["F", "M", ""]), st.integers(1, 6)), min_size=3, max_size=30
)


def recordings_of(speakers, session=lambda number: ""):
    """Return recordings of speakers given as (gender, number of recordings)."""
    rows = [
        (f"{number:02d}-{take}", session(number), f"{number:02d}", gender)
        for number, (gender, takes) in enumerate(speakers)
        for take in range(takes)
    ]
    return pd.DataFrame(rows, columns=["recording", "session", "speaker", "gender"])


def check_folds(recordings, settings):
    """Return the folds with their speakers; check what every scheme guarantees."""
    folds = make_folds(recordings, settings)
    assert folds["fold"].nunique() == count_folds(settings)
    assert not folds.duplicated(["fold", "recording"]).any()
    assert len(folds) == len(recordings) * count_folds(settings)
    folds = folds.merge(recordings, on="recording")
    for _, fold in folds.groupby("fold"):
        assert (fold.groupby("speaker")["part"].nunique() == 1).all()
        assert set(fold["part"]) == {"train", "validation", "test"}
    tested = folds[folds["part"] == "test"]
    assert not tested["recording"].duplicated().any()
    return folds


@given(SPEAKERS, st.integers(3, 6))
def test_groups_of_speakers_are_tested_once_each(speakers, groups):
    recordings, settings = recordings_of(speakers), FoldSettings(scheme="speakers", groups=groups)
    if len(speakers) < groups:
        with pytest.raises(InputError, match=rf"folds\.groups.*{len(speakers)}"):
            make_folds(recordings, settings)
        return
    folds = check_folds(recordings, settings)
    for part in ("test", "validation"):
        assert set(folds[folds["part"] == part]["recording"]) == set(recordings["recording"])


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_speakers_for_any_number_of_groups_are_an_error(count):
    recordings = recordings_of([("F", 3)] * count)
    with pytest.raises(InputError, match=rf"folds\.scheme: .*3.*{count}"):
        make_folds(recordings, FoldSettings(scheme="speakers", groups=3))


@given(SPEAKERS, st.integers(1, 6))
def test_groups_of_speakers_are_balanced(speakers, groups):
    table = pd.DataFrame(speakers, columns=["gender", "recordings"])
    found = table.assign(group=group_speakers(table, groups))
    for rows in (found, *(rows for _, rows in found.groupby("gender"))):
        counts = rows["group"].value_counts().reindex(range(groups), fill_value=0)
        assert counts.max() - counts.min() <= 1
    shuffled = group_speakers(table.sample(frac=1, random_state=1), groups)
    assert shuffled.to_dict() == found["group"].to_dict(), "the order of the speakers matters"


def test_groups_have_similar_numbers_of_recordings():
    table = pd.DataFrame({"gender": "F", "recordings": [40, 30, 30, 20]})
    sizes = table["recordings"].groupby(group_speakers(table, 2)).sum()
    assert sizes.tolist() == [60, 60]


@pytest.mark.parametrize("validation", ["F", "M", "both"])
@pytest.mark.parametrize("size", [2, 5, 91])
@pytest.mark.parametrize("known", ["FM", "F", "FM?", "?"])
def test_sessions_may_have_any_speakers(validation, size, known):
    rng = np.random.default_rng(size)
    genders = [gender.strip("?") for gender in rng.choice([*known], 3 * size)]
    speakers = [(gender, 1) for gender in genders]
    recordings = recordings_of(speakers, session=lambda number: f"s{number // size}")
    folds = check_folds(recordings, FoldSettings(3, validation))
    for _, fold in folds.groupby("fold"):
        train, held_out = (set(fold[(fold["part"] == "train") == is_train]["session"])
                           for is_train in (True, False))  # fmt: skip
        assert len(held_out) == 1
        assert not train & held_out
        gender = fold[fold["part"] == "validation"]["gender"]
        known = set(fold[fold["part"] != "train"]["gender"]) == {"F", "M"}
        assert gender.nunique() == 1 or not known
    if validation == "both":
        tested = folds[folds["part"] == "test"]["recording"]
        assert set(tested) == set(recordings["recording"])


def write_folds(path, rows, column="speaker"):
    path.write_text("\n".join([f"fold,{column},part", *rows]) + "\n")
    return FoldSettings(scheme="file", file=str(path))


PARTS_OF_SPEAKERS = [  # two folds of four speakers
    *("1,00,train", "1,01,train", "1,02,validation", "1,03,test"),
    *("2,00,validation", "2,01,test", "2,02,train", "2,03,train"),
]


def test_parts_are_read_from_a_file(tmp_path):
    recordings = recordings_of([("F", 2)] * 4)
    by_speaker = write_folds(tmp_path / "speakers.csv", PARTS_OF_SPEAKERS)
    folds = check_folds(recordings, by_speaker)
    assert set(folds.query("fold == 2 and part == 'test'")["speaker"]) == {"01"}
    rows = [
        row.replace(f",{name[:2]},", f",{name},")
        for row in reversed(PARTS_OF_SPEAKERS)
        for name in recordings["recording"]
        if f",{name[:2]}," in row
    ]
    by_recording = write_folds(tmp_path / "recordings.csv", rows, "recording")
    pd.testing.assert_frame_equal(check_folds(recordings, by_recording), folds)


@pytest.mark.parametrize(
    ("line", "row", "message"),
    [
        (2, "1,04,train", r"folds\.csv:2: .*04"),
        (2, "1,00,dev", r"folds\.csv:2: .*dev"),
        (2, "1.5,00,train", r"folds\.csv:2: .*1\.5"),
        (3, "1,00,train", r"folds\.csv:3: .*00.*fold 1"),
        (9, "2,03,test", r"folds\.csv:9: .*03.*folds 1 and 2"),
        (4, "1,02,train", r"folds\.csv: fold 1.*validation"),
        (2, None, r"folds\.csv: fold 1.*00"),
    ],
    ids=["unknown speaker", "unknown part", "no fold", "twice", "tested twice", "empty", "missing"],
)
def test_errors_in_a_file_of_folds_are_reported(tmp_path, line, row, message):
    rows = [*PARTS_OF_SPEAKERS]
    rows[line - 2 : line - 1] = [] if row is None else [row]
    settings = write_folds(tmp_path / "folds.csv", rows)
    with pytest.raises(InputError, match=message):
        make_folds(recordings_of([("F", 2)] * 4), settings)


def test_a_speaker_in_two_parts_of_a_file_is_reported_with_its_line(tmp_path):
    recordings = recordings_of([("F", 2)] * 4)
    rows = ["1,00-0,train", "1,00-1,test"]
    settings = write_folds(tmp_path / "folds.csv", rows, "recording")
    with pytest.raises(InputError, match=r"folds\.csv:3: .*00.*train.*test.*fold 1"):
        make_folds(recordings, settings)


@pytest.mark.parametrize("folds", [[2], [1, 3]])
def test_folds_of_a_file_are_numbered_from_1(tmp_path, folds):
    rows = [row.replace("1,", f"{fold},", 1) for fold in folds for row in PARTS_OF_SPEAKERS[:4]]
    settings = write_folds(tmp_path / "folds.csv", rows)
    with pytest.raises(InputError, match=r"folds\.csv.*fold"):
        count_folds(settings)

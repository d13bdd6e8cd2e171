"""The preview of the folds: composition, steps of an epoch, and notes."""

import re

import numpy as np
import pytest

from emospeech.folds import FoldSettings, make_folds
from emospeech.labels import LabelSettings
from emospeech.report.fold_preview import fold_notes, folds_preview
from emospeech.report.study_tables import table_composition
from tests.settings import LABELS, VALENCE, emotion_labels
from tests.test_folds import recordings_of


def corpus(labels, speakers=(("F", 4), ("M", 4)) * 3):
    """Return recordings with two speakers per session; `labels` are cycled over them."""
    table = recordings_of(speakers, session=lambda number: f"s{number // 2}")
    return table.assign(valence=np.resize(labels, len(table)), duration=1800.0)


def notes_of(recordings, **settings):
    folds = make_folds(recordings, FoldSettings(sessions=3, groups=3, **settings))
    return fold_notes(table_composition(recordings, folds, VALENCE), VALENCE)


@pytest.mark.parametrize(
    ("settings", "gender"),
    [
        ({}, "male"),
        ({"validation": "M"}, "female"),
        ({"validation": "both"}, None),
        ({"scheme": "speakers"}, None),
    ],
)
def test_a_gender_that_is_not_tested_is_noted(settings, gender):
    notes = notes_of(corpus([1, 2, 3, 4, 5]), **settings)
    noted = [note for note in notes if "folds.validation" in note]
    assert len(noted) == (gender is not None)
    assert all(re.search(rf"\b{gender}\b", note) for note in noted)


def test_classes_that_a_part_lacks_are_noted():
    recordings = corpus([1, 2, 4, 5])
    notes = notes_of(recordings)
    assert sum("Neu." in note for note in notes) == 3, "one for each part"
    recordings.loc[recordings["speaker"] == "01", "valence"] = 2  # the test speaker of fold 1
    lacking = [note for note in notes_of(recordings) if "test" in note and "Very Pos." in note]
    assert len(lacking) == 1
    assert lacking[0].endswith("1"), "the number of the fold"


def test_steps_of_an_epoch_are_those_of_training():
    """16 training recordings per fold; the largest class has half of them."""
    recordings = corpus([1, 2, 2, 5])
    folds = make_folds(recordings, FoldSettings(sessions=3))
    text = folds_preview("own", recordings, folds, LABELS, [8, 16, 8])
    assert re.findall(r"batch size (\d+): (\d+)", text) == [("8", "5"), ("16", "2")]
    plain = folds_preview("own", recordings, folds, LabelSettings(oversample=False), [8])
    assert re.findall(r"batch size (\d+): (\d+)", plain) == [("8", "2")]
    large = folds_preview("own", recordings, folds, LABELS, [40, 41], counts={"empty row": 3})
    assert re.findall(r"note: (.*)", large)[0] == "empty row: 3"
    assert re.findall(r"note: batch size (\d+)", large) == ["41"], "an epoch has 40 crops"
    assert "6 speakers, 24 recordings (12.00 hours), 24 with valence" in text


def test_rows_have_the_speakers_and_class_counts():
    recordings = corpus([1, 2.5, 2, 5])
    folds = make_folds(recordings, FoldSettings(sessions=3))
    text = folds_preview("own", recordings, folds, LABELS, [8])
    rows = [line.split() for line in text.splitlines()]
    assert ["1", "test", "01", "0", "1", "4", "1", "1.5", "0.5", "0", "1"] in rows
    assert ["1", "train", "2", "2", "16", "4", "6", "2", "0", "4"] in rows


def test_the_preview_counts_the_classes_of_emotions():
    """Of the four recordings of a speaker, one is of no class; an epoch has 2 * 8 recordings."""
    recordings = corpus([1]).assign(emotion=np.resize([2, np.nan, 1, 2], 24))
    folds = make_folds(recordings, FoldSettings(sessions=3))
    text = folds_preview("own", recordings, folds, emotion_labels(["sad", "joy"]), [8])
    assert "24 recordings (12.00 hours), 18 with emotion" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["1", "test", "01", "0", "1", "4", "1", "2"] in rows
    assert ["1", "train", "2", "2", "16", "4", "8"] in rows
    assert re.findall(r"batch size (\d+): (\d+)", text) == [("8", "2")]

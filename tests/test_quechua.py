"""Quechua Collao: a made-up corpus with all known errors of the release."""

import math

import numpy as np
import pandas as pd
import pytest
import soundfile

from emospeech.corpora.quechua import check_quechua, read_quechua
from emospeech.runtime.errors import CorpusError

pytest.importorskip("openpyxl", reason="needs openpyxl, see envs/requirements.txt")

RATERS = ["N1", "N2", "N3", "N4"]
MAP = [  # Audio, Emotion, Actor, File
    (10001, "happy", "a1", "a1-001"),
    (10002, "sad", "a2", "a2-001"),
    (11817, "bored", "a3", "?"),
    (14197, "fear", "6-", "a6-001"),
    (20888, "calm", "2_", "a2-002"),
    (22210, "angry", "a4", "a4-001"),
    (22415, "sleepy", "a5", "a5-001"),
    (22416, "neutral", "extra 12", "-"),
    (22417, "excited", "a6", "no audio"),
]
VALENCE = {  # ratings by recording
    10001: [5, 4, 4, 5],
    10002: [1, 2, None, 1],
    11817: [2, 2, 3, 2],
    14197: [3, 3, 44, 3],
    20888: [1, None, None, None],
    22210: [1, 2, 1, 1],
    22415: [3, 4, 1, 5],
    22416: [3, 3, 3, 3],
    22417: [4, 4, 4, 4],
}
WITHOUT_AUDIO, WITHOUT_ENTRY = 22417, 30000


def write_corpus(root, labels="Labels/Labels", data="Data/Data"):
    """Write the tables and 0.5 s of noise for each recording, except one, and for another."""
    for folder in ("Audios", labels, data):
        (root / folder).mkdir(parents=True)
    valence = pd.DataFrame.from_dict(VALENCE, orient="index", columns=RATERS)
    valence = valence.astype("Int64").rename_axis("Audio")
    arousal, dominance = (6 - valence).mask(valence > 5), valence.mask(valence > 5)
    tables = {"Valence": valence, "Arousal": arousal, "Dominance": dominance}
    for name, table in tables.items():
        table.to_csv(root / labels / f"{name}.csv")
    means = pd.DataFrame({name: table.mean(axis=1) for name, table in tables.items()}).astype(str)
    means.loc[10002, "Valence"] = "2.333.333.333"
    means.loc[22210, "Valence"] = str((1 + 2 + 1 + 1 + 22210) / 5)
    means.to_csv(root / labels / "Labels.csv")
    table = pd.DataFrame(MAP, columns=["Audio", "Emotion", "Actor", "File"])
    with pd.ExcelWriter(root / data / "Data.xlsx") as workbook:
        pd.DataFrame({"note": ["not this one"]}).to_excel(workbook, sheet_name="info")
        table.assign(**{"Duration (s)": 0.5}).to_excel(workbook, sheet_name="map", index=False)
    for name in [*VALENCE, WITHOUT_ENTRY]:
        if name != WITHOUT_AUDIO:
            samples = 0.1 * np.random.default_rng(name).standard_normal(8000)
            soundfile.write(root / f"Audios/{name}.wav", samples, 16000)


@pytest.fixture
def corpus_folder(tmp_path):
    write_corpus(tmp_path / "Quechua")
    return tmp_path / "Quechua"


def test_labels_are_recomputed_and_all_errors_are_counted(corpus_folder):
    corpus = read_quechua(corpus_folder)
    table = corpus.recordings.set_index("recording")
    assert table[["speaker", "gender", "emotion"]].values.tolist() == [
        ["a1", "F", "happy"],
        ["a2", "M", "sad"],
        ["a3", "F", "bored"],
        ["a6", "M", "fear"],
        ["a2", "M", "calm"],
        ["a4", "", "angry"],
        ["a5", "", "sleepy"],
    ]
    assert (table["session"] == "").all()
    given = {
        name: [value for value in VALENCE[int(name)] if value is not None and value <= 5]
        for name in table.index
    } | {"22415": [3, 4, 5]}
    means = [math.fsum(values) / len(values) for values in given.values()]
    np.testing.assert_allclose(table["valence"], means)
    np.testing.assert_allclose(table["activation"], 6 - np.array(means))
    np.testing.assert_allclose(table["dominance"], means)
    assert table["raters"].tolist() == [len(values) for values in given.values()]
    rated = corpus.ratings.groupby("recording")
    assert rated["rater"].apply(list)["22415"] == ["N1", "N2", "N4"]
    np.testing.assert_allclose(rated["valence"].mean(), means)
    assert corpus.summary["left_out"] == {
        "audio file without an entry": 1,
        "entry of an unknown actor": 1,
        "entry without an audio file": 1,
        "rating known to be wrong in Arousal.csv": 1,
        "rating known to be wrong in Dominance.csv": 1,
        "rating known to be wrong in Valence.csv": 1,
        "rating off the scale from 1 to 5 in Valence.csv": 1,
    }
    irregular = corpus.summary["irregular"]
    assert irregular["actor with an invalid name"] == 3
    assert irregular["recording of an actor of unknown gender"] == 2
    assert irregular["missing rating in Valence.csv"] == 4
    assert irregular["valence in Labels.csv differs from the mean rating"] == 4
    assert irregular["dominance in Labels.csv differs from the mean rating"] == 1, "of 22415"
    assert len(corpus.words) == 7
    assert corpus.summary["licence"] == "CC BY 4.0"


def test_both_layouts_and_any_number_of_workers_give_the_same_tables(corpus_folder, tmp_path):
    corpus = read_quechua(corpus_folder)
    write_corpus(tmp_path / "flat", labels="Labels", data="Data")
    flat = read_quechua(tmp_path / "flat", workers=2)
    assert flat.summary == corpus.summary
    for name in ("recordings", "words", "ratings"):
        assert getattr(flat, name).equals(getattr(corpus, name))


def test_a_recording_without_ratings_has_no_label(corpus_folder):
    path = corpus_folder / "Labels/Labels/Valence.csv"
    path.write_text(path.read_text().replace("10001,5,4,4,5\n", ""))
    corpus = read_quechua(corpus_folder)
    assert np.isnan(corpus.recordings["valence"][0])
    assert corpus.recordings["activation"][0] == 1.5
    assert corpus.summary["irregular"]["recording without valence"] == 1


def test_the_table_of_means_is_not_needed(corpus_folder):
    (corpus_folder / "Labels/Labels/Labels.csv").unlink()
    assert read_quechua(corpus_folder).summary["irregular"]["Labels.csv cannot be read"] == 1


@pytest.mark.parametrize("file", ["Valence.csv", "Arousal.csv", "Dominance.csv", "Data.xlsx"])
def test_missing_and_damaged_tables_are_errors_that_name_them(corpus_folder, file):
    (path,) = corpus_folder.rglob(file)
    path.write_text("Audio;N1\n")
    with pytest.raises(CorpusError, match=rf"{file}.*: \S.*\. "):
        read_quechua(corpus_folder)
    path.unlink()
    with pytest.raises(CorpusError, match=file):
        read_quechua(corpus_folder)


@pytest.mark.parametrize(
    ("sheet", "columns", "message"),
    [("Sheet1", ["Audio", "Emotion", "Actor"], "map"), ("map", ["Audio", "Actor"], "Emotion")],
)
def test_a_workbook_of_another_form_is_an_error(corpus_folder, sheet, columns, message):
    path = corpus_folder / "Data/Data/Data.xlsx"
    pd.DataFrame(columns=columns).to_excel(path, sheet_name=sheet)
    with pytest.raises(CorpusError, match=rf"Data\.xlsx: .*{message}"):
        read_quechua(corpus_folder)


def test_repeated_recordings_and_missing_audio_are_errors(corpus_folder):
    path = corpus_folder / "Labels/Labels/Arousal.csv"
    text = path.read_text()
    path.write_text(text + text.splitlines()[1] + "\n")
    with pytest.raises(CorpusError, match=r"Arousal\.csv:11: .*10001"):
        read_quechua(corpus_folder)
    path.write_text(text)
    (corpus_folder / "Audios").rename(corpus_folder / "lost")
    with pytest.raises(CorpusError, match="Audios"):
        read_quechua(corpus_folder)


def test_incomplete_copies_differ_from_the_release(corpus_folder):
    rows = check_quechua(read_quechua(corpus_folder)).set_index(["check", "group"])
    assert rows.loc[("recordings", "all"), ["expected", "found"]].tolist() == ["12420", "7"]
    assert rows.loc[("actors", "all"), "result"] == "ok"
    assert rows.loc[("recordings", "a2"), "found"] == "2"
    assert rows.loc[("emotions", "all"), "found"] == "7"
    assert rows.loc[("hours", "all"), "result"] == "differs"

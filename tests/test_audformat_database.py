"""Databases in audformat: columns, labels, speakers and errors, and loading with audb."""

import sys
from pathlib import Path

import audb
import audformat
import numpy as np
import pandas as pd
import pytest
import soundfile

from emospeech.corpora.audformat_database import fetch_database, read_audformat_database
from emospeech.runtime.errors import CorpusError, InputError

RATE = 16000
FILES = ["wav/a.wav", "wav/b.flac", "wav/c.wav"]
DEFAULTS = {
    "speaker": "files.speaker",
    "gender": None,
    "emotion": "emotion.emotion",
    "valence": None,
    "activation": None,
    "dominance": None,
    "scale": [1, 5],
    "emotions": None,
}


def add_table(database, name, values, index=None):
    """Add a table with columns {column: (scheme or None, values)}."""
    database[name] = audformat.Table(audformat.filewise_index(FILES) if index is None else index)
    for column, (scheme, items) in values.items():
        database[name][column] = audformat.Column(scheme_id=scheme)
        database[name][column].set(items)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A database of three recordings by two speakers, with emotions, ratings and a segment."""
    folder = tmp_path_factory.mktemp("mini")
    (folder / "wav").mkdir()
    for number, name in enumerate(FILES):
        tone = 0.3 * np.sin(np.arange(RATE // 2) * 0.1 * (number + 1))
        soundfile.write(folder / name, tone, RATE)
    database = audformat.Database(
        "mini", author="A. Author", license="CC0-1.0", source="https://example.org/mini"
    )
    database.schemes["gender"] = audformat.Scheme("str", labels=["female", "male", "other"])
    database["speaker"] = audformat.MiscTable(pd.Index([3, 8], dtype="Int64", name="speaker"))
    database["speaker"]["gender"] = audformat.Column(scheme_id="gender")
    database["speaker"]["gender"].set(["male", "female"])
    database.schemes["speaker"] = audformat.Scheme("int", labels="speaker")
    speakers = {
        "speaker": ("speaker", [3, 8, 3]),
        "name": (None, ["x", "y", None]),
        "sex": ("gender", ["male", "other", "male"]),
        "both": ("gender", ["male", "male", "female"]),
    }
    add_table(database, "files", speakers)
    add_table(database, "emotion", {"emotion": (None, ["anger", "disgust", "awe"])})
    rated = {
        "valence": (None, [0.0, 0.5, 1.0]),
        "valence.other": (None, [1.0, 0.5, None]),
        "arousal": (None, [0.25, 0.75, None]),
    }
    add_table(database, "gold.rated", rated)
    segment = audformat.segmented_index(FILES[:1], ["0s"], ["0.2s"])
    add_table(database, "segments", {"emotion": (None, ["anger"])}, segment)
    database.save(folder)
    return folder


def read(folder, labelled=True, tasks=("valence",), **changes):
    return read_audformat_database(folder, "mini", labelled, tasks, DEFAULTS | changes)


def columns(corpus, *names):
    return corpus.recordings[[*names]].to_numpy().tolist()


def test_labels_follow_from_the_emotion(folder):
    corpus = read(folder, tasks=("valence", "activation"))
    assert columns(corpus, "recording", "path", "speaker", "gender", "emotion") == [
        ["a", "wav/a.wav", "3", "M", "anger"],
        ["b", "wav/b.flac", "8", "F", "disgust"],
        ["c", "wav/c.wav", "3", "M", "awe"],
    ]
    np.testing.assert_array_equal(corpus.recordings["valence"], [2, 2, np.nan])
    np.testing.assert_array_equal(corpus.recordings["activation"], [4, np.nan, np.nan])
    np.testing.assert_allclose(corpus.recordings["duration"], 0.5)
    assert set(corpus.words["recording"]) == {"a", "b", "c"}, "spans of speech"
    irregular = corpus.summary["irregular"]
    assert irregular["recording without labels for its emotion awe"] == 1
    assert irregular["recording without activation"] == 2
    assert corpus.summary["licence"] == "CC0-1.0"
    assert "A. Author" in corpus.summary["citation"]
    assert "Russell" in corpus.summary["labels"]


def test_labels_of_emotions_can_be_given(folder):
    emotions = {"anger": [0, 1], "awe": [1, None]}
    corpus = read(folder, tasks=("valence", "activation"), emotions=emotions, scale=[0, 1])
    np.testing.assert_array_equal(corpus.recordings["valence"], [1, np.nan, 5])
    np.testing.assert_array_equal(corpus.recordings["activation"], [5, np.nan, np.nan])
    assert "Russell" not in corpus.summary["labels"]


def test_rated_labels_are_mapped_from_their_scale(folder):
    rated = {"valence": "gold.rated.valence", "activation": "gold.rated.arousal"}
    corpus = read(folder, tasks=("valence", "activation"), scale=[0, 1], **rated)
    np.testing.assert_array_equal(corpus.recordings["valence"], [1, 3, 5])
    np.testing.assert_array_equal(corpus.recordings["activation"], [2, 4, np.nan])
    assert corpus.recordings["emotion"].tolist() == ["anger", "disgust", "awe"]
    assert corpus.ratings.empty, "one column has no raters"
    without_emotion = read(folder, emotion=None, scale=[0, 1], **rated)
    np.testing.assert_array_equal(without_emotion.recordings["valence"], [1, 3, 5])


def test_a_list_of_columns_has_a_rater_each(folder):
    valence = ["gold.rated.valence", "gold.rated.valence.other"]
    corpus = read(folder, scale=[0, 1], valence=valence)
    np.testing.assert_array_equal(corpus.recordings["valence"], [3, 3, 5])
    np.testing.assert_array_equal(corpus.recordings["raters"], [2, 2, 1])
    ratings = corpus.ratings.groupby("recording")["valence"].apply(list).to_dict()
    assert ratings == {"a": [1, 5], "b": [3, 3], "c": [5]}
    assert set(corpus.ratings["kind"]) == {"external"}


def test_genders_can_be_in_a_column(folder):
    corpus = read(folder, gender="files.sex")
    assert corpus.recordings["gender"].tolist() == ["M", "", "M"]
    assert corpus.summary["irregular"]["recording of a speaker of unknown gender"] == 1
    with pytest.raises(InputError, match=r"^corpora\.audformat\.mini\.gender: .*\b3\b"):
        read(folder, gender="files.both")


def test_recordings_without_a_speaker_are_left_out_of_a_labelled_corpus(folder):
    corpus = read(folder, speaker="files.name")
    assert columns(corpus, "recording", "speaker") == [["a", "x"], ["b", "y"]]
    assert corpus.summary["left_out"] == {"recording without a speaker": 1}
    assert set(corpus.recordings["gender"]) == {""}, "no scheme states them"
    pool = read(folder, labelled=False, speaker="files.name", emotion="no.column")
    assert columns(pool, "recording", "speaker") == [["a", "x"], ["b", "y"], ["c", ""]]
    assert len(read(folder, labelled=False, speaker=None).recordings) == 3


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("speaker", {"speaker": "files.voice"}),
        ("speaker", {"speaker": None}),
        ("emotion", {"emotion": "emotions.emotion"}),
        ("emotion", {"emotion": "segments.emotion"}),
        ("gender", {"gender": "speaker.gender"}),  # of the misc table, whose rows are no files
    ],
)
def test_columns_that_cannot_be_used_are_errors(folder, key, change):
    with pytest.raises(InputError, match=rf"^corpora\.audformat\.mini\.{key}: ") as error:
        read(folder, **change)
    offered = "files.speaker, files.name, files.sex, files.both, gold.rated.valence"
    assert "emotion.emotion" in str(error.value)
    assert offered in str(error.value)
    assert "segments.emotion," not in str(error.value)


def test_labels_that_cannot_be_used_are_errors(folder):
    with pytest.raises(InputError, match=r"mini\.valence: .*emotion\.emotion"):
        read(folder, valence="emotion.emotion")
    with pytest.raises(InputError, match=r"mini\.valence: .*gold\.rated\.valence .*\b0\b.*scale"):
        read(folder, valence="gold.rated.valence")
    with pytest.raises(InputError, match=r"mini\.emotions\.anger: .*from 0 to 1"):
        read(folder, emotions={"anger": [0.5, 1.1]}, scale=[0, 1])
    for change in ({"emotions": {"joy": [4, 4]}}, {"emotion": None}):
        with pytest.raises(InputError, match=r"mini\.valence: .*emotions"):
            read(folder, **change)
    with pytest.raises(InputError, match=r"mini\.activation: "):
        read(folder, tasks=("valence", "activation"), scale=[0, 1], valence="gold.rated.valence")


def test_folders_that_are_no_database_are_errors(tmp_path):
    with pytest.raises(CorpusError, match=r"db\.yaml"):
        read(tmp_path)
    (tmp_path / "db.yaml").write_text("name: [")
    with pytest.raises(CorpusError, match=r"db\.yaml"):
        read(tmp_path)


def test_files_of_the_same_name_get_names_with_their_folder(folder, tmp_path):
    for name in ("1/a.wav", "2/a.wav"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes((folder / FILES[0]).read_bytes())
    database = audformat.Database("twice")
    index = audformat.filewise_index(["1/a.wav", "2/a.wav"])
    add_table(database, "files", {"speaker": (None, ["x", "y"])}, index)
    database.save(tmp_path)
    corpus = read(tmp_path, labelled=False)
    assert corpus.recordings["recording"].tolist() == ["1-a", "2-a"]


@pytest.mark.parametrize("package", ["audformat", "audb"])
def test_missing_packages_are_errors(folder, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"^corpora\.audformat: .*{package}.*requirements-audb"):
        read(folder) if package == "audformat" else fetch_database(folder, "mini", "1.0.0")


def test_published_databases_are_loaded_with_audb(folder, tmp_path, monkeypatch, caplog):
    (tmp_path / "published").mkdir()
    repository = audb.Repository("published", str(tmp_path), "file-system")
    monkeypatch.setattr(audb.config, "REPOSITORIES", [repository])
    monkeypatch.setenv("AUDB_CACHE_ROOT", str(tmp_path / "cache"))
    audb.publish(str(folder), "1.0.0", repository, verbose=False)
    loaded = tmp_path / "loaded"
    with caplog.at_level("INFO"):
        fetch_database(loaded, "mini", "1.0.0")
    assert "CC0-1.0" in caplog.text
    pd.testing.assert_frame_equal(read(loaded).recordings, read(folder).recordings)
    (loaded / FILES[0]).write_bytes(b"damaged")
    fetch_database(loaded, "mini", "1.0.0")
    assert (loaded / FILES[0]).read_bytes() == (folder / FILES[0]).read_bytes()
    for name, version in (("mini", "9.0.0"), ("maxi", "1.0.0")):
        with pytest.raises(InputError, match=rf"{name}: .*{version}"):
            fetch_database(Path(tmp_path, "other"), name, version)

"""Tables of a corpus: writing, loading and damaged files."""

import json
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emospeech.corpora.corpus_tables import (
    RECORDING_COLUMNS,
    WORD_COLUMNS,
    load_recordings,
    load_words,
    make_corpus,
    write_corpus,
)
from emospeech.corpora.issues import IssueCounts
from emospeech.runtime.errors import CorpusError


def small_corpus(words=()):
    issues = IssueCounts()
    issues.left_out["word reversed"] += 2
    issues.irregular["no forced alignment"] += 0
    recordings = [
        {"recording": "b", "path": "x/b.wav", "duration": 2.0, "session": "S2"},
        {"recording": "a", "path": "x/a.wav", "duration": 1 / 3, "session": "S1", "raters": 2},
    ]
    return make_corpus("toy", recordings, list(words), issues)


def write_tables(corpus, folder):
    write_corpus(corpus, folder)
    return [folder / name for name in ("recordings.csv", "words.csv", "summary.json")]


def test_columns_are_fixed():
    expected = "recording path duration session speaker gender dialogue start end emotion valence"
    assert [*expected.split(), "activation", "dominance", "raters"] == RECORDING_COLUMNS
    assert WORD_COLUMNS == ["recording", "speaker", "word", "start", "end"]


def test_written_corpus_can_be_loaded(tmp_path):
    words = [("b", "M1", "late", 1.5, 2.0), ("b", "M2", "early", 0.25, 0.5), ("a", "M1", "x", 0, 1)]
    corpus = small_corpus(words)
    recordings, words_path, summary = write_tables(corpus, tmp_path)
    pd.testing.assert_frame_equal(load_words(words_path), corpus.words)
    pd.testing.assert_frame_equal(load_recordings(recordings), corpus.recordings.round(6))
    assert json.loads(summary.read_text()) == corpus.summary


def test_rows_are_sorted_and_empty_cells_are_typed(tmp_path):
    words = [("b", "M1", "late", 1.5, 2.0), ("b", "M2", "early", 0.25, 0.5), ("a", "M1", "x", 0, 1)]
    recordings, words_path, _ = write_tables(small_corpus(words), tmp_path)
    table = load_recordings(recordings)
    assert list(table["recording"]) == ["a", "b"]
    assert list(load_words(words_path)["word"]) == ["x", "early", "late"]
    assert table["speaker"].tolist() == ["", ""]
    assert math.isnan(table["valence"][0])
    assert table["raters"].dtype == "float64"


def test_written_numbers_are_rounded(tmp_path):
    recordings, _, _ = write_tables(small_corpus(), tmp_path)
    header, first, second = recordings.read_text().splitlines()
    assert header == ",".join(RECORDING_COLUMNS)
    assert first == "a,x/a.wav,0.333333,S1,,,,,,,,,,2"
    assert second == "b,x/b.wav,2.0,S2,,,,,,,,,,"


def test_summary_has_counts_without_zeros():
    summary = small_corpus([("b", "M1", "hi", 0, 1)]).summary
    assert summary["left_out"] == {"word reversed": 2}
    assert summary["irregular"] == {}
    counts = {name: summary[name] for name in ("recordings", "words", "speakers", "sessions")}
    assert counts == {"recordings": 2, "words": 1, "speakers": 1, "sessions": 2}
    assert summary["recordings without a word"] == 1
    assert summary["hours"] == round((2 + 1 / 3) / 3600, 4)


@pytest.mark.parametrize(
    "word", ["null", "NA", "nan", "None", "NaN", "1.50", "007", "true", '"', ","]
)
def test_words_stay_text(tmp_path, word):
    _, path, _ = write_tables(small_corpus([("a", "NA", word, 0, 0.25)]), tmp_path)
    assert load_words(path).values.tolist() == [["a", "NA", word, 0.0, 0.25]]


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=5))
def test_loaded_tables_are_written_identically(tmp_path_factory, times):
    folder = tmp_path_factory.mktemp("tables")
    corpus = small_corpus([("a", "M", "w", time, time + 1) for time in times])
    first = [path.read_bytes() for path in write_tables(corpus, folder)]
    again = corpus._replace(
        recordings=load_recordings(folder / "recordings.csv"),
        words=load_words(folder / "words.csv"),
    )
    assert [path.read_bytes() for path in write_tables(again, folder)] == first


@pytest.mark.parametrize(
    "content", ["", "recording,speaker\na,b\n", "\x00", '"', "a,b\n1,2,3\n1\n"]
)
def test_file_that_is_not_a_table_is_an_error(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_text(content)
    for load in (load_recordings, load_words):
        with pytest.raises(CorpusError, match=r"table\.csv"):
            load(path)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (None, ""),
        (b"recording,speaker,word,start\na,b,c,1\n", ".* end"),
        (b"recording,speaker,word,start,end\na,b,c,1,2\na,b,c,,2\n", "`start`"),
        (b"recording,speaker,word,start,end\na,b,c,soon,2\n", ""),
        (b"recording,speaker,word,start,end\na,b,\xe9,1,2\n", ""),
    ],
)
def test_missing_file_column_or_number_is_an_error(tmp_path, content, named):
    path = tmp_path / "words.csv"
    if content:
        path.write_bytes(content)
    with pytest.raises(CorpusError, match=rf"words\.csv(:3)?: {named}"):
        load_words(path)

"""Reader for manifests: values, and errors that name the file and line."""

import csv
import re
import unicodedata

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from emospeech.corpora.corpus_tables import load_corpus, write_corpus
from emospeech.corpora.manifest import read_manifest
from emospeech.runtime.errors import CorpusError
from emospeech.training.targets import external_ratings
from tests.test_textgrids import long_text

RATE = 8000
BOTH = ("valence", "activation")
HEADER = "recording,path,session,speaker,gender,valence,activation"
ROWS = [
    "b1,wav/b1.wav,south,Bea,F,4.5,3",
    "a1,wav/a1.wav,north,Ann,F,1,2.5",
    "a2,wav/a2.wav,north,Abe,M,,5",
    "007,wav/007.wav,south,Bob,M,2.667,",
]
WORDS = ["a1,0.1,0.5", "a1,0.6,0.9", "b1,0.25,0.75", "007,0,1"]


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    """A folder of wavs: four with noise, then silence; one with noise only; and a text file."""
    folder = tmp_path_factory.mktemp("manifest")
    (folder / "wav").mkdir()
    rng = np.random.default_rng(0)
    for name in ("b1", "a1", "a2", "007"):
        samples = np.concatenate([0.1 * rng.standard_normal(RATE // 2), np.zeros(RATE // 2)])
        soundfile.write(folder / "wav" / f"{name}.wav", samples, RATE)
    (folder / "wav/more").mkdir()
    soundfile.write(folder / "wav/more/a1.wav", 0.1 * rng.standard_normal(RATE), RATE)
    (folder / "wav" / "text.wav").write_text("not audio")
    return folder


@pytest.fixture
def manifest(audio):
    """A function that writes the tables and reads them; it writes no words or ratings if None."""

    def read(rows=ROWS, header=HEADER, words=None, labelled=True, ratings=None, **options):
        for name in ("words.csv", "ratings.csv"):
            (audio / name).unlink(missing_ok=True)
        (audio / "recordings.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
        if words is not None:
            text = "\n".join(["recording,start,end", *words, ""])
            (audio / "words.csv").write_text(text, encoding="utf-8")
        if ratings is not None:
            text = "\n".join(["recording,rater,valence,activation", *ratings, ""])
            (audio / "ratings.csv").write_text(text)
        return read_manifest(audio, "toy", labelled=labelled, **options)

    return read


def test_values_are_read(manifest):
    corpus = manifest(words=WORDS, tasks=BOTH)
    table = corpus.recordings.set_index("recording")
    assert list(table.index) == ["007", "a1", "a2", "b1"]
    assert table.loc["b1", ["path", "session", "speaker", "gender"]].tolist() == [
        *("wav/b1.wav", "south", "Bea", "F")
    ]
    np.testing.assert_array_equal(table["valence"], [2.667, 1, np.nan, 4.5])
    np.testing.assert_array_equal(table["activation"], [np.nan, 2.5, 5, 3])
    assert (table["duration"] == 1).all()
    assert table["emotion"].tolist() == [""] * 4
    assert table["dominance"].isna().all()
    assert corpus.words.values.tolist() == [
        ["007", "Bob", "", 0.0, 1.0],
        ["a1", "Ann", "", 0.1, 0.5],
        ["a1", "Ann", "", 0.6, 0.9],
        ["b1", "Bea", "", 0.25, 0.75],
    ]
    assert corpus.summary["irregular"] == {
        "recording without valence": 1,
        "recording without activation": 1,
    }
    assert corpus.summary["recordings without a word"] == 1
    assert corpus.summary["sessions"] == 2


def test_all_columns_are_read_and_unknown_ones_counted(manifest, audio):
    header = (
        "note,raters,dominance,emotion,end,start,dialogue,duration,activation,valence,gender,"
        "speaker,session,path,recording,"
    )
    row = f'"a, note",3,2,glad,3.5,2.5,d1,1.04,5,1.5,F,Zoë,s,{audio / "wav/a1.wav"},é-1,'
    corpus = manifest(["," * 15, row], header)
    (found,) = corpus.recordings.to_dict("records")
    assert found == {
        "recording": "é-1",
        "path": str(audio / "wav/a1.wav"),
        "duration": 1.0,
        "session": "s",
        "speaker": "Zoë",
        "gender": "F",
        "dialogue": "d1",
        "start": 2.5,
        "end": 3.5,
        "emotion": "glad",
        "valence": 1.5,
        "activation": 5.0,
        "dominance": 2.0,
        "raters": 3.0,
    }
    left_out = corpus.summary["left_out"]
    assert left_out["unknown column `note` in recordings.csv"] == 1
    assert left_out["empty row in recordings.csv"] == 1


def test_written_tables_can_be_loaded(manifest, tmp_path):
    corpus = manifest()
    (tmp_path / "written").mkdir()
    write_corpus(corpus, tmp_path / "written")
    loaded = load_corpus(tmp_path / "written")
    pd.testing.assert_frame_equal(loaded.recordings, corpus.recordings)
    pd.testing.assert_frame_equal(loaded.words, corpus.words)
    assert loaded.summary == corpus.summary


@pytest.mark.parametrize("workers", [1, 2])
def test_speech_is_detected_without_words_table(manifest, workers):
    corpus = manifest(workers=workers)
    assert corpus.words["recording"].tolist() == ["007", "a1", "a2", "b1"]
    np.testing.assert_allclose(corpus.words["start"], 0)
    np.testing.assert_allclose(corpus.words["end"], 0.5, atol=0.03)
    assert corpus.summary["irregular"]["detected speech span instead of a word (no words.csv)"]


@pytest.fixture
def textgrids(tmp_path):
    """Write a TextGrid of 1.5 s for each name, and return their folder."""

    def write(*names, words=((0, 0.2, ""), (0.2, 0.5, "hi"), (0.5, 1.2, "ho"), (1.2, 1.5, "x"))):
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(long_text({"words": words}))
        return tmp_path

    return write


def test_words_are_read_from_textgrids(manifest, textgrids):
    textgrids("a2.TextGrid", words=[(0, 1, "sil")])
    folder = textgrids("spoken/a1.TextGrid", "b1.TextGrid", "z1.TextGrid")
    corpus = manifest(textgrids=folder)
    assert corpus.words.values.tolist() == [
        ["a1", "Ann", "hi", 0.2, 0.5],
        ["a1", "Ann", "ho", 0.5, 1.0],
        ["b1", "Bea", "hi", 0.2, 0.5],
        ["b1", "Bea", "ho", 0.5, 1.0],
    ]
    assert corpus.summary["left_out"] == {
        "TextGrid without a recording": 1,
        "word outside the recording": 2,
    }
    assert corpus.summary["irregular"] == {
        "alignment without words": 1,
        "no forced alignment": 1,
        "recording without valence": 1,
        "word clipped to the recording": 2,
    }


def test_textgrids_that_cannot_be_assigned_are_errors(manifest, textgrids, tmp_path):
    with pytest.raises(CorpusError, match=re.escape(f"{tmp_path}: ")):
        manifest(textgrids=tmp_path)
    folder = textgrids("a1.TextGrid")
    rows = ["x,wav/a1.wav,Ann,2", "y,wav/more/a1.wav,Bob,3"]
    with pytest.raises(CorpusError, match=r"a1\.TextGrid: .*wav/a1\.wav.*more/a1\.wav"):
        manifest(rows, "recording,path,speaker,valence", textgrids=folder)


def test_unlabelled_audio_needs_only_paths(manifest):
    corpus = manifest(["x,wav/a1.wav", "y,wav/a2.wav"], "recording,path", labelled=False)
    assert corpus.recordings["session"].tolist() == ["", ""]
    assert corpus.summary["sessions"] == 0
    assert corpus.summary["speakers"] == 0
    assert len(corpus.words) == 2
    meetings = ["x,wav/a1.wav,m1,Ann", "y,wav/a2.wav,m2,Ann"]
    again = manifest(meetings, "recording,path,session,speaker", labelled=False)
    assert again.summary["sessions"] == 2, "speakers may be in two sessions"


RATINGS = [
    *("a1,E1,1,2", "a1,E2,2,4", "a1,E3,2,"),
    *("a2,E1,4,3", "a2,E3,5,3", "b1,E2,5,3"),
]


def test_labels_are_the_mean_ratings_unless_they_are_given(manifest):
    corpus = manifest(ratings=RATINGS, tasks=BOTH)  # a2 has no valence, b1 has 4.5
    labels = corpus.recordings.set_index("recording")[["valence", "activation", "raters"]]
    assert labels.loc["a2"].tolist() == [4.5, 5, 2]
    assert labels.loc["b1"].tolist() == [4.5, 3, 1]
    assert corpus.summary["irregular"]["valence differs from ratings.csv"] == 2
    assert corpus.summary["irregular"]["activation differs from ratings.csv"] == 2
    assert len(corpus.ratings) == len(RATINGS)
    assert set(corpus.ratings["kind"]) == {"external"}
    given = external_ratings(corpus.ratings, ["a1", "007"], "activation")
    assert given == [[2, 4], []]


def test_labels_may_be_in_the_ratings_only(manifest):
    rows = ["a1,wav/a1.wav,Ann", "a2,wav/a2.wav,Abe", "b1,wav/b1.wav,Bea"]
    header = "recording,path,speaker"
    table = manifest(rows, header, ratings=RATINGS, tasks=BOTH).recordings
    np.testing.assert_allclose(table["valence"], [5 / 3, 4.5, 5])
    np.testing.assert_allclose(table["activation"], [3, 3, 3])


def test_labels_on_another_scale_are_mapped_to_one_to_five(manifest):
    ratings = ["a1,E1,-1,0.5", "a1,E2,0,1"]
    rows = ["a1,wav/a1.wav,Ann,", "a2,wav/a2.wav,Abe,0.25"]
    header = "recording,path,speaker,valence"
    corpus = manifest(rows, header, ratings=ratings, scale=(-1, 1))
    np.testing.assert_allclose(corpus.recordings["valence"], [2, 3.5])
    assert corpus.ratings["valence"].tolist() == [1, 3]
    assert corpus.ratings["activation"].tolist() == [4, 5]
    assert corpus.summary["scale"] == [-1, 1]
    with pytest.raises(CorpusError, match=r"recordings\.csv:3: `valence` is `4`"):
        manifest([rows[0], rows[1].replace("0.25", "4")], header, scale=(-1, 1))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("c9,E1,3,3", r"ratings\.csv:2: .*c9"),
        ("a2,,3,3", r"ratings\.csv:2: `rater`"),
        ("b1,E2,3,3", r"ratings\.csv:7: .*E2.*line 2"),
        ("b1,E1,6,3", r"ratings\.csv:2: `valence` is `6`"),
    ],
)
def test_errors_in_ratings_name_the_line(manifest, row, message):
    with pytest.raises(CorpusError, match=message):
        manifest(ratings=[row, *RATINGS[1:]])


def test_sessions_and_genders_are_optional(manifest):
    rows = ["x,wav/a1.wav,Ann,2", "y,wav/a2.wav,Bob,3"]
    table = manifest(rows, "recording,path,speaker,valence").recordings
    assert table["session"].tolist() == table["gender"].tolist() == ["", ""]
    assert table["speaker"].tolist() == ["Ann", "Bob"]


def test_words_outside_their_recording_are_counted(manifest):
    words = ["a1,0.5,0.2", "a1,0.3,0.3", "a1,2,3", "a1,0.9,1.5", "a1,-0.2,0.1", "b1,0,1"]
    corpus = manifest(words=words)
    assert corpus.summary["left_out"] == {
        "word reversed": 1,
        "word of zero length": 1,
        "word outside the recording": 1,
    }
    assert corpus.summary["irregular"]["word clipped to the recording"] == 2
    assert corpus.words[["start", "end"]].values.tolist() == [[0, 0.1], [0.9, 1], [0, 1]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_byte_order_mark_and_line_ends_do_not_matter(manifest, audio, encoding, end):
    expected = manifest().recordings
    text = end.join([HEADER, *ROWS])
    (audio / "recordings.csv").write_bytes(text.encode(encoding))
    pd.testing.assert_frame_equal(read_manifest(audio, "toy", labelled=True).recordings, expected)


def replaced(number, old, new):
    rows = list(ROWS)
    assert old in rows[number]
    rows[number] = rows[number].replace(old, new, 1)
    return rows


ERRORS = {
    "missing id": (replaced(0, "b1,", ","), r":2: `recording` is empty"),
    "same id": (replaced(2, "a2,", "a1,"), r":4: `recording` is `a1`, as on line 3"),
    "id no file name": (replaced(1, "a1,", "a/1,"), r":3: `recording` is `a/1`"),
    "id a dot": (replaced(1, "a1,", "..,"), r":3: `recording` is `\.\.`"),
    "id too long": (replaced(1, "a1,", "é" * 101 + ","), r":3: `recording` is `é"),
    "id missing": (replaced(1, "a1,", "NaN,"), r":3: `recording` is `NaN`"),
    "no wav": (replaced(2, "a2.wav", "a3.wav"), r":4: .*wav/a3\.wav: "),
    "a folder": (replaced(2, "wav/a2.wav", "wav"), r":4: `path` is `wav`.*/wav: "),
    "long path": (replaced(2, "a2.wav", "a" * 5000), r":4: `path` is `wav/aaa"),
    "no audio": (replaced(2, "a2.wav", "text.wav"), r":4: .*text\.wav: "),
    "same wav": (
        replaced(2, "wav/a2", "./wav/../wav/a1"),
        r":4: .*`\./wav/\.\./wav/a1\.wav`.*`wav/a1\.wav` .*line 3",
    ),
    "label high": (replaced(0, "4.5", "5.5"), r":2: `valence` is `5\.5`"),
    "label low": (replaced(0, "4.5", "0"), r":2: `valence` is `0`"),
    "label nan": (replaced(0, "4.5", "nan"), r":2: `valence` is `nan`"),
    "label text": (replaced(0, "4.5", "glad"), r":2: `valence` is `glad`"),
    "label comma": (replaced(0, "4.5", '"4,5"'), r":2: `valence` is `4,5`"),
    "gender": (replaced(3, ",M,", ",m,"), r":5: `gender` is `m`"),
    "no speaker": (replaced(3, ",Bob,", ",,"), r":5: `speaker` is empty"),
    "session nan": (replaced(3, "south", "NA"), r":5: `session` is `NA`"),
    "two genders": (replaced(2, "Abe", "Ann"), r":4: `gender` of Ann is `M`, but `F` on line 3"),
    "cells": (replaced(0, "4.5,3", "4,5,3"), r":2: .*8 cells.* 7 columns"),
    "open quote": (replaced(1, "a1,", '"a1,'), r"recordings\.csv:3: "),
    "zero byte": (replaced(1, "Ann", "A\0nn"), r"recordings\.csv:3: "),
    "no row": ([], r"recordings\.csv: "),
    "no label": ([ROWS[2]], r"recordings\.csv: .*`valence`"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error_names_the_line(manifest, name):
    rows, line = ERRORS[name]
    with pytest.raises(CorpusError, match=line) as caught:
        manifest(rows)
    assert str(caught.value).partition(":")[0].endswith("recordings.csv")
    assert "\n" not in str(caught.value)


def linked(folder, source, name):
    (folder / name).symlink_to(source.name)


def linked_hard(folder, source, name):
    (folder / name).hardlink_to(source)


def copied(folder, source, name):
    (folder / name).write_bytes(source.read_bytes())


def as_flac(folder, source, name):
    soundfile.write(folder / name, *soundfile.read(source, dtype="int16"), format="FLAC")


def as_stereo(folder, source, name):
    samples, rate = soundfile.read(source, dtype="int16")
    soundfile.write(folder / name, np.stack([samples, samples], axis=1), rate)


@pytest.mark.parametrize("made", [linked, linked_hard, copied, as_flac, as_stereo])
def test_same_audio_under_two_names_is_an_error(manifest, audio, tmp_path, made):
    name = f"{made.__name__}.wav"
    made(audio / "wav", audio / "wav/a1.wav", name)
    with pytest.raises(CorpusError, match=rf":4: .*wav/{name}.*wav/a1\.wav.* line 3"):
        manifest(replaced(2, "a2.wav", name))
    unlabelled = [f"x,wav/{name}", "y,wav/a1.wav"]
    with pytest.raises(CorpusError, match=rf":3: .*wav/a1\.wav.*wav/{name}.* line 2"):
        manifest(unlabelled, "recording,path", labelled=False)


def test_audio_with_equal_start_is_accepted(manifest, audio):
    samples = np.zeros(2 * RATE)
    for name in ("silent", "late"):
        soundfile.write(audio / f"wav/{name}.wav", samples, RATE)
        samples[-100:] = 0.1
    rows = ["x,wav/silent.wav", "y,wav/late.wav"]
    assert len(manifest(rows, "recording,path", labelled=False).recordings) == 2


@pytest.mark.parametrize(
    ("column", "rows"),
    [
        ("session", replaced(2, "north", "North")),
        ("speaker", replaced(2, "Abe", "ann")),
        ("speaker", [replaced(2, "Abe", "Zo\u00eb")[2], replaced(1, "Ann", "Zoe\u0308")[1]]),
        ("session", [replaced(2, "north", "stra\u00dfe")[2], replaced(1, "north", "STRASSE")[1]]),
    ],
)
def test_two_spellings_of_a_name_are_an_error(manifest, column, rows):
    names = {row.split(",")[2 if column == "session" else 3] for row in rows}
    with pytest.raises(CorpusError, match=rf"recordings\.csv:\d: `{column}`") as caught:
        manifest(rows)
    folded = {unicodedata.normalize("NFC", name).casefold() for name in names}
    named = [name for name in names if name in str(caught.value)]
    assert len(folded) < len(names)
    assert len({unicodedata.normalize("NFC", name).casefold() for name in named}) < len(named)


@pytest.mark.parametrize(
    ("header", "row", "line"),
    [
        ("duration", "1.2", r":2: `duration` is 1\.2, .*a1\.wav .*1\.00 s"),
        ("duration", "inf", r":2: `duration` is `inf`"),
        ("start,end", "3,2", r":2: `end` is 2, .*`start`.* 3"),
        ("start,end", "-1,2", r":2: `start` is `-1`"),
        ("raters", "2.5", r":2: `raters` is `2\.5`"),
        ("raters", "0", r":2: `raters` is `0`"),
        ("dominance", "6", r":2: `dominance` is `6`"),
        ("path", "x", r":1: has two columns `path`"),
    ],
)
def test_error_in_an_optional_column(manifest, header, row, line):
    with pytest.raises(CorpusError, match=line):
        manifest([f"{ROWS[1]},{row}"], f"{HEADER},{header}")


EMOTIONAL = f"{HEADER},emotion"


def test_emotions_are_read_and_missing_ones_are_counted(manifest):
    rows = [f"{row},{name}" for row, name in zip(ROWS, ("joy", "", "NA", "5"), strict=True)]
    for ratings in (None, RATINGS):
        corpus = manifest(rows, EMOTIONAL, tasks=("emotion",), ratings=ratings)
        table = corpus.recordings.set_index("recording")
        assert table["emotion"].to_dict() == {"b1": "joy", "a1": "", "a2": "NA", "007": "5"}
        counts = corpus.summary["irregular"]
        assert counts["recording without emotion"] == 1
        assert "recording without valence" not in counts


@pytest.mark.parametrize("ratings", [False, True])
def test_a_manifest_for_emotions_needs_their_column(manifest, ratings):
    given = {"tasks": ("emotion",), "ratings": RATINGS if ratings else None}
    with pytest.raises(CorpusError, match=r"recordings\.csv:1: .*emotion"):
        manifest(**given)
    with pytest.raises(CorpusError, match=r"recordings\.csv: .*`emotion`"):
        manifest([f"{row}," for row in ROWS], EMOTIONAL, **given)
    assert len(manifest([f"{row},joy" for row in ROWS], EMOTIONAL, **given).recordings) == 4


@pytest.mark.parametrize(
    ("header", "options", "line"),
    [
        (HEADER.replace("speaker", "name"), {}, r":1: .*speaker"),
        (HEADER.replace("activation", "x"), {"tasks": BOTH}, r":1: .*activation"),
        (HEADER.replace(",", ";"), {}, r":1: .*semicolons"),
        (HEADER.replace(",", "\t"), {}, r":1: .*tabs"),
    ],
)
def test_error_in_the_header(manifest, header, options, line):
    with pytest.raises(CorpusError, match=line):
        manifest(header=header, **options)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", r"recordings\.csv: "),
        (b"\xef\xbb\xbf \n", r"recordings\.csv: "),
        ((HEADER + "\nb1,é").encode("latin-1"), r"csv:2: .*UTF-8"),
        (HEADER.encode("utf-16"), r"csv:1: .*UTF-8"),
        (HEADER.encode("utf-16-le"), r"csv:1: .*UTF-8"),
    ],
)
def test_file_that_is_not_utf_8(tmp_path, data, line):
    (tmp_path / "recordings.csv").write_bytes(data)
    with pytest.raises(CorpusError, match=line):
        read_manifest(tmp_path, "toy", labelled=True)


def test_missing_file_is_an_error(tmp_path):
    with pytest.raises(CorpusError, match=r"recordings\.csv: "):
        read_manifest(tmp_path, "toy", labelled=True)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([*WORDS, "zz,0,1"], r"words\.csv:6: `recording` is `zz`"),
        (["a1,0,"], r"words\.csv:2: `end` is ``"),
        (["a1,0,1", "a1,nan,1"], r"words\.csv:3: `start` is `nan`"),
        (["a1,0"], r"words\.csv:2: .*2 cells"),
        ([], r"words\.csv: "),
        (["a1,5,6"], r"words\.csv: "),
    ],
)
def test_error_in_the_words(manifest, words, line):
    with pytest.raises(CorpusError, match=line):
        manifest(words=words)


@pytest.mark.parametrize("cell", ["1e400", "1_0", "٣", "0x1", "--1", "1e", " "])
def test_malformed_number_is_an_error(manifest, cell):
    with pytest.raises(CorpusError, match=r":2: `start`"):
        manifest(words=[f"a1,{cell},1"])


TEXTS = ["\n".join([HEADER, *ROWS]), "\n".join(["recording,start,end", *WORDS])]
PIECES = st.one_of(
    st.sampled_from([b",", b'"', b"\n", b"\r", b"\0", b"\xff", b"nan", b"-", b"1e9", b"..", b";"]),
    st.text(max_size=3).map(lambda text: text.encode("utf-8", "replace")),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1), st.lists(st.tuples(st.integers(0, 200), PIECES, st.integers(0, 4))))
@example(0, [(len(HEADER) + 30, b'"', 0)])
def test_any_edit_gives_a_corpus_or_an_error(audio, tmp_path_factory, which, edits):
    texts = [text.encode() for text in TEXTS]
    for offset, piece, removed in edits:
        text = texts[which]
        texts[which] = text[:offset] + piece + text[offset + removed :]
    for name, text in zip(("recordings.csv", "words.csv"), texts, strict=True):
        (audio / name).write_bytes(text)
    try:
        corpus = read_manifest(audio, "toy", labelled=True, tasks=BOTH)
    except CorpusError:
        return
    folder = tmp_path_factory.mktemp("written")
    write_corpus(corpus, folder)
    loaded = load_corpus(folder)
    assert loaded.recordings["recording"].tolist() == corpus.recordings["recording"].tolist()
    assert len(loaded.words) == len(corpus.words)
    with open(audio / "recordings.csv", encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    assert len(corpus.recordings) == len(rows) - 1, "every row is read"

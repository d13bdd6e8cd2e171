"""Reader for IEMOCAP, on a small hand-written release."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from emospeech.corpora.corpus_tables import (
    DIMENSIONS,
    load_corpus,
    write_corpus,
)
from emospeech.corpora.emoevaluation import average_mismatches, average_rating, parse_evaluation
from emospeech.corpora.iemocap import read_iemocap
from emospeech.corpora.iemocap_transcripts import parse_transcription, parse_wdseg
from emospeech.corpora.issues import IssueCounts
from emospeech.runtime.errors import CorpusError

HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
WDSEG_HEADER = "\t SFrm  EFrm    SegAScr Word\n"


def turn(name, *raters, emotion="neu", printed=(2.5, 2.5, 2.5), times=(6.25, 7.25)):
    """Return the text of a turn; a rater is a string of valence, activation and dominance."""
    averages = ", ".join(f"{value:.4f}" for value in printed)
    lines = [f"[{times[0]:.4f} - {times[1]:.4f}]\t{name}\t{emotion}\t[{averages}]"]
    lines.append("C-E2:\tNeutral; Anger;\t(curious)")
    for number, rater in enumerate(raters, start=2):
        val, act, dom = rater.split(",")
        lines.append(f"A-E{number}:\tval {val}; act {act}; dom  {dom};\t(hm; val 1, (a))")
    lines.append("A-F1:\tval 1; act 1; dom  1;\t()")
    return "\n".join(lines) + "\n\n"


def wdseg(*rows):
    lines = [f"\t{first:5d} {last:5d} {-1234:10d} {word}\n" for first, last, word in rows]
    return WDSEG_HEADER + "".join(lines) + " Total score:   -1234567\n"


class Release:
    """Writer for the files of a release."""

    def __init__(self, root):
        self.root = root

    def write(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))

    def labels(self, dialogue, *turns, session=1):
        self.write(f"Session{session}/dialog/EmoEvaluation/{dialogue}.txt", HEADER + "".join(turns))

    def transcription(self, dialogue, *lines, session=1):
        self.write(f"Session{session}/dialog/transcriptions/{dialogue}.txt", "\n".join(lines))

    def wav(self, name, seconds=1.0, session=1):
        dialogue = name.rpartition("_")[0]
        path = self.root / f"Session{session}/sentences/wav/{dialogue}/{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(round(16000 * seconds), dtype="int16"), 16000)
        return path

    def wdseg(self, name, *rows, session=1):
        dialogue = name.rpartition("_")[0]
        folder = f"Session{session}/sentences/ForcedAlignment/{dialogue}"
        self.write(f"{folder}/{name}.wdseg", wdseg(*rows))


@pytest.fixture
def release(tmp_path):
    """A release with one dialogue of two turns, one of them aligned."""
    release = Release(tmp_path / "IEMOCAP")
    release.labels(
        "Ses01F_impro01",
        turn("Ses01F_impro01_M003", "3,2,2", "2,3,3", emotion="fru"),
        turn("Ses01F_impro01_F000", "4,4,4", "5,4,4", printed=(4.5, 4, 4), times=(1, 3)),
    )
    release.wav("Ses01F_impro01_M003")
    release.wav("Ses01F_impro01_F000", seconds=2)
    release.wdseg(
        "Ses01F_impro01_F000", (0, 9, "<s>"), (10, 39, "EXCUSE(8)"), (40, 99, "++LAUGHTER++"),
        (100, 149, "ME"), (150, 199, "</s>"),
    )  # fmt: skip
    release.transcription(
        "Ses01F_impro01",
        "Ses01F_impro01_F000 [001.0000-003.0000]: Excuse me.",
        'Ses01F_impro01_M003 [006.2500-007.2500]: What, "now"? \xe9',
    )
    return release


def ratings(*raters, printed=(2.5, 2.5, 2.5)):
    """Return the averages of a turn by dimension, and the issue counts."""
    issues = IssueCounts()
    (parsed,) = parse_evaluation(HEADER + turn("u", *raters, printed=printed), "labels", issues)
    names = ("valence", "activation", "dominance")
    return {name: average_rating(parsed, name, issues) for name in names}, issues


def test_columns_of_an_utterance(release):
    corpus = read_iemocap(release.root)
    row = corpus.recordings.set_index("recording").loc["Ses01F_impro01_M003"].to_dict()
    assert row == {
        "path": "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M003.wav",
        "duration": 1.0,
        "session": "Ses01",
        "speaker": "Ses01M",  # from the M of M003, not the F of Ses01F
        "gender": "M",
        "dialogue": "Ses01F_impro01",
        "start": 6.25,
        "end": 7.25,
        "emotion": "fru",
        "valence": 2.5,
        "activation": 2.5,
        "dominance": 2.5,
        "raters": 2.0,
    }
    assert corpus.recordings["recording"].is_monotonic_increasing


def test_words_are_in_seconds_and_noises_are_skipped(release):
    corpus = read_iemocap(release.root)
    assert corpus.words.values.tolist() == [
        ["Ses01F_impro01_F000", "Ses01F", "EXCUSE", 0.1, 0.4],
        ["Ses01F_impro01_F000", "Ses01F", "ME", 1.0, 1.5],
    ]
    assert corpus.summary["irregular"] == {"no forced alignment": 1}
    assert corpus.summary["left_out"] == {}
    assert corpus.summary["speakers"] == 2
    assert corpus.summary["sessions"] == 1


def test_written_tables_can_be_loaded(release, tmp_path):
    corpus = read_iemocap(release.root)
    write_corpus(corpus, tmp_path)
    loaded = load_corpus(tmp_path)
    assert loaded.recordings.equals(corpus.recordings)
    assert loaded.words.equals(corpus.words)


def test_ratings_and_transcripts_are_written(release, tmp_path):
    release.labels(
        "Ses01M_script01_1b",
        turn("Ses01M_script01_1b_F001", "4,6,", "2,3,4", printed=(3, 4.5, 4)).replace(
            "A-F1:\tval 1; act 1; dom  1;", "A-M1:\tval 5; act ; dom  1;"
        ),
    )
    release.wav("Ses01M_script01_1b_F001")
    corpus = read_iemocap(release.root)
    write_corpus(corpus, tmp_path)
    assert (tmp_path / "ratings.csv").read_text().splitlines() == [
        "recording,rater,kind,valence,activation,dominance",
        "Ses01F_impro01_F000,E2,external,4,4,4",
        "Ses01F_impro01_F000,E3,external,5,4,4",
        "Ses01F_impro01_F000,F1,self,1,1,1",
        "Ses01F_impro01_M003,E2,external,3,2,2",
        "Ses01F_impro01_M003,E3,external,2,3,3",
        "Ses01F_impro01_M003,F1,self,1,1,1",
        "Ses01M_script01_1b_F001,E2,external,4,6,",
        "Ses01M_script01_1b_F001,E3,external,2,3,4",
        "Ses01M_script01_1b_F001,M1,self,5,,1",
    ]
    assert (tmp_path / "transcripts.csv").read_text(encoding="utf-8").splitlines() == [
        "recording,style,transcript",
        "Ses01F_impro01_F000,improvised,Excuse me.",
        'Ses01F_impro01_M003,improvised,"What, ""now""? \xe9"',
        "Ses01M_script01_1b_F001,scripted,",
    ]
    assert corpus.summary["left_out"] == {
        "missing rating": 1,
        "missing rating in a self-report": 1,
        "rating of 6 dropped": 1,
    }
    assert corpus.summary["irregular"] == {
        "printed average differs: rating off the scale": 1,
        "no forced alignment": 2,
        "no transcript": 1,
    }


def test_transcription_lines_are_parsed_or_counted():
    issues = IssueCounts()
    text = "a_F0 [1-2]: Oh [LAUGHTER]\x85 no:  yes.\r\nF: Hm.\n\nM:\n"
    text += "a_F0 [3-4]: Again\na_M0 [5-6]:\x00"
    assert parse_transcription(text, issues) == {"a_F0": "Oh [LAUGHTER] no: yes.", "a_M0": ""}
    assert +issues.left_out == {
        "second transcription of an utterance": 1,
        "transcription line without an utterance": 2,
    }


def test_transcripts_without_recording_are_counted(release):
    release.transcription("Ses01F_impro02", "Ses01F_impro02_F000 [1-2]: Lost.")
    release.transcription("Ses01F_impro03", "Ses01F_impro01_F000 [1-2]: Not I.", "F: Hm.")
    corpus = read_iemocap(release.root)
    assert corpus.transcripts["transcript"].tolist()[0] == "Excuse me."
    assert corpus.summary["left_out"] == {
        "second transcription of an utterance": 1,
        "transcript without a recording": 1,
        "transcription line without an utterance": 1,
    }


def test_unpaired_labels_and_wavs_are_counted(release):
    release.labels("Ses01M_script01_1b", turn("Ses01M_script01_1b_F001", "3,3,3"))
    release.wav("Ses01F_impro02_F000")
    release.wav("Ses01F_impro01_MXX0")
    summary = read_iemocap(release.root).summary
    assert summary["recordings"] == 2
    assert summary["left_out"] == {
        "label without wav": 1,
        "wav without label": 1,
        "wav with an unknown name": 1,
    }


def test_other_ratings_and_macos_files_are_not_read(release):
    before = read_iemocap(release.root)
    wrong = turn("Ses01F_impro01_M003", "1,1,1", printed=(1, 1, 1))
    labels = "Session1/dialog/EmoEvaluation"
    for subfolder in ("Attribute", "Categorical", "Self-evaluation"):
        release.write(f"{labels}/{subfolder}/Ses01F_impro01.txt", wrong)
    release.write(f"{labels}/._Ses01F_impro01.txt", "\x00\x05\x16\x07[Mac OS X")
    wavs = "Session1/sentences/wav"
    release.write(f"{wavs}/Ses01F_impro01/._Ses01F_impro01_M003.wav", "\x00\x05\x16\x07")
    release.write(f"{wavs}/._Ses01F_impro01/Ses01F_impro01_F000.wav", "\x00\x05\x16\x07")
    after = read_iemocap(release.root)
    assert after.summary == before.summary
    assert after.recordings.equals(before.recordings)


def test_at_least_one_session_is_required(release, tmp_path):
    name = "Ses05M_script01_1b_M002"
    release.labels("Ses05M_script01_1b", turn(name, "3,3,3"), session=5)
    release.wav(name, session=5)
    assert sorted(set(read_iemocap(release.root).recordings["session"])) == ["Ses01", "Ses05"]
    with pytest.raises(CorpusError, match=f"{tmp_path}: .*Session1"):
        read_iemocap(tmp_path)
    (tmp_path / "half" / "Session2").mkdir(parents=True)
    with pytest.raises(CorpusError, match="Session2/dialog/EmoEvaluation"):
        read_iemocap(tmp_path / "half")


@pytest.mark.parametrize("content", [b"", b"RIFF\x00\x00", b"not audio at all" * 9, None])
def test_unreadable_wav_is_an_error(release, content):
    path = release.wav("Ses01F_impro01_M003")
    path.write_bytes(path.read_bytes()[:44] if content is None else content)
    with pytest.raises(CorpusError, match=r"Ses01F_impro01_M003\.wav: "):
        read_iemocap(release.root)


@pytest.mark.parametrize("suffix", [".WAV", ".Wav"])
def test_uppercase_suffixes_are_read(release, suffix):
    expected = read_iemocap(release.root).recordings
    path = release.wav("Ses01F_impro01_M003")
    path.rename(path.with_suffix(suffix))
    corpus = read_iemocap(release.root)
    assert corpus.recordings["recording"].tolist() == expected["recording"].tolist()
    assert corpus.recordings["path"].str.endswith(suffix).sum() == 1
    assert corpus.summary["left_out"].get("label without wav", 0) == 0


@pytest.mark.parametrize("position", [0, len(HEADER)])
def test_byte_order_marks_are_ignored(release, position):
    """They occur at the start of a file, or before a turn if files were concatenated."""
    expected = read_iemocap(release.root)
    for path in release.root.rglob("*.txt"):
        text = path.read_bytes()
        path.write_bytes(text[:position] + b"\xef\xbb\xbf" + text[position:])
    found = read_iemocap(release.root)
    assert found.recordings.equals(expected.recordings)
    assert found.transcripts.equals(expected.transcripts)
    assert found.summary == expected.summary


def test_truncated_wav_is_counted(release):
    path = release.wav("Ses01F_impro01_M003")
    path.write_bytes(path.read_bytes()[: 44 + 16000])
    corpus = read_iemocap(release.root)
    assert corpus.summary["irregular"]["audio shorter than its header states"] == 1
    assert corpus.summary["irregular"]["wav length differs from label"] == 1
    assert corpus.recordings["duration"].tolist() == [2.0, 0.5]


def test_words_are_clipped_to_the_wav_or_dropped(release):
    release.wdseg(
        "Ses01F_impro01_M003", (80, 120, "LONG"), (100, 130, "AFTER"), (50, 40, "BACK"),
        (-5, 9, "EARLY"), (60, 59, "NOTHING"),
    )  # fmt: skip
    corpus = read_iemocap(release.root)
    mine = corpus.words[corpus.words["recording"] == "Ses01F_impro01_M003"]
    assert mine[["word", "start", "end"]].values.tolist() == [
        ["EARLY", 0.0, 0.1],
        ["LONG", 0.8, 1.0],
    ]
    assert corpus.summary["left_out"] == {
        "word outside the recording": 1,
        "word of zero length": 1,
        "word reversed": 1,
    }
    assert corpus.summary["irregular"] == {
        "word clipped to the recording": 2,
        "word out of order": 2,
    }


def test_recording_without_words_is_kept(release):
    release.wdseg("Ses01F_impro01_F000", (0, 50, "<sil>"), (51, 99, "<breath>"))
    corpus = read_iemocap(release.root)
    assert (len(corpus.recordings), len(corpus.words)) == (2, 0)
    assert corpus.summary["irregular"]["alignment without words"] == 1
    assert corpus.summary["recordings without a word"] == 2


def test_contradictory_labels_are_counted(release):
    twice = turn("Ses01F_impro01_M003", "1,1,1", printed=(1, 1, 1))
    odd = turn("Ses01F_impro01_X003", "1,1,1", printed=(1, 1, 1))
    release.labels("Ses01M_impro07", twice, odd)
    wrong = turn("Ses01F_impro02_F000", "2,2,2", printed=(2, 2, 3))
    release.labels("Ses01F_impro02", wrong)
    release.wav("Ses01F_impro02_F000")
    corpus = read_iemocap(release.root)
    assert corpus.recordings["valence"].tolist() == [4.5, 2.5, 2.0]
    assert corpus.summary["left_out"] == {
        "second label of an utterance": 1,
        "label with an unknown name": 1,
    }
    assert corpus.summary["irregular"]["printed average differs: unknown"] == 1


def test_ratings_off_the_scale_are_dropped_or_clamped():
    averages, issues = ratings("4,6,0", "6,6,2", printed=(5, 6, 1))
    assert averages == {"valence": (4.0, 1), "activation": (5.0, 2), "dominance": (2.0, 1)}
    assert +issues.left_out == {"rating of 6 dropped": 1, "rating of 0 dropped": 1}
    assert +issues.irregular == {"rating of 6 clamped": 2}


def test_missing_ratings_are_skipped_or_replaced_by_the_printed_average():
    averages, issues = ratings("3,2,", "2,,", "2,3,", printed=(2.3333, 2.5, 5.5))
    assert averages["valence"] == (pytest.approx(7 / 3), 3)
    assert averages["activation"] == (2.5, 2)
    assert averages["dominance"] == (5.0, 0)
    assert +issues.left_out == {"missing rating": 4}
    assert +issues.irregular == {
        "no dominance rating, printed average used": 1,
        "printed dominance average clamped": 1,
    }
    assert ratings(printed=(3, 2, 1))[0]["valence"] == (3.0, 0)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_average_is_that_of_the_rater_rows(values):
    averages, issues = ratings(
        *[f"{value},{value},{value}" for value in values], printed=[np.mean(values)] * 3
    )
    assert averages["activation"] == (pytest.approx(np.mean(values)), len(values))
    assert not +issues.left_out
    assert not +issues.irregular


@pytest.mark.parametrize("printed", [2.5, 2.4999])
def test_rounded_average_matches(printed):
    text = turn("u", "2,3,3", "3,3,3", printed=(printed, 3, 3))
    assert average_mismatches(*parse_evaluation(text, "labels", IssueCounts())) == set()
    text = turn("u", "2,3,3", "3,3,3", printed=(printed + 0.01, 3, 3))
    assert average_mismatches(*parse_evaluation(text, "labels", IssueCounts())) == {"unknown"}


@pytest.mark.parametrize(
    ("raters", "printed", "reasons"),
    [
        (["4,3,3", "6,3,3"], (5, 3, 3), {"rating off the scale"}),
        (["6,3,3", "6,3,3"], (6, 3, 3), {"rating off the scale"}),
        (["4,3,3", "6,3,3"], (4, 3, 3), set()),
        (["3,3,1", "3,3,"], (3, 3, 0.5), {"missing rating"}),
        (["3,3,1", "3,3,"], (3, 3, 1), set()),
        (["4,1,1", "6,1,"], (5, 1, 0.5), {"rating off the scale", "missing rating"}),
        (["3,3,1", "3,3,"], (3, 2, 0.5), {"unknown", "missing rating"}),
        ([], (3, 2, 0.5), set()),
    ],
)
def test_reasons_why_a_printed_average_differs(raters, printed, reasons):
    text = turn("u", *raters, printed=printed)
    assert average_mismatches(*parse_evaluation(text, "labels", IssueCounts())) == reasons


def test_line_ends_and_comments_do_not_break_lines():
    text = HEADER + turn("u", "3,2,2").replace("hm;", "hm\x85 \x0b\x1c val 2;")
    issues = IssueCounts()
    for variant in (text, text.replace("\n", "\r\n"), text.rstrip()):
        (parsed,) = parse_evaluation(variant, "labels", issues)
        assert [parsed.external(name) for name in DIMENSIONS] == [[3.0], [2.0], [2.0]]
    assert not +issues.left_out


def test_damaged_head_line_is_an_error():
    text = HEADER + turn("u", "3,2,2").replace("2.5000]", "2.5")
    with pytest.raises(CorpusError, match=r"labels\.txt:3: "):
        parse_evaluation(text, "labels.txt", IssueCounts())


ALIGNMENT = wdseg((0, 9, "<s>"), (10, 39, "EXCUSE(8)"), (40, 99, "++NOISE++"), (100, 149, "ME"))


def test_alignment_rows_are_words_noises_or_counted():
    issues = IssueCounts()
    text = ALIGNMENT + "\t150 x -3 BROKEN\n150 160 -3\n  7 8 -3 A++B\n 9 10 -3 <sil>(2)\n"
    assert [word.text for word in parse_wdseg(text, issues)] == ["EXCUSE", "ME", "A++B"]
    assert +issues.left_out == {"unparsable alignment row": 2}

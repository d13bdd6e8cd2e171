"""What was found of a corpus against what is known of its release."""

import pytest

from emospeech.corpora.ami import AmiSettings, read_ami
from emospeech.corpora.check import CHECK_COLUMNS, check_ami, check_iemocap, render_check
from emospeech.corpora.iemocap import read_iemocap
from emospeech.corpora.tables import (
    load_ratings,
    load_recordings,
    load_summary,
    load_words,
    write_corpus,
    write_labels,
)
from emospeech.runtime.errors import CorpusError
from emospeech.synthetic import ami as synthetic_ami
from emospeech.synthetic import iemocap as synthetic_iemocap


@pytest.fixture(scope="module")
def iemocap(tmp_path_factory):
    """A release of 300 utterances, of which Session 4 and a dialogue are lost."""
    root = tmp_path_factory.mktemp("check") / "IEMOCAP"
    settings = synthetic_iemocap.IemocapSettings(utterances=300, audio=False)
    synthetic_iemocap.write_iemocap(root, settings, workers=1)
    (root / "Session4").rename(root / "lost")
    (root / "Session2/sentences/wav/Ses02F_impro01").rename(root / "also-lost")
    return read_iemocap(root)


@pytest.fixture(scope="module")
def meetings(tmp_path_factory):
    root = tmp_path_factory.mktemp("check") / "AMI"
    settings = synthetic_ami.AmiSettings(meetings=6, hours=0.05, audio=False)
    synthetic_ami.write_ami(root, settings, workers=1)
    return root


def read(root, **settings):
    folders = root / "amicorpus", root / "ami_public_manual_1.6.2"
    corpus = read_ami(*folders, AmiSettings(**settings))
    return by_check(check_ami(*corpus))


def by_check(table):
    assert list(table) == CHECK_COLUMNS
    return {row[:2]: row[2:] for row in table.itertuples(index=False, name=None)}


def test_what_is_lost_of_iemocap_is_told_with_its_place(iemocap):
    rows = by_check(check_iemocap(iemocap.recordings, iemocap.ratings, iemocap.summary))
    assert rows["dialogues", "Session4"] == ("30", "0", "none found")
    assert rows["dialogues", "Session2"] == ("30", "29", "1 short: Ses02F_impro01")
    assert rows["dialogues", "Session3"] == ("32", "32", "ok")
    assert rows["turns", "Ses04M"] == ("1116", "0", "none found")
    known, found, verdict = rows["turns", "Session3"]
    assert (known, verdict) == ("2136", f"{2136 - int(found)} short")
    assert rows["alignment files missing", "all"] == ("2", "2", "ok")
    assert rows["valence", "5.50"] == ("4", "4", "ok"), "the averages of the raters as they stand"
    assert rows["hours", "all"][2] == "differs"
    assert rows["emotion", "dis"][0] == "2"


def test_the_check_is_the_same_from_the_files(iemocap, tmp_path):
    paths = [tmp_path / name for name in ("r.csv", "w.csv", "s.json", "ratings.csv", "t.csv")]
    write_corpus(iemocap, *paths[:3])
    write_labels(iemocap, *paths[3:])
    loaded = load_recordings(paths[0]), load_ratings(paths[3]), load_summary(paths[2])
    memory = check_iemocap(iemocap.recordings, iemocap.ratings, iemocap.summary)
    assert check_iemocap(*loaded).equals(memory)
    assert len(load_words(paths[1])) == iemocap.summary["words"]
    with pytest.raises(CorpusError, match=r"t\.csv: "):
        load_summary(paths[4])


def test_values_and_names_that_no_release_has_are_told(iemocap):
    odd = iemocap.recordings.assign(emotion="joy")
    rows = by_check(check_iemocap(odd, iemocap.ratings, iemocap.summary))
    assert rows["emotion", "joy"] == ("0", str(len(odd)), f"{len(odd)} too many")
    assert rows["emotion", "neu"][2] == "none found"


def test_what_is_lost_of_ami_is_told_with_its_place(meetings):
    rows = read(meetings)
    assert rows["meetings", "IB"] == (
        "7", "0", "none found",
    )  # fmt: skip
    assert rows["meetings", "all"][:2] == ("171", "6")
    assert rows["meetings", "all"][2].startswith("165 short: EN2001b, EN2001d, EN2001e, EN2002a, ")
    assert rows["meetings", "all"][2].endswith("161 more")
    assert rows["words files", "all"][:2] == ("687", "25")
    assert rows["participants who speak", "all"] == ("22", "22", "ok")
    assert rows["words files without words", "all"] == ("3", "3", "ok")
    words = meetings / "ami_public_manual_1.6.2/words/ES2008a.B.words.xml"
    words.rename(meetings / "lost.xml")
    try:
        lost = read(meetings)
    finally:
        (meetings / "lost.xml").rename(words)
    assert lost["participants who speak", "all"][2] == "1 short: ES2008a (3 of 4)"


def test_a_selection_is_told_and_one_headset_has_no_other_participants(meetings):
    rows = read(meetings, meetings=("ES2008a", "EN2002c"))
    assert rows["meetings not selected", "all"] == ("0", "4", "4 too many")
    assert rows["meetings", "all"][1] == "2"
    for wav in meetings.rglob("*.Mix-Headset.wav"):
        wav.rename(wav.with_name(wav.name.replace("Mix-Headset", "Headset-0")))
    assert ("participants who speak", "all") not in read(meetings, stream="Headset-0")


def test_the_text_counts_what_differs_and_stays_in_columns(iemocap):
    table = check_iemocap(iemocap.recordings, iemocap.ratings, iemocap.summary)
    heading, head, *lines = render_check("iemocap", table).rstrip("\n").split("\n")
    wrong = sum(not line.endswith(" ok") for line in lines)
    assert heading == f"iemocap: {wrong} of {len(table)} numbers are not those of the release"
    assert len(lines) == len(table)
    assert {line[head.index("place") - 1] for line in lines} == {" "}
    fine = render_check("iemocap", table[table["verdict"] == "ok"])
    assert fine.startswith("iemocap: all is there\n")

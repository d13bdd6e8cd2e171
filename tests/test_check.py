"""Comparison of corpora with the known contents of their releases."""

import pytest

from emospeech.corpora.ami import check_ami, read_ami
from emospeech.corpora.check import CHECK_COLUMNS, render_check
from emospeech.corpora.corpus_tables import (
    load_corpus,
    load_summary,
    write_corpus,
)
from emospeech.corpora.iemocap import check_iemocap, read_iemocap
from emospeech.runtime.errors import CorpusError
from emospeech.synthetic import ami as synthetic_ami
from emospeech.synthetic import iemocap as synthetic_iemocap


@pytest.fixture(scope="module")
def iemocap(tmp_path_factory):
    """300 utterances without Session 4 and without one dialogue."""
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
    corpus = read_ami(*folders, **settings)
    return by_check(check_ami(corpus))


def by_check(table):
    assert list(table) == CHECK_COLUMNS
    return {row[:2]: row[2:] for row in table.itertuples(index=False, name=None)}


def test_missing_sessions_and_dialogues_are_listed(iemocap):
    rows = by_check(check_iemocap(iemocap))
    assert rows["dialogues", "Session4"] == ("30", "0", "none found")
    assert rows["dialogues", "Session2"] == ("30", "29", "1 missing: Ses02F_impro01")
    assert rows["dialogues", "Session3"] == ("32", "32", "ok")
    assert rows["turns", "Ses04M"] == ("1116", "0", "none found")
    expected, found, result = rows["turns", "Session3"]
    assert (expected, result) == ("2136", f"{2136 - int(found)} missing")
    assert rows["alignment files missing", "all"] == ("2", "2", "ok")
    assert rows["valence", "5.50"] == ("4", "4", "ok"), "averages include ratings off the scale"
    assert rows["hours", "all"][2] == "differs"
    assert rows["emotion", "dis"][0] == "2"


def test_written_tables_give_the_same_comparison(iemocap, tmp_path):
    write_corpus(iemocap, tmp_path)
    loaded = load_corpus(tmp_path)
    assert check_iemocap(loaded).equals(check_iemocap(iemocap))
    assert len(loaded.words) == iemocap.summary["words"]
    with pytest.raises(CorpusError, match=r"ratings\.csv: "):
        load_summary(tmp_path / "ratings.csv")


def test_unknown_values_are_listed(iemocap):
    odd = iemocap.recordings.assign(emotion="joy")
    rows = by_check(check_iemocap(iemocap._replace(recordings=odd)))
    assert rows["emotion", "joy"] == ("0", str(len(odd)), f"{len(odd)} too many")
    assert rows["emotion", "neu"][2] == "none found"


def test_missing_meetings_and_speakers_are_listed(meetings):
    rows = read(meetings)
    assert rows["meetings", "IB"] == ("7", "0", "none found")
    assert rows["meetings", "all"][:2] == ("171", "6")
    assert rows["meetings", "all"][2].startswith(
        "165 missing: EN2001b, EN2001d, EN2001e, EN2002a, "
    )
    assert rows["meetings", "all"][2].endswith("161 more")
    assert rows["words files", "all"][:2] == ("687", "25")
    assert rows["speakers", "all"] == ("22", "22", "ok")
    assert rows["words files without words", "all"] == ("3", "3", "ok")
    words = meetings / "ami_public_manual_1.6.2/words/ES2008a.B.words.xml"
    words.rename(meetings / "lost.xml")
    try:
        lost = read(meetings)
    finally:
        (meetings / "lost.xml").rename(words)
    assert lost["speakers", "all"][2] == "1 missing: ES2008a (3 of 4)"


def test_deselected_meetings_are_counted_and_speakers_skipped_for_one_headset(meetings):
    rows = read(meetings, meetings=("ES2008a", "EN2002c"))
    assert rows["meetings not selected", "all"] == ("0", "4", "4 too many")
    assert rows["meetings", "all"][1] == "2"
    for wav in meetings.rglob("*.Mix-Headset.wav"):
        wav.rename(wav.with_name(wav.name.replace("Mix-Headset", "Headset-0")))
    assert ("speakers", "all") not in read(meetings, stream="Headset-0")


def test_rendered_table_is_aligned_and_counts_differences(iemocap):
    table = check_iemocap(iemocap)
    heading, head, *lines = render_check("iemocap", table).rstrip("\n").split("\n")
    different = sum(not line.endswith(" ok") for line in lines)
    assert heading.startswith(f"iemocap: {different} of {len(table)} ")
    assert len(lines) == len(table)
    assert {line[head.index("group") - 1] for line in lines} == {" "}
    same = table[table["result"] == "ok"]
    heading = render_check("iemocap", same).partition("\n")[0]
    assert heading.startswith("iemocap: ")
    assert str(len(same)) not in heading

"""Reader for AMI, on hand-written meetings and on real annotations if available."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from emospeech.corpora.ami import read_ami
from emospeech.runtime.errors import CorpusError, InputError

SAMPLE = Path(__file__).resolve().parents[2] / "shared" / "ami-sample"
HEAD = '<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>\n'
NITE = 'xmlns:nite="http://nite.sourceforge.net/"'


def words_xml(*elements):
    return HEAD + f'<nite:root nite:id="x" {NITE}>\n' + "\n".join(elements) + "\n</nite:root>\n"


def w(text, start, end, more=""):
    return f'   <w nite:id="x" starttime="{start}" endtime="{end}"{more}>{text}</w>'


def meetings_xml(**meetings):
    """Return the text of a meetings.xml; a meeting is `{agent: (channel, name)}`."""
    lines = [HEAD + f'<nite:root nite:id="meet.00" {NITE}>']
    for meeting, people in meetings.items():
        lines.append(f'<meeting observation="{meeting}" duration="1"><!-- checked -->')
        lines.extend(
            f'<speaker nxt_agent="{agent}" channel="{channel}" global_name="{name}"/>'
            for agent, (channel, name) in people.items()
        )
        lines.append("</meeting>")
    return "\n".join([*lines, "</nite:root>\n"])


class Ami:
    """Writer for the files of the corpus."""

    def __init__(self, root):
        self.audio, self.annotations = root / "amicorpus", root / "annotations"
        self.audio.mkdir(parents=True)

    def meetings(self, **meetings):
        self.write("corpusResources/meetings.xml", meetings_xml(**meetings))

    def words(self, meeting, agent, *elements):
        self.write(f"words/{meeting}.{agent}.words.xml", words_xml(*elements))

    def write(self, path, text):
        path = self.annotations / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))

    def wav(self, meeting, seconds=10.0, stream="Mix-Headset"):
        path = self.audio / meeting / "audio" / f"{meeting}.{stream}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(round(16000 * seconds), dtype="int16"), 16000)
        return path

    def read(self, *meetings, stream="Mix-Headset"):
        return read_ami(self.audio, self.annotations, stream=stream, meetings=meetings)


@pytest.fixture
def ami(tmp_path):
    """Two meetings of two people; in EN2002c they have swapped their headsets."""
    ami = Ami(tmp_path)
    ami.meetings(
        ES2002a={"A": ("0", "MEE006"), "B": ("1", "FEE005")},
        EN2002c={"A": ("1", "FEO072"), "B": ("0", "MEE071")},
    )
    for meeting in ("ES2002a", "EN2002c"):
        ami.words(meeting, "A", w("Hi", 2.5, 3.25), w(",", 3.25, 3.25, ' punc="true"'))
        ami.words(meeting, "B", w("Hello", 1.0, 1.5), '<gap starttime="3"/>')
        ami.wav(meeting)
    return ami


def test_mixed_stream_has_the_words_of_all_participants(ami):
    corpus = ami.read()
    assert corpus.recordings["recording"].tolist() == ["EN2002c.Mix-Headset", "ES2002a.Mix-Headset"]
    row = corpus.recordings.iloc[1]
    assert row["path"] == "ES2002a/audio/ES2002a.Mix-Headset.wav"
    assert (row["duration"], row["session"], row["speaker"]) == (10.0, "ES2002a", "")
    assert corpus.recordings[["start", "end", "valence", "raters"]].isna().all(axis=None)
    assert corpus.words[corpus.words["recording"] == row["recording"]].values.tolist() == [
        ["ES2002a.Mix-Headset", "FEE005", "Hello", 1.0, 1.5],
        ["ES2002a.Mix-Headset", "MEE006", "Hi", 2.5, 3.25],
    ]
    assert corpus.summary["left_out"] == {"not a word: gap": 2, "not a word: punctuation": 2}
    assert corpus.summary["irregular"] == {}
    assert corpus.summary["speakers"] == 4


def test_headset_has_the_words_of_its_wearer(ami):
    for meeting in ("ES2002a", "EN2002c"):
        ami.wav(meeting, stream="Headset-1")
    corpus = ami.read(stream="Headset-1")
    assert corpus.words[["recording", "speaker", "word"]].values.tolist() == [
        ["EN2002c.Headset-1", "FEO072", "Hi"],
        ["ES2002a.Headset-1", "FEE005", "Hello"],
    ]


def test_unused_headset_is_counted(ami):
    ami.wav("ES2002a", stream="Headset-4")
    summary = ami.read(stream="Headset-4").summary
    assert (summary["recordings"], summary["words"]) == (1, 0)
    assert summary["irregular"]["channel without a participant"] == 1
    assert summary["left_out"] == {"meeting without this stream": 1}


def test_meetings_are_selected_and_unknown_ones_are_errors(ami):
    assert ami.read("ES2002a").recordings["session"].tolist() == ["ES2002a"]
    with pytest.raises(InputError, match="ES2002x"):
        ami.read("ES2002a", "ES2002x")
    with pytest.raises(InputError, match="Mix Headset"):
        ami.read(stream="Mix Headset")
    with pytest.raises(CorpusError, match=r"amicorpus: .*Headset-3\.wav"):
        ami.read(stream="Headset-3")


def test_unknown_agent_gets_a_name(ami):
    ami.words("ES2002a", "E", w("who", 5, 6))
    corpus = ami.read()
    assert corpus.words["speaker"].tolist()[-1] == "ES2002a.E"
    assert corpus.summary["irregular"] == {"agent not in meetings.xml": 1}


def test_words_are_kept_clipped_or_dropped(ami):
    ami.words(
        "ES2002a", "A", w("late", 9.5, 12), w("after", 10, 11), w("back", 4, 3), w("none", 5, 5),
        '<w nite:id="x">timeless</w>', w("", 1, 2), w("first", 1, 2), w("odd", "soon", 2),
        w("never", "nan", 2), '<vocalsound starttime="1" endtime="2" type="laugh"/>',
    )  # fmt: skip
    corpus = ami.read("ES2002a")
    mine = corpus.words[corpus.words["speaker"] == "MEE006"]
    assert mine[["word", "start", "end"]].values.tolist() == [["first", 1, 2], ["late", 9.5, 10]]
    assert corpus.summary["left_out"] == {
        "meeting not selected: not named": 1,
        "not a word: gap": 1,
        "not a word: vocalsound": 1,
        "word outside the recording": 1,
        "word of zero length": 1,
        "word reversed": 1,
        "word without text": 1,
        "word without times": 3,
    }
    # "back" comes before "after", and "first" before "none".
    assert corpus.summary["irregular"] == {
        "word clipped to the recording": 1,
        "word out of order": 2,
    }


def test_missing_words_are_counted(ami):
    ami.words("ES2002a", "D")
    ami.wav("IN1001")
    ami.words("IS1000a", "A", w("lost", 1, 2))
    corpus = ami.read()
    assert corpus.summary["recordings"] == 3
    assert corpus.summary["irregular"] == {
        "meeting without words": 1,
        "words file without words": 1,
    }
    assert corpus.summary["left_out"]["meeting without this stream"] == 1


def test_stray_files_are_ignored_or_counted(ami):
    before = ami.read().summary
    ami.write("words/._ES2002a.A.words.xml", "\x00\x05\x16\x07")
    audio = ami.audio / "ES2002a" / "audio"
    (audio / "._ES2002a.Mix-Headset.wav").write_bytes(b"\x00\x05")
    (audio / "ES2002a.Headset-0.wav").write_bytes(b"")
    assert ami.read().summary == before
    ami.write("words/notes.xml", "")
    (audio / "EN2002c.Mix-Headset.wav").write_bytes(b"")
    extra = {"words file with an unknown name": 1, "wav in another meeting's folder": 1}
    assert ami.read().summary["left_out"] == before["left_out"] | extra


@pytest.mark.parametrize("suffix", [".WAV", ".Wav"])
def test_uppercase_suffixes_are_read(ami, suffix):
    expected = ami.read().recordings["recording"].tolist()
    path = ami.wav("ES2002a")
    path.rename(path.with_suffix(suffix))
    assert ami.read().recordings["recording"].tolist() == expected
    ami.wav("ES2002a")
    assert ami.read().recordings["recording"].tolist() == expected
    assert ami.read().summary["left_out"]["second wav of a meeting"] == 1


@pytest.mark.parametrize("content", [b"", b"RIFF\x24", b"<html>Not Found</html>"])
def test_unreadable_wav_is_an_error(ami, content):
    ami.wav("ES2002a").write_bytes(content)
    with pytest.raises(CorpusError, match=r"ES2002a\.Mix-Headset\.wav: "):
        ami.read()


def test_missing_folders_are_errors(ami, tmp_path):
    with pytest.raises(CorpusError, match=r"meetings\.xml: "):
        read_ami(ami.audio, tmp_path)
    with pytest.raises(CorpusError, match="nowhere: "):
        read_ami(tmp_path / "nowhere", ami.annotations)
    (ami.annotations / "words").rename(tmp_path / "words")
    with pytest.raises(CorpusError, match="words: "):
        ami.read()


@pytest.mark.parametrize(
    "text",
    [
        "",
        words_xml(w("Hi", 1, 2))[:-20],
        "<words/>",
        words_xml("<w>&unknown;</w>"),
        '<?xml version="1.0" encoding="klingon"?><root/>',
        '<!DOCTYPE r [<!ENTITY a "b">]><root><w>&a;</w></root>',
    ],
)
def test_damaged_xml_is_an_error(ami, text):
    ami.write("words/ES2002a.A.words.xml", text)
    with pytest.raises(CorpusError, match=r"ES2002a\.A\.words\.xml"):
        ami.read()


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="no real AMI annotations in ../shared")
def test_irregularities_of_real_annotations(tmp_path):
    ami = Ami(tmp_path)
    ami.annotations = SAMPLE
    for meeting in ("EN2002c", "EN2003a", "EN2009c", "ES2002a", "ES2008a", "IN1001"):
        ami.wav(meeting, seconds=3700)
    corpus = ami.read()
    text = "".join(path.read_text("latin-1") for path in SAMPLE.glob("words/*.xml"))
    punctuation = text.count('punc="true"')
    assert corpus.summary["words"] == text.count("<w ") - punctuation - 2
    assert corpus.summary["left_out"]["not a word: punctuation"] == punctuation
    assert corpus.summary["left_out"]["word without times"] == 2
    assert corpus.summary["irregular"] == {"words file without words": 4}
    speakers = set(corpus.words["speaker"])
    assert {"FEO072", "MEE071", "MEE073"} <= speakers
    assert not any("." in speaker for speaker in speakers)


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="no real AMI annotations in ../shared")
def test_all_words_of_real_annotations_are_read(tmp_path):
    """The number of words equals an independent count by an XML event parser."""
    counted = {}
    for path in sorted(SAMPLE.glob("words/*.xml")):
        meeting, agent = path.name.split(".")[:2]
        spoken = 0
        for _, element in ElementTree.iterparse(path):
            times = [element.attrib.get(name) for name in ("starttime", "endtime")]
            if element.tag == "w" and "punc" not in element.attrib and None not in times:
                spoken += float(times[0]) < float(times[1])
        if spoken:
            counted[meeting, agent] = spoken
    people = {}
    for _, element in ElementTree.iterparse(SAMPLE / "corpusResources" / "meetings.xml"):
        if element.tag == "meeting":
            for seat in element.findall("speaker"):
                person = (element.get("observation"), seat.get("global_name"))
                people[person] = seat.get("nxt_agent")
    ami = Ami(tmp_path)
    ami.annotations = SAMPLE
    for meeting in {meeting for meeting, _ in counted}:
        ami.wav(meeting, seconds=7200)
    words = ami.read().words
    read = words.groupby([words["recording"].str.partition(".")[0], "speaker"]).size()
    assert {(m, people[m, who]): count for (m, who), count in read.items()} == counted
    assert len(counted) == 20

"""The synthetic AMI: its meetings, its annotations with all their faults, and its streams."""

import hashlib
import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from emospeech.corpora import ami as reader
from emospeech.runtime.errors import InputError
from emospeech.synthetic import ami, meetings
from emospeech.synthetic.ami import AmiSettings, write_ami
from emospeech.synthetic.conversation import meeting_elements, meeting_turns

ANNOTATIONS = "ami_public_manual_1.6.2"
TINY = AmiSettings(meetings=4, hours=4 * 30 / 3600)
FILE = re.compile(r"(EN|ES|IB|IN|IS|TS)\d{4}[a-e]?\.[A-E]\.words\.xml")
HEADSETS = tuple(f"Headset-{n}" for n in range(5))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("synthetic") / "AMI"
    write_ami(root, replace(TINY, streams=("Mix-Headset", *HEADSETS)), workers=1)
    return root


def read(root, stream="Mix-Headset"):
    settings = reader.AmiSettings(stream=stream)
    return reader.read_ami(root / "amicorpus", root / ANNOTATIONS, settings)


def digest(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_full_plan_has_the_meetings_files_and_hours_of_ami():
    names = meetings.meeting_names()
    planned = meetings.plan_meetings(171, 100.0, seed=1)
    assert [meeting.name for meeting in planned] == names
    assert len(names) == 171
    counts = {"ES": 60, "IS": 38, "TS": 40, "EN": 16, "IB": 7, "IN": 10}
    assert Counter(name[:2] for name in names) == counts
    assert sum(len(meeting.agents) for meeting in planned) == 687
    assert sum(len(meeting.absent) for meeting in planned) == 5
    assert sum(meeting.seconds for meeting in planned) == pytest.approx(100 * 3600, abs=1)
    for meeting in planned:
        assert len(set(meeting.people.values())) == len(meeting.people)
        assert len(set(meeting.channels.values())) == len(meeting.people)
    short = [m.seconds - m.stated for m in planned if m.stated < m.seconds]
    assert len(short) >= 10
    assert 34 < max(short) <= 68


def test_the_faults_of_the_full_corpus_have_the_known_totals():
    for faults, total in (("TIMELESS", 4), ("REVERSED", 11), ("EARLY", 13), ("INSTANT", 8)):
        assert sum(getattr(meetings, faults).values()) == total


def test_planned_faults_come_out_in_full_where_the_meeting_is_long_enough():
    planned = meetings.plan_meetings(15, 5.0, seed=3)
    found = Counter()
    for meeting in planned:
        turns = meeting_turns(meeting, seed=3)
        for elements in meeting_elements(meeting, turns, seed=3).values():
            words = [element for element in elements if element.is_word]
            timed = [word for word in words if word.start is not None]
            found["timeless"] += len(words) - len(timed)
            found["reversed"] += sum(word.end < word.start for word in timed)
            found["instant"] += sum(word.end == word.start for word in timed)
            pairs = pairwise(timed)
            found["early"] += sum(after.start < before.start for before, after in pairs)
    assert found == {"timeless": 4, "reversed": 11, "instant": 8, "early": 13}


def test_people_talk_to_the_end_of_a_long_meeting():
    for meeting in meetings.plan_meetings(20, 20.0, seed=1):
        turns = meeting_turns(meeting, seed=1)
        assert turns[-1].end > meeting.seconds - 20
        spoken = sum(turn.end - turn.start for turn in turns)
        assert 0.7 < spoken / meeting.seconds < 1.2
        for agent in meeting.people:
            own = [turn for turn in turns if turn.agent == agent]
            assert all(a.end < b.start for a, b in pairwise(own))


def test_a_smaller_corpus_starts_with_the_irregular_meetings():
    four = meetings.choose_meetings(4, seed=1)
    assert four == ["EN2001a", "EN2002c", "EN2009c", "ES2008a"]
    forty = meetings.choose_meetings(40, seed=1)
    assert {name[:2] for name in forty} == {"ES", "IS", "TS", "EN", "IB", "IN"}
    assert set(four) < set(forty)


def test_the_bytes_do_not_depend_on_the_workers(corpus, tmp_path):
    write_ami(tmp_path, replace(TINY, streams=("Mix-Headset", *HEADSETS)), workers=2)
    assert digest(tmp_path) == digest(corpus)


def test_the_reader_finds_every_irregularity(corpus):
    found = read(corpus)
    assert len(found.recordings) == 4
    left_out, irregular = found.summary["left_out"], found.summary["irregular"]
    for kind in ("disfmarker", "gap", "vocalsound", "transformerror", "punctuation"):
        assert left_out[f"not a word: {kind}"] >= 1
    for fault in ("reversed", "of no length", "without times", "beyond the recording"):
        assert left_out[f"word {fault}"] >= 1
    assert irregular["word out of order"] >= 1
    assert irregular["word clipped to the recording"] >= 1
    assert irregular["words file without words"] == 2
    assert (found.words["end"] > found.words["start"]).all()


def test_words_files_are_as_the_format_says(corpus):
    files = sorted((corpus / ANNOTATIONS / "words").iterdir())
    assert len(files) == 17
    for path in files:
        assert FILE.fullmatch(path.name)
        root = ElementTree.parse(path).getroot()
        assert root.tag == "{http://nite.sourceforge.net/}root"
        if len(root):
            assert b'encoding="ISO-8859-1"' in path.read_bytes()
        names = [element.get("{http://nite.sourceforge.net/}id") for element in root]
        stem = path.name.removesuffix(".xml")
        assert names == [f"{stem}{number}" for number in range(len(root))]


def test_words_run_past_the_stated_duration_but_start_within_the_meeting(corpus):
    stated = ElementTree.parse(corpus / ANNOTATIONS / "corpusResources" / "meetings.xml").getroot()
    stated = {m.get("observation"): float(m.get("duration")) for m in stated.iter("meeting")}
    words = read(corpus).words
    past = words[words["end"] > words["recording"].str.split(".").str[0].map(stated)]
    assert {"EN2009c.Mix-Headset"} <= set(past["recording"])


def test_channels_follow_meetings_xml(corpus):
    """In EN2002c the first participant wears headset 1, so that is where A's words are loud."""
    tree = ElementTree.parse(corpus / ANNOTATIONS / "corpusResources" / "meetings.xml").getroot()
    seats = {
        meeting.get("observation"): {s.get("nxt_agent"): s.get("channel") for s in meeting}
        for meeting in tree.iter("meeting")
    }
    assert seats["EN2002c"] == {"A": "1", "B": "2", "C": "3"}
    assert seats["EN2001a"] == {"A": "0", "B": "1", "C": "2", "D": "3", "E": "4"}
    spoken = read(corpus, "Headset-1").words.query("recording == 'EN2002c.Headset-1'")
    powers = [
        np.mean([np.mean(cut(corpus, f"Headset-{n}", row) ** 2) for row in spoken.itertuples()])
        for n in range(4)
    ]
    assert powers[1] > 5 * max(powers[0], powers[2], powers[3])


def cut(corpus, stream, word):
    path = corpus / "amicorpus" / "EN2002c" / "audio" / f"EN2002c.{stream}.wav"
    signal, rate = soundfile.read(path, always_2d=True)
    return signal[int(word.start * rate) : int(word.end * rate), 0]


def test_streams_have_the_right_lengths_channels_and_meetings(corpus):
    for meeting in meetings.plan_meetings(TINY.meetings, TINY.hours, TINY.seed):
        folder = corpus / "amicorpus" / meeting.name / "audio"
        streams = 6 if meeting.name == "EN2001a" else 5
        paths = sorted(folder.iterdir())
        assert len(paths) == streams
        for path in paths:
            info = soundfile.info(path)
            assert (info.samplerate, info.subtype) == (16000, "PCM_16")
            assert info.frames == round(meeting.seconds * 16000)
            assert info.channels == (2 if meeting.name == "EN2002c" else 1)


def test_speech_is_where_the_words_are(corpus):
    words = read(corpus).words.query("recording == 'EN2001a.Mix-Headset'")
    path = corpus / "amicorpus" / "EN2001a" / "audio" / "EN2001a.Mix-Headset.wav"
    signal, rate = soundfile.read(path)
    spoken = np.zeros(len(signal), bool)
    for word in words.itertuples():
        spoken[int(word.start * rate) : int(word.end * rate)] = True
    assert np.mean(signal[spoken] ** 2) > 5 * np.mean(signal[~spoken] ** 2)


def test_blocks_are_one_signal(monkeypatch):
    """Blocks of a few seconds hold the same samples as blocks of a minute."""
    (meeting,) = meetings.plan_meetings(1, 50 / 3600, seed=1)
    turns = meeting_turns(meeting, seed=1)
    whole = [block.copy() for block in ami.speech_blocks(meeting, turns, seed=1)]
    monkeypatch.setattr(ami, "BLOCK", 20 * 16000)
    parts = [block.copy() for block in ami.speech_blocks(meeting, turns, seed=1)]
    assert len(parts) == 3
    assert np.array_equal(np.concatenate(parts, axis=1), np.concatenate(whole, axis=1))


def test_silent_streams_have_the_right_lengths(corpus, tmp_path):
    write_ami(tmp_path, replace(TINY, audio=False), workers=1)
    for silent in tmp_path.rglob("*.wav"):
        info = soundfile.info(silent)
        spoken = soundfile.info(corpus / silent.relative_to(tmp_path))
        assert (info.frames, info.channels) == (spoken.frames, spoken.channels)


@pytest.mark.parametrize(
    "wrong", [{"meetings": 0}, {"meetings": 172}, {"hours": 0.001}, {"streams": ("Array1-01",)}]
)
def test_impossible_settings_are_refused(tmp_path, wrong):
    with pytest.raises(InputError):
        write_ami(tmp_path / "none", replace(TINY, **wrong), workers=1)
    assert not (tmp_path / "none").exists()

"""The synthetic AMI: its meetings, its annotations with their irregularities, and its streams."""

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
from emospeech.synthetic import ami
from emospeech.synthetic.ami import ANNOTATIONS, AmiSettings, write_ami
from emospeech.synthetic.ami_annotations import FAULTS, draw_elements
from emospeech.synthetic.ami_plan import choose_meetings, draw_turns, plan_meetings
from tests.conftest import file_digests

HEADSETS = tuple(f"Headset-{n}" for n in range(5))
SMALL = AmiSettings(meetings=4, hours=4 * 30 / 3600, streams=("Mix-Headset", *HEADSETS))
FILE = re.compile(r"(EN|ES|IB|IN|IS|TS)\d{4}[a-e]?\.[A-E]\.words\.xml")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("synthetic") / "AMI"
    write_ami(root, SMALL, workers=1)
    return root


@pytest.fixture(scope="module")
def meetings_xml(corpus):
    path = corpus / ANNOTATIONS / "corpusResources" / "meetings.xml"
    return list(ElementTree.parse(path).getroot().iter("meeting"))


def read(root, stream="Mix-Headset"):
    return reader.read_ami(root / "amicorpus", root / ANNOTATIONS, stream=stream)


def wav_of(corpus, recording):
    meeting = recording.split(".")[0]
    return corpus / "amicorpus" / meeting / "audio" / f"{recording}.wav"


def test_full_plan_matches_the_meetings_files_and_hours_of_the_release():
    planned = plan_meetings(171, 100.0, seed=1)
    names = [meeting.name for meeting in planned]
    assert names == sorted(set(names))
    counts = {"ES": 60, "IS": 38, "TS": 40, "EN": 16, "IB": 7, "IN": 10}
    assert Counter(name[:2] for name in names) == counts
    assert sum(len(meeting.agents) for meeting in planned) == 687
    assert sum(len(meeting.absent) for meeting in planned) == 5
    assert sum(meeting.seconds for meeting in planned) == pytest.approx(100 * 3600, abs=1)
    for meeting in planned:
        assert len(set(meeting.people.values())) == len(meeting.people)
        assert len(set(meeting.channels.values())) == len(meeting.people)
    overruns = [m.seconds - m.stated for m in planned if m.stated < m.seconds]
    assert len(overruns) >= 10
    assert 34 < max(overruns) <= 68


def test_all_planned_faults_occur_if_the_meetings_are_long_enough():
    found = Counter()
    for meeting in plan_meetings(15, 5.0, seed=3):
        turns = draw_turns(meeting, seed=3)
        for elements in draw_elements(meeting, turns, seed=3).values():
            words = [element for element in elements if element.is_word]
            timed = [word for word in words if word.start is not None]
            found["timeless"] += len(words) - len(timed)
            found["reversed"] += sum(word.end < word.start for word in timed)
            found["instant"] += sum(word.end == word.start for word in timed)
            found["early"] += sum(after.start < word.start for word, after in pairwise(timed))
    totals = {kind: sum(files.values()) for kind, files in FAULTS.items()}
    assert found == totals == {"timeless": 4, "reversed": 11, "instant": 8, "early": 13}


def test_turns_fill_a_long_meeting_without_overlapping_themselves():
    for meeting in plan_meetings(20, 20.0, seed=1):
        turns = draw_turns(meeting, seed=1)
        assert turns[-1].end > meeting.seconds - 20
        spoken = sum(turn.end - turn.start for turn in turns)
        assert 0.7 < spoken / meeting.seconds < 1.2
        for agent in meeting.people:
            own = [turn for turn in turns if turn.agent == agent]
            assert all(a.end < b.start for a, b in pairwise(own))


def test_smaller_corpora_start_with_the_irregular_meetings():
    four = choose_meetings(4, seed=1)
    assert four == ["EN2001a", "EN2002c", "EN2009c", "ES2008a"]
    forty = choose_meetings(40, seed=1)
    assert {name[:2] for name in forty} == {"ES", "IS", "TS", "EN", "IB", "IN"}
    assert set(four) < set(forty)


def test_bytes_do_not_depend_on_the_workers(corpus, tmp_path):
    write_ami(tmp_path, SMALL, workers=2)
    assert file_digests(tmp_path) == file_digests(corpus)


def test_reader_finds_every_irregularity(corpus):
    found = read(corpus)
    assert len(found.recordings) == 4
    left_out, irregular = found.summary["left_out"], found.summary["irregular"]
    for kind in ("disfmarker", "gap", "vocalsound", "transformerror", "punctuation"):
        assert left_out[f"not a word: {kind}"] >= 1
    for fault in ("reversed", "of zero length", "without times", "outside the recording"):
        assert left_out[f"word {fault}"] >= 1
    assert irregular["word out of order"] >= 1
    assert irregular["word clipped to the recording"] >= 1
    assert irregular["words file without words"] == 2
    assert (found.words["end"] > found.words["start"]).all()


def test_words_files_follow_the_format(corpus):
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


def test_words_end_after_the_stated_duration(corpus, meetings_xml):
    stated = {m.get("observation"): float(m.get("duration")) for m in meetings_xml}
    words = read(corpus).words
    past = words[words["end"] > words["recording"].str.split(".").str[0].map(stated)]
    assert {"EN2009c.Mix-Headset"} <= set(past["recording"])


def test_headsets_follow_the_channels_of_meetings_xml(corpus, meetings_xml):
    """In EN2002c agent A wears headset 1, so A's words are loud on it."""
    seats = {
        meeting.get("observation"): {s.get("nxt_agent"): s.get("channel") for s in meeting}
        for meeting in meetings_xml
    }
    assert seats["EN2002c"] == {"A": "1", "B": "2", "C": "3"}
    assert seats["EN2001a"] == {"A": "0", "B": "1", "C": "2", "D": "3", "E": "4"}
    words = read(corpus, "Headset-1").words.query("recording == 'EN2002c.Headset-1'")
    powers = []
    for headset in range(4):
        path = wav_of(corpus, f"EN2002c.Headset-{headset}")
        signal, rate = soundfile.read(path, always_2d=True)
        times = zip(words["start"], words["end"], strict=True)
        cuts = [signal[int(start * rate) : int(end * rate), 0] for start, end in times]
        powers.append(np.mean([np.mean(cut**2) for cut in cuts]))
    assert powers[1] > 5 * max(powers[0], powers[2], powers[3])


def test_streams_have_the_planned_lengths_and_channels(corpus, tmp_path):
    write_ami(tmp_path, replace(SMALL, audio=False), workers=1)
    for meeting in plan_meetings(SMALL.meetings, SMALL.hours, SMALL.seed):
        folder = wav_of(corpus, meeting.name).parent
        paths = sorted(folder.iterdir())
        assert len(paths) == (6 if meeting.name == "EN2001a" else 5)
        for path in (*paths, *(tmp_path / path.relative_to(corpus) for path in paths)):
            info = soundfile.info(path)
            assert (info.samplerate, info.subtype) == (16000, "PCM_16")
            assert info.frames == round(meeting.seconds * 16000)
            assert info.channels == (2 if meeting.name == "EN2002c" else 1)


def test_words_are_louder_than_pauses(corpus):
    words = read(corpus).words.query("recording == 'EN2001a.Mix-Headset'")
    signal, rate = soundfile.read(wav_of(corpus, "EN2001a.Mix-Headset"))
    spoken = np.zeros(len(signal), bool)
    for word in words.itertuples():
        spoken[int(word.start * rate) : int(word.end * rate)] = True
    assert np.mean(signal[spoken] ** 2) > 5 * np.mean(signal[~spoken] ** 2)


def test_block_size_does_not_change_the_signal(monkeypatch):
    (meeting,) = plan_meetings(1, 50 / 3600, seed=1)
    turns = draw_turns(meeting, seed=1)
    whole = [block.copy() for block in ami.speech_blocks(meeting, turns, seed=1)]
    monkeypatch.setattr(ami, "BLOCK", 20 * 16000)
    blocks = [block.copy() for block in ami.speech_blocks(meeting, turns, seed=1)]
    assert len(blocks) == 3
    assert np.array_equal(np.concatenate(blocks, axis=1), np.concatenate(whole, axis=1))


@pytest.mark.parametrize(
    "wrong", [{"meetings": 0}, {"meetings": 172}, {"hours": 0.001}, {"streams": ("Array1-01",)}]
)
def test_impossible_settings_are_rejected(tmp_path, wrong):
    (setting,) = wrong
    with pytest.raises(InputError, match=rf"corpora\.(synthetic|ami)\.{setting.rstrip('s')}"):
        write_ami(tmp_path / "none", replace(SMALL, **wrong), workers=1)
    assert not (tmp_path / "none").exists()

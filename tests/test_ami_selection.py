"""Selection of AMI meetings by name, partition and hours."""

from collections import Counter

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from emospeech.corpora.ami import draw_order, read_ami, take_hours
from emospeech.corpora.ami_release import meeting_names, partition_of, select_meetings
from emospeech.corpora.issues import IssueCounts
from emospeech.runtime.errors import InputError

NAMES = ("EN2002a", "ES2002a", "ES2011d", "IB4001", "IS1000a", "TS3003a")


@pytest.fixture(scope="module")
def ami(tmp_path_factory):
    """Six meetings without words that last 36 s (0.01 h) each."""
    root = tmp_path_factory.mktemp("ami")
    for name in NAMES:
        path = root / "audio" / name / "audio" / f"{name}.Mix-Headset.wav"
        path.parent.mkdir(parents=True)
        soundfile.write(path, np.zeros(8000 * 36, dtype="int16"), 8000)
    (root / "words").mkdir()
    (root / "corpusResources").mkdir()
    (root / "corpusResources/meetings.xml").write_text('<root><meeting observation="x"/></root>')
    return root


def read(root, **settings):
    corpus = read_ami(root / "audio", root, **settings)
    counts = Counter(corpus.summary["left_out"]) + Counter(corpus.summary["irregular"])
    chosen = {name: n for name, n in counts.items() if "selected" in name or "hours" in name}
    return corpus.recordings["session"].tolist(), chosen


def test_partitions_have_the_published_sizes():
    assert Counter(map(partition_of, meeting_names())) == {"train": 137, "dev": 18, "eval": 16}
    assert partition_of("ES2002x") == ""
    assert partition_of("IS1008c") == partition_of("IB4011") == "dev"
    assert partition_of("EN2002d") == partition_of("TS3003b") == "eval"
    assert partition_of("EN2001a") == partition_of("IB4005") == "train"


@pytest.mark.parametrize(
    ("partition", "names"),
    [
        ("all", list(NAMES)),
        ("train", ["ES2002a", "IS1000a"]),
        ("dev", ["ES2011d", "IB4001"]),
        ("eval", ["EN2002a", "TS3003a"]),
    ],
)
def test_partition_is_read_and_other_meetings_are_counted(ami, partition, names):
    others = {"meeting not selected: another partition": 4} if partition != "all" else {}
    assert read(ami, partition=partition) == (names, others)


def test_names_partition_and_hours_combine(ami):
    named = ("IB4001", "EN2002a", "ES2011d")
    found, counts = read(ami, meetings=named, partition="dev", hours=0.009)
    assert found in (["IB4001"], ["ES2011d"])
    assert counts == {
        "meeting not selected: not named": 3,
        "meeting not selected: another partition": 1,
        "meeting not selected: hours reached": 1,
    }
    with pytest.raises(InputError, match=r"^partition: .*`train`"):
        read(ami, meetings=named, partition="train")


@pytest.mark.parametrize("settings", [{"partition": "test"}, {"hours": 0}, {"hours": float("nan")}])
def test_impossible_selection_is_an_error(ami, settings):
    with pytest.raises(InputError, match=next(iter(settings))):
        read(ami, **settings)


def test_more_hours_include_the_meetings_of_fewer(ami):
    before = set()
    for count in range(1, 7):
        found, counts = read(ami, hours=count / 100)
        assert len(found) == count, "no meeting is cut or read in excess"
        assert before < set(found)
        assert counts.get("meeting not selected: hours reached", 0) == 6 - count
        before = set(found)
    assert read(ami, hours=0.011)[0] == read(ami, hours=0.02)[0]
    assert read(ami, hours=0.07)[1] == {"fewer hours found than requested": 1}
    assert len({tuple(read(ami, hours=0.02, seed=seed)[0]) for seed in range(8)}) > 3


@given(st.sets(st.sampled_from(meeting_names()), min_size=2), st.integers(0, 9))
def test_missing_meetings_do_not_change_the_order(meetings, seed):
    order = draw_order(meeting_names(), seed)
    assert draw_order(meetings, seed) == [name for name in order if name in meetings]


def test_no_more_recordings_than_needed_are_measured():
    seen = []
    rows = ({"duration": seen.append(n) or 1800.0} for n in range(9))
    assert len(take_hours(rows, 1.0, IssueCounts())) == len(seen) == 2


def test_empty_corpus_has_an_empty_selection():
    assert select_meetings((), partition="dev") == []

"""Reader for the AMI Meeting Corpus: one audio stream of each meeting, and its words.

The default stream, Mix-Headset, is the sum of all headset microphones. It contains the words of all
participants, and one such stream of each of the 171 meetings gives the 100 hours that the corpus is
known for. A single headset has the words of its wearer, who is looked up in meetings.xml. Words are
clipped to the length of the wav, because the durations in meetings.xml are often too short.

With a limit in hours, meetings are read in an order that depends only on the seed and on the name
of each meeting. A larger limit therefore includes the meetings of a smaller one, and a missing or
deselected meeting does not change the order of the others.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from emospeech.corpora import ami_release
from emospeech.corpora.audio import WAV, audio_duration
from emospeech.corpora.check import (
    CHECK_COLUMNS,
    compare,
    compare_measure,
    compare_names,
)
from emospeech.corpora.corpus_tables import Corpus, make_corpus
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.nxt import Participant, read_meetings, read_words
from emospeech.corpora.registry import RELEASES
from emospeech.corpora.words import clip_words
from emospeech.runtime.errors import CorpusError, InputError
from emospeech.runtime.rng import named_rng

CITATION = (
    "J. Carletta et al. The AMI meeting corpus: A pre-announcement. "
    "Machine Learning for Multimodal Interaction, 28-39, 2005."
)
WORDS_FILE = re.compile(r"(?P<meeting>[A-Za-z0-9]+)\.(?P<agent>[A-Za-z0-9]+)\.words\.xml")
STREAM = re.compile(r"[A-Za-z]+(?:[0-9]*-[A-Za-z0-9]+)*")
PERSONAL_MICROPHONE = re.compile(r"(?:Headset|Lapel)-([0-9]+)")


@dataclass(frozen=True)
class AmiSettings:
    """The part of AMI to read."""

    stream: str = "Mix-Headset"  # the part of file names between the meeting and `.wav`
    meetings: tuple[str, ...] = ()  # empty for all
    partition: str = "all"  # or "train", "dev" or "eval" of full-corpus-asr
    hours: float | None = None  # minimum total duration, in a random order; None for all
    seed: int = 1  # of that order


def read_ami(audio: str | Path, annotations: str | Path, **selection: Any) -> Corpus:
    """Read one stream of AMI.

    A recording is named like `ES2002a.Mix-Headset`; its session is the meeting.

    Args:
        audio: The folder of the meetings. Paths in the table of recordings are relative to it.
        annotations: The folder of the manual annotations.
        **selection: Fields of AmiSettings; the default is the whole corpus.

    Raises:
        CorpusError: A folder is incomplete, or a file cannot be read.
        InputError: A setting does not fit the corpus.
    """
    settings = AmiSettings(**selection)
    audio, annotations, issues = Path(audio), Path(annotations), IssueCounts()
    if not STREAM.fullmatch(settings.stream):
        problem = f"`{settings.stream}` is not a stream. Use one such as Mix-Headset or Headset-0."
        raise InputError("stream", problem)
    participants = read_meetings(annotations / "corpusResources" / "meetings.xml", issues)
    words_files = _find_words_files(annotations / "words", issues)
    wavs = _find_wavs(audio, settings.stream, issues)
    found = wavs.keys() | words_files.keys()
    selected = ami_release.select_meetings(found, settings.meetings, settings.partition)
    named = len(set(settings.meetings) or found)
    issues.left_out["meeting not selected: not named"] += len(found) - named
    issues.left_out["meeting not selected: another partition"] += named - len(selected)
    issues.left_out["meeting without this stream"] += len(set(selected) - wavs.keys())
    meetings = draw_order(wavs.keys() & selected, settings.seed)
    rows = (
        {
            "recording": wavs[meeting].stem,
            "path": wavs[meeting].relative_to(audio).as_posix(),
            "duration": audio_duration(wavs[meeting], issues),
            "session": meeting,
        }
        for meeting in meetings
    )
    recordings = take_hours(rows, settings.hours, issues)
    issues.left_out["meeting not selected: hours reached"] += len(meetings) - len(recordings)
    if not recordings:
        expected = f"<meeting>/audio/<meeting>.{settings.stream}.wav"
        raise CorpusError(audio, f"contains no {expected}. Give the folder of the meetings.")
    words = []
    for row in recordings:
        files, people = words_files.get(row["session"], {}), participants.get(row["session"], {})
        words += _recording_words(row, files, people, settings.stream, issues)
    corpus = make_corpus("ami", recordings, words, issues)
    n_files = sum(map(len, words_files.values()))
    corpus.summary.update(
        {"words files": n_files}, licence=RELEASES["ami"].licence, citation=CITATION
    )
    return corpus


def check_ami(corpus: Corpus) -> pd.DataFrame:
    """Return a table of CHECK_COLUMNS that compares AMI with the contents of its release."""
    recordings, words, summary = corpus.recordings, corpus.words, corpus.summary
    found, names = set(recordings["session"]), ami_release.meeting_names()
    deselected = sum(
        n for issue, n in summary["left_out"].items() if issue.startswith("meeting not selected")
    )
    sites = sorted({name[:2] for name in names})
    groups = {site: [name for name in names if name[:2] == site] for site in sites}
    for partition in ami_release.PARTITIONS:
        groups[partition] = [name for name in names if ami_release.partition_of(name) == partition]
    groups["all"] = names
    rows = [
        *(compare_names("meetings", group, members, found) for group, members in groups.items()),
        compare("meetings with another name", "all", 0, len(found - set(names))),
        compare("meetings not selected", "all", 0, deselected),
        compare_measure("hours", ami_release.HOURS, recordings["duration"].sum() / 3600),
        compare("words files", "all", ami_release.WORDS_FILES, summary["words files"]),
    ]
    streams = recordings["recording"].str.partition(".")[2]
    if not streams.map(PERSONAL_MICROPHONE.fullmatch).any():
        expected = recordings.set_index("recording")["session"].map(ami_release.speakers_in)
        speaking = words.groupby("recording")["speaker"].nunique()
        speaking = speaking.reindex(expected.index, fill_value=0)
        missing = [
            f"{name.partition('.')[0]} ({speaking[name]} of {expected[name]})"
            for name in expected.index[speaking < expected]
        ]
        empty = recordings["session"].isin(ami_release.THREE_SPEAKERS).sum()
        without_words = summary["irregular"].get("words file without words", 0)
        rows += [
            compare("speakers", "all", expected.sum(), speaking.sum(), missing),
            compare("words files without words", "all", empty, without_words),
        ]
    return pd.DataFrame(rows, columns=CHECK_COLUMNS)


def draw_order(meetings: Iterable[str], seed: int) -> list[str]:
    """Return the meetings in a random order."""
    return sorted(meetings, key=lambda meeting: (named_rng(seed, meeting).random(), meeting))


def take_hours(recordings: Iterable[dict], hours: float | None, issues: IssueCounts) -> list[dict]:
    """Return the first recordings that together last at least `hours`, or all for None.

    No more recordings than needed are consumed. Raises InputError unless `hours` is positive.
    """
    if hours is not None and not hours > 0:
        raise InputError("hours", f"is {hours}. Use a number above 0, or null for all.")
    taken, seconds = [], 0.0
    for recording in recordings:
        taken.append(recording)
        seconds += recording["duration"]
        if hours is not None and seconds >= hours * 3600:
            return taken
    issues.irregular["fewer hours found than requested"] += hours is not None
    return taken


def _find_words_files(folder: Path, issues: IssueCounts) -> dict[str, dict[str, Path]]:
    """Return the words files in a folder by meeting and agent."""
    if not folder.is_dir():
        raise CorpusError(folder, "does not exist. Give the folder of the manual annotations.")
    files = {}
    for path in sorted(folder.glob("[!.]*")):  # macOS adds files named `._*`
        if name := WORDS_FILE.fullmatch(path.name):
            files.setdefault(name["meeting"], {})[name["agent"]] = path
        else:
            issues.left_out["words file with an unknown name"] += 1
    return files


def _find_wavs(audio: Path, stream: str, issues: IssueCounts) -> dict[str, Path]:
    """Return the wav files of a stream by meeting."""
    wavs = {}
    for path in sorted(audio.glob(f"[!.]*/audio/[!.]*.{stream}.{WAV}")):
        meeting = path.parts[-3]
        if path.stem != f"{meeting}.{stream}":
            issues.left_out["wav in another meeting's folder"] += 1
        elif meeting in wavs:
            issues.left_out["second wav of a meeting"] += 1
        else:
            wavs[meeting] = path
    return wavs


def _recording_words(
    recording: Mapping,
    words_files: Mapping[str, Path],
    participants: Mapping[str, Participant],
    stream: str,
    issues: IssueCounts,
) -> list[tuple]:
    """Return the words of all participants whose microphones are in the stream.

    The words are tuples of WORD_COLUMNS. `words_files` and `participants` have the agents of the
    meeting as keys.
    """
    agents = list(words_files)
    if microphone := PERSONAL_MICROPHONE.fullmatch(stream):
        agents = [name for name, person in participants.items() if person.channel == microphone[1]]
        issues.irregular["channel without a participant"] += not agents
    rows = []
    for agent in agents:
        if agent not in words_files:
            continue
        words = read_words(words_files[agent], issues)
        words = clip_words(words, recording["duration"], issues)
        issues.irregular["words file without words"] += not words
        if agent in participants:
            speaker = participants[agent].speaker
        else:
            speaker = f"{recording['session']}.{agent}"
            issues.irregular["agent not in meetings.xml"] += bool(words)
        rows += [(recording["recording"], speaker, *word) for word in words]
    issues.irregular["meeting without words"] += not rows
    return rows

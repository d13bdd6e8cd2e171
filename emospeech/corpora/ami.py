"""Reader of the AMI meeting corpus: one stream of each meeting, and the words spoken in it.

The default stream is the mix of all headsets. It holds everybody once, so the words of all
participants are its words, and one stream for each of the 171 meetings makes the 100 hours that the
corpus is known for. A single headset carries the words of the one participant who wore it; who
that is differs between meetings and is read from meetings.xml. Words are cut at the end of the wav,
not at the duration that meetings.xml states, since that one is often too short.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from emospeech.corpora.audio import WAV, audio_duration
from emospeech.corpora.nxt import read_meetings, read_words
from emospeech.corpora.selection import drawn, select_named, take_hours
from emospeech.corpora.tables import Tally, make_corpus
from emospeech.corpora.words import words_within
from emospeech.runtime.errors import CorpusError, InputError

WORDS_FILE = re.compile(r"(?P<meeting>[A-Za-z0-9]+)\.(?P<agent>[A-Za-z0-9]+)\.words\.xml")
STREAM = re.compile(r"[A-Za-z]+(?:[0-9]*-[A-Za-z0-9]+)*")
ONE_PARTICIPANT = re.compile(r"(?:Headset|Lapel)-([0-9]+)")  # a microphone, worn by one person


@dataclass(frozen=True)
class AmiSettings:
    """Which part of AMI is read."""

    stream: str = "Mix-Headset"  # the name of the audio files between the meeting and `.wav`
    meetings: tuple[str, ...] = ()  # none named: all that are found
    partition: str = "all"  # or train, dev, eval of full-corpus-asr
    hours: float | None = None  # about so many, of meetings in an order drawn from the seed
    seed: int = 1


def read_ami(audio, annotations, settings):
    """Return the Corpus of AMI: `audio` is the folder of meetings, `annotations` that of NXT.

    A recording is `ES2002a.Mix-Headset`, its session the meeting; paths are relative to `audio`.
    Raises CorpusError for a folder or file that does not hold what it should, and InputError for
    a stream that cannot be.
    """
    audio, annotations, tally = Path(audio), Path(annotations), Tally()
    if not STREAM.fullmatch(settings.stream):
        raise InputError("stream", f"`{settings.stream}` is none; take Mix-Headset or Headset-0")
    participants = read_meetings(annotations / "corpusResources" / "meetings.xml", tally)
    agents = _word_files(annotations / "words", tally)
    wavs = _streams(audio, settings.stream, tally)
    chosen = select_named(wavs.keys() | agents.keys(), settings, tally)
    tally.left_out["meeting without this stream"] += len(chosen - wavs.keys())
    found = chosen & wavs.keys()
    rows = (_recording(audio, name, wavs[name], tally) for name in drawn(found, settings.seed))
    recordings = take_hours(rows, settings.hours, tally)
    tally.left_out["meeting not selected: beyond the hours"] += len(found) - len(recordings)
    if not recordings:
        expected = f"<meeting>/audio/<meeting>.{settings.stream}.wav"
        raise CorpusError(audio, f"holds no {expected}; give the folder of the meetings")
    words = []
    for row in recordings:
        words.extend(_words_of(row, agents, participants, settings, tally))
    corpus = make_corpus("ami", recordings, words, tally)
    files = sum(map(len, agents.values()))
    return corpus._replace(summary=corpus.summary | {"words files": files})


def _words_of(recording, agents, participants, settings, tally):
    """Return the rows of the words of a recording; one without any is counted."""
    meeting = recording["session"]
    people = participants.get(meeting, {})
    words = _words(
        recording, _heard(agents.get(meeting, {}), people, settings, tally), people, tally
    )
    tally.irregular["meeting without words"] += not words
    return words


def _word_files(folder, tally):
    """Return `{meeting: {agent: path}}` of the words files in `folder`."""
    if not folder.is_dir():
        raise CorpusError(folder, "no such folder; give the folder of the manual annotations")
    files = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue  # macOS packs `._name` beside a file
        if name := WORDS_FILE.fullmatch(path.name):
            files.setdefault(name["meeting"], {})[name["agent"]] = path
        else:
            tally.left_out["words file of an unknown name"] += 1
    return files


def _streams(audio, stream, tally):
    """Return the wav of each meeting that has the stream, by meeting."""
    wavs = {}
    for path in sorted(audio.glob(f"[!.]*/audio/[!.]*.{stream}.{WAV}")):
        meeting = path.parts[-3]
        if path.stem != f"{meeting}.{stream}":
            tally.left_out["wav in another meeting's folder"] += 1
        elif meeting in wavs:
            tally.left_out["second wav of a meeting"] += 1
        else:
            wavs[meeting] = path
    return wavs


def _recording(audio, meeting, wav, tally):
    return {
        "recording": wav.stem,
        "path": wav.relative_to(audio).as_posix(),
        "duration": audio_duration(wav, tally),
        "session": meeting,
    }


def _heard(agents, participants, settings, tally):
    """Return `{agent: words file}` of those whose words are in the stream."""
    worn = ONE_PARTICIPANT.fullmatch(settings.stream)
    if worn is None:
        return agents
    wearers = [agent for agent, person in participants.items() if person.channel == worn[1]]
    tally.irregular["channel without a participant"] += not wearers
    return {agent: agents[agent] for agent in wearers if agent in agents}


def _words(recording, files, participants, tally):
    """Return the words of a recording as tuples of recording, speaker, word, start and end."""
    rows = []
    for agent, path in files.items():
        found = words_within(read_words(path, tally), recording["duration"], tally)
        tally.irregular["words file without words"] += not found
        if agent in participants:
            speaker = participants[agent].speaker
        else:
            speaker = f"{recording['session']}.{agent}"
            tally.irregular["agent not in meetings.xml"] += bool(found)
        rows.extend((recording["recording"], speaker, *word) for word in found)
    return rows

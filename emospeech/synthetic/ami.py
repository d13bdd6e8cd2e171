"""A synthetic corpus in the form of AMI: the audio of meetings and the annotation of their words.

A meeting is made in blocks of a minute, so that memory does not grow with its length. Each
participant's speech is put on a track of its own, and a stream is a weighted sum of the tracks
over the faint noise of the room: the mix holds everybody alike, a headset its wearer and a little
of the others.
"""

import re
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from emospeech.corpora.ami_release import meeting_names
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import atomic_path
from emospeech.runtime.processes import ordered_map
from emospeech.synthetic.conversation import meeting_elements, meeting_turns, turn_layout
from emospeech.synthetic.draws import generator
from emospeech.synthetic.meetings import LEAST_SECONDS, STEREO, plan_meetings
from emospeech.synthetic.nxt import meetings_xml, words_xml
from emospeech.synthetic.prosody import Affect, speak, speaker_voice
from emospeech.synthetic.sound import to_int16, write_silence
from emospeech.synthetic.voice import SAMPLE_RATE

ANNOTATIONS = "ami_public_manual_1.6.2"
BLOCK = 60 * SAMPLE_RATE  # samples; longer than any turn
STREAM = re.compile(r"Mix-Headset|Headset-([0-4])")
LEVEL = 10 ** (-27 / 20)  # RMS of a turn
CROSSTALK = 0.04
ROOM_NOISE = 2e-4
CALM = 0.15  # standard deviation of valence and activation in meetings, of 1 to the scale's end


@dataclass(frozen=True)
class AmiSettings:
    """The size of the corpus: meetings, hours in all, and which streams of each are written.

    A stream is "Mix-Headset" or "Headset-0" to "Headset-4"; a meeting without the last goes
    without. Without `audio` the wavs are silent, with the right lengths.
    """

    meetings: int = 171
    hours: float = 100.0
    streams: tuple[str, ...] = ("Mix-Headset",)
    seed: int = 1
    audio: bool = True


def write_ami(root, settings, workers):
    """Write the corpus below `root` (made where missing): `amicorpus` and the annotations.

    The files depend on the settings only, not on `workers`. Raises InputError for settings that
    cannot be.
    """
    _check(settings)
    root = Path(root)
    meetings = plan_meetings(settings.meetings, settings.hours, settings.seed)
    _write(root / ANNOTATIONS / "corpusResources" / "meetings.xml", meetings_xml(meetings))
    for _ in ordered_map(partial(write_meeting, root, settings), meetings, workers):
        pass


def _check(settings):
    place, most = "synthetic AMI", len(meeting_names())
    if not 1 <= settings.meetings <= most:
        raise InputError(place, f"{settings.meetings} meetings are not possible; give 1 to {most}")
    if settings.hours * 3600 < LEAST_SECONDS * settings.meetings:
        raise InputError(
            place, f"{settings.hours} hours are less than {LEAST_SECONDS:g} s a meeting"
        )
    for stream in settings.streams:
        if not STREAM.fullmatch(stream):
            raise InputError(place, f"no stream {stream}; give Mix-Headset or Headset-0 to -4")


def write_meeting(root, settings, meeting):
    """Write the words files and the streams of one `Meeting`."""
    turns = meeting_turns(meeting, settings.seed)
    for agent, elements in meeting_elements(meeting, turns, settings.seed).items():
        name = f"{meeting.name}.{agent}.words.xml"
        _write(root / ANNOTATIONS / "words" / name, words_xml(meeting.name, agent, elements))
    folder = root / "amicorpus" / meeting.name / "audio"
    paths = {
        stream: folder / f"{meeting.name}.{stream}.wav"
        for stream in settings.streams
        if stream != "Headset-4" or 4 in meeting.channels.values()
    }
    channels = 2 if meeting.name in STEREO else 1
    if settings.audio:
        _write_streams(paths, channels, meeting, turns, settings.seed)
    else:
        for path in paths.values():
            write_silence(path, _samples(meeting.seconds), channels)


def _write(path, content):
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def _samples(seconds):
    return round(seconds * SAMPLE_RATE)


def _write_streams(paths, channels, meeting, turns, seed):
    """Write all streams of a meeting at once, block by block."""
    noises = {stream: generator(seed, "room", meeting.name, stream) for stream in paths}
    weights = {stream: _weights(stream, meeting) for stream in paths}
    with ExitStack() as stack:
        wavs = {
            stream: stack.enter_context(
                soundfile.SoundFile(
                    stack.enter_context(atomic_path(path)), "w", SAMPLE_RATE, channels, "PCM_16"
                )
            )
            for stream, path in paths.items()
        }
        for tracks in speech_blocks(meeting, turns, seed):
            for stream, wav in wavs.items():
                noise = noises[stream].standard_normal(tracks.shape[1], dtype=np.float32)
                signal = ROOM_NOISE * noise + (weights[stream][:, None] * tracks).sum(axis=0)
                # Where there are two channels the second is a little weaker.
                wav.write(to_int16(signal[:, None] * np.linspace(1, 0.8, channels)))


def _weights(stream, meeting):
    """How much of each participant a stream holds, shape (participants,)."""
    if stream == "Mix-Headset":
        return np.ones(len(meeting.people), np.float32)
    channel = int(STREAM.fullmatch(stream)[1])
    own = np.array([meeting.channels[agent] == channel for agent in meeting.people])
    return np.where(own, 1.0, CROSSTALK).astype(np.float32)


def speech_blocks(meeting, turns, seed):
    """Yield the speech of a meeting as float32 of shape (participants, up to BLOCK samples).

    A turn is spoken in the block in which it starts; what hangs over is kept for the next one.
    """
    agents, total = list(meeting.people), _samples(meeting.seconds)
    voices = {a: speaker_voice(seed, p, female=p[0] == "F") for a, p in meeting.people.items()}
    buffer = np.zeros((len(agents), 2 * BLOCK), np.float32)
    waiting = list(reversed(turns))
    for first in range(0, total, BLOCK):
        while waiting and _samples(waiting[-1].start) < first + BLOCK:
            turn = waiting.pop()
            at = _samples(turn.start) - first
            signal = turn_audio(meeting, turn, voices[turn.agent], seed)
            buffer[agents.index(turn.agent), at : at + len(signal)] += signal
        yield buffer[:, : min(BLOCK, total - first)]
        buffer[:, :BLOCK] = buffer[:, BLOCK:]
        buffer[:, BLOCK:] = 0


def turn_audio(meeting, turn, voice, seed):
    """Return the waveform of a turn, float32, at the level that all turns have."""
    rng = generator(seed, "voice", meeting.name, turn.number)
    affect = Affect(*map(float, rng.normal(0, CALM, 2)))
    samples = _samples(turn.end - turn.start)
    signal = speak(turn_layout(meeting, turn, seed), samples, voice, affect, rng)
    return signal * np.float32(LEVEL / (np.sqrt(np.mean(signal**2)) + 1e-9))

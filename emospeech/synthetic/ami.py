"""A synthetic corpus in the format of AMI: audio streams of meetings, and annotated words.

Audio is synthesized in blocks of a minute, so that memory does not grow with the length of a
meeting. Each participant's speech is a separate track, and a stream is a weighted sum of the tracks
plus faint room noise: the mix contains all participants at the same level, and a headset stream
contains its wearer and some crosstalk.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from emospeech.corpora.ami_release import meeting_names
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import atomic_path
from emospeech.runtime.processes import ordered_map
from emospeech.runtime.rng import named_rng
from emospeech.synthetic import ami_plan as plan
from emospeech.synthetic.ami_annotations import draw_elements, meetings_xml, words_xml
from emospeech.synthetic.prosody import Affect, Speaker, draw_speaker, speak
from emospeech.synthetic.synthesizer import SAMPLE_RATE
from emospeech.synthetic.wav import open_wav, to_int16, write_silence

ANNOTATIONS = "ami_public_manual_1.6.2"
BLOCK = 60 * SAMPLE_RATE  # samples; longer than any turn
STREAM = re.compile(r"Mix-Headset|Headset-([0-4])")
LEVEL = 10 ** (-27 / 20)  # RMS of a turn
CROSSTALK = 0.04
ROOM_NOISE = 2e-4
AFFECT_DEVIATION = 0.15  # standard deviation of a turn's valence and activation


@dataclass(frozen=True)
class AmiSettings:
    """Settings of the synthetic AMI; without `audio` its wavs are silent."""

    meetings: int = 171
    hours: float = 100.0  # of all meetings together
    streams: tuple[str, ...] = ("Mix-Headset",)  # or "Headset-0" to "Headset-4"
    seed: int = 1
    audio: bool = True


def write_ami(root: Path, settings: AmiSettings, workers: int) -> None:
    """Write `amicorpus` and the annotations below `root`, which is created if needed.

    The files depend only on the settings. Raises InputError for impossible settings.
    """
    _check(settings)
    root = Path(root)
    meetings = plan.plan_meetings(settings.meetings, settings.hours, settings.seed)
    _write(root / ANNOTATIONS / "corpusResources" / "meetings.xml", meetings_xml(meetings))
    for _ in ordered_map(partial(write_meeting, root, settings), meetings, workers):
        pass


def _check(settings):
    most = len(meeting_names())
    if not 1 <= settings.meetings <= most:
        problem = f"{settings.meetings} is not possible. Set it to 1 to {most}."
        raise InputError("corpora.synthetic.meetings", problem)
    if settings.hours * 3600 < plan.MIN_SECONDS * settings.meetings:
        problem = f"{settings.hours} is less than {plan.MIN_SECONDS:g} s per meeting. Increase it."
        raise InputError("corpora.synthetic.hours", problem)
    for stream in settings.streams:
        if not STREAM.fullmatch(stream):
            problem = f"`{stream}` is not a stream. Use Mix-Headset or Headset-0 to Headset-4."
            raise InputError("corpora.ami.stream", problem)


def write_meeting(root: Path, settings: AmiSettings, meeting: plan.Meeting) -> None:
    """Write the words files and the streams of a meeting."""
    turns = plan.draw_turns(meeting, settings.seed)
    for agent, elements in draw_elements(meeting, turns, settings.seed).items():
        name = f"{meeting.name}.{agent}.words.xml"
        _write(root / ANNOTATIONS / "words" / name, words_xml(meeting.name, agent, elements))
    folder = root / "amicorpus" / meeting.name / "audio"
    paths = {
        stream: folder / f"{meeting.name}.{stream}.wav"
        for stream in settings.streams
        if stream != "Headset-4" or 4 in meeting.channels.values()
    }
    channels = 2 if meeting.name in plan.STEREO else 1
    if settings.audio:
        _write_streams(paths, channels, meeting, turns, settings.seed)
    else:
        for path in paths.values():
            write_silence(path, _n_samples(meeting.seconds), channels)


def _write(path, content):
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def _n_samples(seconds):
    return round(seconds * SAMPLE_RATE)


def _write_streams(paths, channels, meeting, turns, seed):
    """Write all streams of a meeting block by block; a second channel is a little quieter."""
    noises = {stream: named_rng(seed, "room", meeting.name, stream) for stream in paths}
    weights = {stream: _weights(stream, meeting) for stream in paths}
    with ExitStack() as stack:
        wavs = {
            stream: stack.enter_context(open_wav(path, channels)) for stream, path in paths.items()
        }
        for tracks in speech_blocks(meeting, turns, seed):
            for stream, wav in wavs.items():
                noise = noises[stream].standard_normal(tracks.shape[1], dtype=np.float32)
                signal = ROOM_NOISE * noise + (weights[stream][:, None] * tracks).sum(axis=0)
                wav.write(to_int16(signal[:, None] * np.linspace(1, 0.8, channels)))


def _weights(stream, meeting):
    """Return the weight of each participant in a stream, shape (participants,)."""
    if stream == "Mix-Headset":
        return np.ones(len(meeting.people), np.float32)
    channel = int(stream.removeprefix("Headset-"))
    own = np.array([meeting.channels[agent] == channel for agent in meeting.people])
    return np.where(own, 1.0, CROSSTALK).astype(np.float32)


def speech_blocks(
    meeting: plan.Meeting, turns: Iterable[plan.MeetingTurn], seed: int
) -> Iterator[np.ndarray]:
    """Yield the speech of a meeting as float32 of shape (participants, up to BLOCK samples).

    A turn is synthesized in the block in which it starts; the remainder is kept for the next block.
    """
    agents, total = list(meeting.people), _n_samples(meeting.seconds)
    speakers = {a: draw_speaker(seed, p, female=p[0] == "F") for a, p in meeting.people.items()}
    buffer = np.zeros((len(agents), 2 * BLOCK), np.float32)
    waiting = list(reversed(list(turns)))
    for first in range(0, total, BLOCK):
        while waiting and _n_samples(waiting[-1].start) < first + BLOCK:
            turn = waiting.pop()
            start = _n_samples(turn.start) - first
            signal = turn_audio(meeting, turn, speakers[turn.agent], seed)
            buffer[agents.index(turn.agent), start : start + len(signal)] += signal
        yield buffer[:, : min(BLOCK, total - first)]
        buffer[:, :BLOCK] = buffer[:, BLOCK:]
        buffer[:, BLOCK:] = 0


def turn_audio(
    meeting: plan.Meeting, turn: plan.MeetingTurn, speaker: Speaker, seed: int
) -> np.ndarray:
    """Return the waveform of a turn as float32; all turns have the same level."""
    rng = named_rng(seed, "voice", meeting.name, turn.index)
    affect = Affect(*map(float, rng.normal(0, AFFECT_DEVIATION, 2)))
    samples = _n_samples(turn.end - turn.start)
    signal = speak(plan.turn_segments(meeting, turn, seed), samples, speaker, affect, rng)
    return signal * np.float32(LEVEL / (np.sqrt(np.mean(signal**2)) + 1e-9))

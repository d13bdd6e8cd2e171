"""The plan of the synthetic AMI: its meetings, their participants and who speaks when."""

from dataclasses import dataclass, replace

import numpy as np

from emospeech.corpora.ami_release import FIVE_SPEAKERS, meeting_names
from emospeech.runtime.rng import named_rng
from emospeech.synthetic.segments import FRAMES_PER_SECOND, Segment, draw_segments

# Together these have every kind of irregularity, so they come first in a smaller corpus. The first
# three have every kind except a fifth participant, who occurs in the fourth.
IRREGULAR = (
    *("EN2009c", "ES2008a", "EN2002c", "EN2001a", "TS3011d", "EN2003a", "IB4002", "EN2006a"),
    *("IN1001", "EN2009b", "TS3005d", "ES2002a", "IS1000a", "ES2007a", "TS3011a"),
)
# Nobody sat in the fourth seat; its words file exists and is empty.
ABSENT = {("EN2002c", "D"), ("EN2003a", "D"), ("EN2009b", "D"), ("EN2009c", "D"), ("IN1001", "D")}
# Agents A, B, C ... wear headsets 0, 1, 2 ... in all other meetings.
CHANNELS = {"EN2002c": {"A": 1, "B": 2, "C": 3}, "EN2003a": {"A": 0, "B": 1, "C": 3}}
BEYOND_WAV = ("EN2009c", "TS3011d", "IB4002")  # the last words end after the wav
STEREO = ("EN2002c",)
MIN_SECONDS = 20.0  # of a meeting, so that every participant has a turn
SHORT_STATED_SHARE = 1 / 12  # of the meetings state a duration that is too short
MAX_OVERRUN = 68.0  # seconds by which a meeting may exceed its stated duration
MIN_TURN, MAX_TURN = 0.4, 15.0  # seconds
MIN_FIRST_TURN = 4.0  # seconds of each first turn, so that no words file is empty by chance


@dataclass(frozen=True)
class Meeting:
    """A meeting; its seats are called agents, "A" to "E"."""

    name: str
    seconds: float  # of the wav
    stated: float  # seconds in meetings.xml
    people: dict[str, str]  # names by agent
    channels: dict[str, int]  # headsets by agent
    absent: tuple[str, ...]  # agents of empty seats

    @property
    def agents(self) -> list[str]:
        """All agents with a words file, in order."""
        return sorted((*self.people, *self.absent))


@dataclass(frozen=True)
class MeetingTurn:
    """A turn of an agent; its index in the meeting, and its times in seconds."""

    index: int
    agent: str
    start: float
    end: float


def choose_meetings(count: int, seed: int) -> list[str]:
    """Return `count` sorted names: irregular meetings first, then random ones of all sites."""
    rest = [name for name in meeting_names() if name not in IRREGULAR]
    sites = {}
    for name in named_rng(seed, "meetings").permutation(rest):
        sites.setdefault(name[:2], []).append(str(name))
    # The sites alternate in proportion to their numbers of meetings.
    ranks = [((i + 0.5) / len(own), name) for own in sites.values() for i, name in enumerate(own)]
    return sorted((*IRREGULAR, *(name for _, name in sorted(ranks)))[:count])


def plan_meetings(count: int, hours: float, seed: int) -> list[Meeting]:
    """Return `count` meetings of `hours` in total, at least `MIN_SECONDS` each."""
    names = choose_meetings(count, seed)
    weights = np.array([np.exp(named_rng(seed, "length", name).normal(0, 0.35)) for name in names])
    spare = hours * 3600 - MIN_SECONDS * count
    seconds = np.round(MIN_SECONDS + weights / sum(weights) * spare, 3)
    return [_plan(name, float(length), seed) for name, length in zip(names, seconds, strict=True)]


def _plan(name, seconds, seed):
    agents = "ABCDE" if name in FIVE_SPEAKERS else "ABCD"
    absent = tuple(agent for agent in agents if (name, agent) in ABSENT)
    people = {agent: _person(name, agent, seed) for agent in agents if agent not in absent}
    channels = CHANNELS.get(name, {agent: "ABCDE".index(agent) for agent in people})
    rng = named_rng(seed, "stated", name)
    short = name in BEYOND_WAV or rng.random() < SHORT_STATED_SHARE
    overrun = min(MAX_OVERRUN, 0.3 * seconds) * rng.uniform(0.5, 1) if short else -0.4
    return Meeting(name, seconds, round(seconds - overrun, 3), people, channels, absent)


def _person(name, agent, seed):
    """Return a name as in AMI: sex, language, site and a unique number.

    Meetings a to d of a series have the same participants.
    """
    series = sorted({other[:6] for other in meeting_names()}).index(name[:6])
    rng = named_rng(seed, "people", name[:6], agent)
    sex, language = rng.choice(["M", "F"], p=[0.65, 0.35]), rng.choice(["E", "I"])
    return f"{sex}{language}{name[0]}{5 * series + 'ABCDE'.index(agent):03d}"


def draw_turns(meeting: Meeting, seed: int) -> list[MeetingTurn]:
    """Return the turns of a meeting in order of their start.

    A turn follows the previous one after a pause or interrupts it; turns of the same agent do not
    overlap. The last turn ends before the wav does, except in the meetings `BEYOND_WAV`.
    """
    rng = named_rng(seed, "turns", meeting.name)
    agents = list(meeting.people)
    shares = rng.dirichlet(np.full(len(agents), 4.0))
    free, turns, now = dict.fromkeys(agents, 0.0), [], rng.uniform(0.5, 2.0)
    while now < meeting.seconds - MIN_TURN - 0.2:
        is_first = len(turns) < len(agents)
        agent = agents[len(turns) if is_first else rng.choice(len(agents), p=shares)]
        start = np.ceil(max(now, free[agent]) * FRAMES_PER_SECOND) / FRAMES_PER_SECOND
        shortest = MIN_FIRST_TURN if is_first else MIN_TURN
        length = float(np.clip(2.2 * np.exp(0.9 * rng.standard_normal()), shortest, MAX_TURN))
        if start + MIN_TURN > meeting.seconds - 0.1:
            break
        end = min(start + length, meeting.seconds - 0.1)
        turns.append(MeetingTurn(len(turns), agent, float(start), float(end)))
        free[agent] = end + 0.1
        pause = -min(1.0, 0.5 * length) * rng.random() if rng.random() < 0.2 else 0.0
        now = max(start, end + (pause or rng.exponential(0.45)))
    if meeting.name in BEYOND_WAV:
        turns[-1] = replace(turns[-1], end=meeting.seconds + 2.5)
    return turns


def turn_segments(meeting: Meeting, turn: MeetingTurn, seed: int) -> list[Segment]:
    """Return the segments of a turn, in frames from its start."""
    rng = named_rng(seed, "layout", meeting.name, turn.index)
    return draw_segments(turn.end - turn.start, rng, edges=False)

"""The meetings of AMI: their names, participants, lengths and the faults of their annotations."""

from dataclasses import dataclass

import numpy as np

from emospeech.corpora.ami_release import FIVE, meeting_names
from emospeech.synthetic.draws import generator

# Meetings that show every kind of irregularity between them come first, so that a small corpus
# has them too: three meetings hold all but a fifth participant, four hold everything.
FIRST = (
    *("EN2009c", "ES2008a", "EN2002c", "EN2001a", "TS3011d", "EN2003a", "IB4002", "EN2006a"),
    *("IN1001", "EN2009b", "TS3005d", "ES2002a", "IS1000a", "ES2007a", "TS3011a"),
)
# Nobody sat in the fourth seat: the file of words is there and empty.
ABSENT = {("EN2002c", "D"), ("EN2003a", "D"), ("EN2009b", "D"), ("EN2009c", "D"), ("IN1001", "D")}
# Agents sit at channels 0, 1, 2 ... in their order, but for these.
CHANNELS = {"EN2002c": {"A": 1, "B": 2, "C": 3}, "EN2003a": {"A": 0, "B": 1, "C": 3}}
# Meetings whose last words lie beyond the end of the wav, and one that has two channels.
BEYOND_WAV = ("EN2009c", "TS3011d", "IB4002")
STEREO = ("EN2002c",)
LEAST_SECONDS = 20.0  # of a meeting, so that everybody has a turn
SHORT_STATED = 12  # one meeting in so many has a stated duration that is too short
LONGEST_OVERRUN = 68.0  # seconds from the stated duration to the last word

# Faults of `w` elements over the whole corpus, by file: without times, with the end before the
# start, starting before the word in front, and of no length.
TIMELESS = {("ES2008a", "A"): 3, ("TS3011d", "B"): 1}
REVERSED = {("EN2009c", "A"): 3, ("IB4002", "A"): 3, ("EN2006a", "C"): 3, ("ES2008a", "B"): 2}
EARLY = {("EN2009c", "A"): 4, ("IB4002", "A"): 3, ("EN2006a", "C"): 3, ("EN2002c", "B"): 3}
INSTANT = {("EN2009c", "B"): 2, ("ES2008a", "A"): 2, ("TS3011d", "A"): 2, ("IN1001", "A"): 2}


@dataclass(frozen=True)
class Meeting:
    """A meeting: `seconds` of the wav, `stated` those of meetings.xml.

    `people` maps each agent who was there to the name of the person, `channels` to the number of
    the headset; `absent` are agents with an empty file.
    """

    name: str
    seconds: float
    stated: float
    people: dict[str, str]
    channels: dict[str, int]
    absent: tuple[str, ...]

    @property
    def agents(self):
        """All agents that have a file of words, in order."""
        return sorted((*self.people, *self.absent))


def choose_meetings(count, seed):
    """Return `count` of the names, sorted: those with irregularities, then others by chance."""
    rest = [name for name in meeting_names() if name not in FIRST]
    shuffled = list(generator(seed, "meetings").permutation(rest))
    sites = {}
    for name in shuffled:
        sites.setdefault(name[:2], []).append(str(name))
    # In proportion to their size the sites take turns.
    turns = [((i + 0.5) / len(own), name) for own in sites.values() for i, name in enumerate(own)]
    return sorted((*FIRST, *(name for _, name in sorted(turns)))[:count])


def plan_meetings(count, hours, seed):
    """Return the `Meeting`s of a corpus of `count` meetings that last `hours` together.

    Raises ValueError where that leaves less than `LEAST_SECONDS` for each.
    """
    spare = hours * 3600 - LEAST_SECONDS * count
    if spare < 0:
        raise ValueError(f"{count} meetings need more than {hours} hours")
    names = choose_meetings(count, seed)
    weights = [np.exp(generator(seed, "length", name).normal(0, 0.35)) for name in names]
    seconds = np.round(LEAST_SECONDS + np.array(weights) / sum(weights) * spare, 3)
    return [_plan(name, float(length), seed) for name, length in zip(names, seconds, strict=True)]


def _plan(name, seconds, seed):
    agents = "ABCDE" if name in FIVE else "ABCD"
    absent = tuple(agent for agent in agents if (name, agent) in ABSENT)
    present = [agent for agent in agents if agent not in absent]
    people = {agent: _person(name, agent, seed) for agent in present}
    channels = CHANNELS.get(name, {agent: "ABCDE".index(agent) for agent in present})
    rng = generator(seed, "stated", name)
    short = name in BEYOND_WAV or rng.random() < 1 / SHORT_STATED
    overrun = min(LONGEST_OVERRUN, 0.3 * seconds) * rng.uniform(0.5, 1) if short else -0.4
    return Meeting(name, seconds, round(seconds - overrun, 3), people, channels, absent)


def _person(name, agent, seed):
    """A name as AMI has them: sex, language, site and a number that nobody else has.

    The meetings a to d of a series have the same participants.
    """
    series = sorted({other[:6] for other in meeting_names()}).index(name[:6])
    rng = generator(seed, "people", name[:6], agent)
    sex, language = rng.choice(["M", "F"], p=[0.65, 0.35]), rng.choice(["E", "I"])
    return f"{sex}{language}{name[0]}{5 * series + 'ABCDE'.index(agent):03d}"

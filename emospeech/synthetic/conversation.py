"""Who speaks when in a meeting, and what the annotators made of it."""

from dataclasses import dataclass, replace

import numpy as np

from emospeech.synthetic.draws import generator
from emospeech.synthetic.layout import FRAMES_PER_SECOND, lay_out
from emospeech.synthetic.meetings import BEYOND_WAV, EARLY, INSTANT, REVERSED, TIMELESS
from emospeech.synthetic.nxt import Element

SHORTEST, LONGEST = 0.4, 15.0  # seconds of a turn
OPENING = 4.0  # seconds at least of everybody's first turn, so that no file is bare by chance


@dataclass(frozen=True)
class MeetingTurn:
    """A turn of `agent` from `start`, seconds in the meeting, to `end`; `number` counts turns."""

    number: int
    agent: str
    start: float
    end: float


def meeting_turns(meeting, seed):
    """Return the turns of a meeting in the order of their start.

    A turn follows the one before after a pause or cuts into it; nobody overlaps with oneself. The
    last ends within the wav, but in some meetings beyond it.
    """
    rng = generator(seed, "turns", meeting.name)
    agents = list(meeting.people)
    shares = rng.dirichlet(np.full(len(agents), 4.0))
    free, turns, now = dict.fromkeys(agents, 0.0), [], rng.uniform(0.5, 2.0)
    while now < meeting.seconds - SHORTEST - 0.2:
        opening = len(turns) < len(agents)
        agent = agents[len(turns) if opening else rng.choice(len(agents), p=shares)]
        start = np.ceil(max(now, free[agent]) * FRAMES_PER_SECOND) / FRAMES_PER_SECOND
        shortest = OPENING if opening else SHORTEST
        length = float(np.clip(2.2 * np.exp(0.9 * rng.standard_normal()), shortest, LONGEST))
        if start + SHORTEST > meeting.seconds - 0.1:
            break
        end = min(start + length, meeting.seconds - 0.1)
        turns.append(MeetingTurn(len(turns), agent, float(start), float(end)))
        free[agent] = end + 0.1
        pause = -min(1.0, 0.5 * length) * rng.random() if rng.random() < 0.2 else 0.0
        now = max(start, end + (pause or rng.exponential(0.45)))
    if meeting.name in BEYOND_WAV:
        turns[-1] = replace(turns[-1], end=meeting.seconds + 2.5)
    return turns


def turn_layout(meeting, turn, seed):
    """Return the segments of a turn, in frames from its start."""
    rng = generator(seed, "layout", meeting.name, turn.number)
    return lay_out(turn.end - turn.start, rng, edges=False)


def meeting_elements(meeting, turns, seed):
    """Return {agent: elements} of the words files, with the faults of the annotations."""
    elements = {agent: [] for agent in meeting.agents}
    for turn in turns:
        rng = generator(seed, "annotation", meeting.name, turn.number)
        elements[turn.agent] += _annotated(turn, turn_layout(meeting, turn, seed), rng)
    for agent, own in elements.items():
        if own:
            own += _sundries(own, meeting)
            _spoil(own, (meeting.name, agent))
    return elements


def _annotated(turn, segments, rng):
    """The elements of one turn: words, punctuation, sounds and broken-off speech."""
    elements = []
    for segment in segments:
        start = round(turn.start + segment.start / FRAMES_PER_SECOND, 2)
        end = round(turn.start + segment.end / FRAMES_PER_SECOND, 2)
        if segment.spelling:
            extra = (("trunc", "true"),) if rng.random() < 0.02 else ()
            elements.append(Element("w", start, end, extra, segment.spelling))
            if rng.random() < 0.08:
                elements.append(_mark(end, ","))
            if rng.random() < 0.03:
                elements.append(Element("disfmarker", end, end))
        elif segment.label == "++LAUGHTER++":
            elements.append(Element("vocalsound", start, end, (("type", "laugh"),)))
        elif segment.label == "++GARBAGE++":
            elements.append(Element("gap", start))
    return [*elements, _mark(end, ".")]


def _mark(time, text):
    return Element("w", time, time, (("punc", "true"),), text)


def _sundries(elements, meeting):
    """At the end of a file one of each kind of element that is no word, at the last time."""
    end = max(element.start for element in elements)
    found = {element.tag for element in elements}
    wanted = (
        Element("vocalsound", end, end, (("type", "other"),)),
        Element("gap", end),
        Element("disfmarker", end, end),
        Element("transformerror", end, end, (("errortype", "unknown"), ("w", "inhalation"))),
    )
    kept = wanted if meeting.name in BEYOND_WAV else wanted[:3]
    return [element for element in kept if element.tag not in found]


def _spoil(elements, file):
    """Give some words the faults that `file` (meeting and agent) is known for, in place."""
    left = {
        fault: files.get(file, 0)
        for fault, files in (
            ("reversed", REVERSED),
            ("early", EARLY),
            ("instant", INSTANT),
            ("timeless", TIMELESS),
        )
    }
    # The kinds take turns, so that a short file has one of each before it has two of one.
    plan = [f for round_ in range(max(left.values())) for f, n in left.items() if n > round_]
    words = [i for i, element in enumerate(elements) if element.is_word]
    # Every second word only, so that its neighbours stay in order.
    for before, place, fault in zip(words[1::2], words[2::2], plan, strict=False):
        start, end = elements[place].start, elements[place].end
        times = {
            "reversed": (end, start),
            "early": (round(elements[before].start - 0.05, 2), end),
            "instant": (start, start),
            "timeless": (None, None),
        }[fault]
        elements[place] = replace(elements[place], start=times[0], end=times[1])

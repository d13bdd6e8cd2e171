"""Annotations of the synthetic AMI, with the release's irregularities, as NITE XML."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

from emospeech.runtime.rng import named_rng
from emospeech.synthetic.ami_plan import BEYOND_WAV, Meeting, MeetingTurn, turn_segments
from emospeech.synthetic.segments import FRAMES_PER_SECOND

NAMESPACE = "http://nite.sourceforge.net/"
DECLARATION = '<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>\n'
# Irregular `w` elements of the full corpus by kind and words file: the end before the start, a
# start before that of the previous word, a duration of zero, and no times.
FAULTS = {
    "reversed": {("EN2009c", "A"): 3, ("IB4002", "A"): 3, ("EN2006a", "C"): 3, ("ES2008a", "B"): 2},
    "early": {("EN2009c", "A"): 4, ("IB4002", "A"): 3, ("EN2006a", "C"): 3, ("EN2002c", "B"): 3},
    "instant": {("EN2009c", "B"): 2, ("ES2008a", "A"): 2, ("TS3011d", "A"): 2, ("IN1001", "A"): 2},
    "timeless": {("ES2008a", "A"): 3, ("TS3011d", "B"): 1},
}


@dataclass(frozen=True)
class Element:
    """An element of a words file; times in seconds, or None."""

    tag: str
    start: float | None = None
    end: float | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    text: str = ""

    @property
    def is_word(self) -> bool:
        """Whether it is a word and not punctuation or a sound."""
        return self.tag == "w" and ("punc", "true") not in self.attributes


def draw_elements(
    meeting: Meeting, turns: Iterable[MeetingTurn], seed: int
) -> dict[str, list[Element]]:
    """Return {agent: elements of the words file}, including the irregular ones."""
    elements = {agent: [] for agent in meeting.agents}
    for turn in turns:
        elements[turn.agent] += _annotate(meeting, turn, seed)
    for agent, own in elements.items():
        if own:
            own += _missing_kinds(own, meeting)
            _add_faults(own, (meeting.name, agent))
    return elements


def _annotate(meeting, turn, seed):
    """Return the words, punctuation, sounds and disfluency markers of a turn."""
    rng = named_rng(seed, "annotation", meeting.name, turn.index)
    elements, end = [], turn.end
    for segment in turn_segments(meeting, turn, seed):
        start = round(turn.start + segment.start / FRAMES_PER_SECOND, 2)
        end = round(turn.start + segment.end / FRAMES_PER_SECOND, 2)
        if segment.word.spelling:
            attributes = (("trunc", "true"),) if rng.random() < 0.02 else ()
            elements.append(Element("w", start, end, attributes, segment.word.spelling))
            if rng.random() < 0.08:
                elements.append(_punctuation(end, ","))
            if rng.random() < 0.03:
                elements.append(Element("disfmarker", end, end))
        elif segment.label == "++LAUGHTER++":
            elements.append(Element("vocalsound", start, end, (("type", "laugh"),)))
        elif segment.label == "++GARBAGE++":
            elements.append(Element("gap", start))
    return [*elements, _punctuation(end, ".")]


def _punctuation(time, text):
    return Element("w", time, time, (("punc", "true"),), text)


def _missing_kinds(elements, meeting):
    """Return an element of each kind of annotation that the file lacks, at the last time."""
    end = max(element.start for element in elements)
    kinds = [
        Element("vocalsound", end, end, (("type", "other"),)),
        Element("gap", end),
        Element("disfmarker", end, end),
    ]
    if meeting.name in BEYOND_WAV:
        attributes = (("errortype", "unknown"), ("w", "inhalation"))
        kinds.append(Element("transformerror", end, end, attributes))
    found = {element.tag for element in elements}
    return [element for element in kinds if element.tag not in found]


def _add_faults(elements, file):
    """Replace words by the faulty ones of `file` (meeting and agent), in place."""
    left = {fault: files.get(file, 0) for fault, files in FAULTS.items()}
    # The kinds alternate, so that every kind occurs once before any kind is repeated.
    faults = [f for i in range(max(left.values())) for f, n in left.items() if n > i]
    words = [i for i, element in enumerate(elements) if element.is_word]
    # Replace at most every second word, so that its neighbours stay in order.
    for before, index, fault in zip(words[1::2], words[2::2], faults, strict=False):
        start, end = elements[index].start, elements[index].end
        start, end = {
            "reversed": (end, start),
            "early": (round(elements[before].start - 0.05, 2), end),
            "instant": (start, start),
            "timeless": (None, None),
        }[fault]
        elements[index] = replace(elements[index], start=start, end=end)


def words_xml(meeting: str, agent: str, elements: list[Element]) -> bytes:
    """Return the words file of an agent; empty ones have a different header."""
    name = f"{meeting}.{agent}.words"
    if not elements:
        root = f'<nite:root xmlns:nite="{NAMESPACE}" nite:id="{name}">'
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}\n</nite:root>'.encode()
    rows = [f'<nite:root nite:id="{name}" xmlns:nite="{NAMESPACE}">']
    for index, element in enumerate(elements):
        times = (("starttime", element.start), ("endtime", element.end))
        written = [(key, repr(round(time, 3))) for key, time in times if time is not None]
        pairs = (("nite:id", f"{name}{index}"), *written, *element.attributes)
        opening = " ".join((element.tag, *(f"{key}={quoteattr(value)}" for key, value in pairs)))
        text = escape(element.text, {"'": "&#39;"})
        rows.append(f"   <{opening}>{text}</w>" if element.tag == "w" else f"   <{opening}/>")
    return (DECLARATION + "\n".join(rows) + "\n</nite:root>").encode("latin-1")


def meetings_xml(meetings: Iterable[Meeting]) -> bytes:
    """Return meetings.xml: the stated durations, and the headset of each participant."""
    rows = [f'<nite:root nite:id="meet.00" xmlns:nite="{NAMESPACE}">']
    for number, meeting in enumerate(meetings, start=1):
        kind = "scenario" if meeting.name[:2] in ("ES", "IS", "TS") else "nonscenario"
        rows.append(
            f'   <meeting nite:id="meet_{number}" type="{kind}" observation="{meeting.name}" '
            f'name="AMI {kind} meeting" duration="{meeting.stated!r}">'
        )
        if meeting.absent:
            rows.append("      <!-- Nobody sat in the fourth seat; see the channels. -->")
        for agent, person in reversed(meeting.people.items()):  # AMI's order is not sorted either
            channel = meeting.channels[agent]
            rows.append(
                f'      <speaker nite:id="{meeting.name}_{channel + 1}" channel="{channel}" '
                f'nxt_agent="{agent}" camera="Closeup{channel + 1}" global_name="{person}"/>'
            )
        rows.append("   </meeting>")
    return (DECLARATION + "\n".join(rows) + "\n</nite:root>\n").encode("latin-1")

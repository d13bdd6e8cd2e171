"""AMI's words and meetings as XML in the manner of the NITE toolkit."""

from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "http://nite.sourceforge.net/"
DECLARED = '<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>\n'


@dataclass(frozen=True)
class Element:
    """An element of a words file: its tag, times in seconds (or None), attributes and text."""

    tag: str
    start: float | None = None
    end: float | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    text: str = ""

    @property
    def is_word(self):
        return self.tag == "w" and ("punc", "true") not in self.attributes


def words_xml(meeting, agent, elements):
    """Return the words file of an agent as bytes; without elements the form of an empty one."""
    if not elements:
        root = f'<nite:root xmlns:nite="{NAMESPACE}" nite:id="{meeting}.{agent}.words">'
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}\n</nite:root>'.encode()
    name = f"{meeting}.{agent}.words"
    rows = [f'<nite:root nite:id="{name}" xmlns:nite="{NAMESPACE}">']
    rows += [_row(f"{name}{number}", element) for number, element in enumerate(elements)]
    return (DECLARED + "\n".join(rows) + "\n</nite:root>").encode("latin-1")


def _row(name, element):
    times = (("starttime", element.start), ("endtime", element.end))
    written = [(key, repr(round(time, 3))) for key, time in times if time is not None]
    written = " ".join(f"{key}={quoteattr(v)}" for key, v in (*written, *element.attributes))
    opening = f'   <{element.tag} nite:id="{name}" {written}'.rstrip()
    if element.tag != "w":
        return f"{opening}/>"
    return f"{opening}>{escape(element.text, {chr(39): '&#39;'})}</w>"


def meetings_xml(meetings):
    """Return meetings.xml for the `Meeting`s as bytes: who sits where, and the stated lengths."""
    rows = [f'<nite:root nite:id="meet.00" xmlns:nite="{NAMESPACE}">']
    for number, meeting in enumerate(meetings, start=1):
        kind = "scenario" if meeting.name[:2] in ("ES", "IS", "TS") else "nonscenario"
        rows.append(
            f'   <meeting nite:id="meet_{number}" type="{kind}" observation="{meeting.name}" '
            f'name="AMI {kind} meeting" duration="{meeting.stated!r}">'
        )
        if meeting.absent:
            rows.append("      <!-- Nobody sat in the fourth seat; see the channels. -->")
        rows.extend(_speakers(meeting))
        rows.append("   </meeting>")
    return (DECLARED + "\n".join(rows) + "\n</nite:root>\n").encode("latin-1")


def _speakers(meeting):
    """The participants, out of order as they are in AMI."""
    for agent, person in reversed(meeting.people.items()):
        channel = meeting.channels[agent]
        yield (
            f'      <speaker nite:id="{meeting.name}_{channel + 1}" channel="{channel}" '
            f'nxt_agent="{agent}" camera="Closeup{channel + 1}" global_name="{person}"/>'
        )

"""Parsers for the annotations of AMI, XML files of the NITE XML Toolkit (NXT)."""

import math
import os
from typing import NamedTuple
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, parse

from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.words import Word
from emospeech.runtime.errors import CorpusError, access_error

UNPACK = "Unpack the annotations again"


class Participant(NamedTuple):
    """A participant of a meeting."""

    channel: str  # of the headset
    speaker: str  # the same in all meetings of a person


def read_meetings(
    path: str | os.PathLike, issues: IssueCounts
) -> dict[str, dict[str, Participant]]:
    """Return the participants listed in a meetings.xml, by meeting and agent.

    Raises:
        CorpusError: The file cannot be read or lists no meeting.
    """
    meetings = {}
    for meeting in _parse_root(path).iter("meeting"):
        participants = meetings.setdefault(meeting.get("observation", ""), {})
        for speaker in meeting.iter("speaker"):
            agent, channel = speaker.get("nxt_agent"), speaker.get("channel")
            name = speaker.get("global_name")
            if not (agent and channel and name) or agent in participants:
                issues.left_out["incomplete or repeated participant"] += 1
            else:
                participants[agent] = Participant(channel, name)
    if not meetings:
        raise CorpusError(path, f"lists no meeting. {UNPACK}.")
    return meetings


def read_words(path: str | os.PathLike, issues: IssueCounts) -> list[Word]:
    """Return the words of a words.xml in the order of the file.

    Punctuation, laughter and other elements are skipped and counted by type.
    """
    words = []
    for element in _parse_root(path):
        text = " ".join((element.text or "").split())
        start, end = _seconds(element, "starttime"), _seconds(element, "endtime")
        if element.tag != "w":
            issues.left_out[f"not a word: {element.tag}"] += 1
        elif element.get("punc") == "true":
            issues.left_out["not a word: punctuation"] += 1
        elif not text:
            issues.left_out["word without text"] += 1
        elif math.isfinite(start) and math.isfinite(end):
            words.append(Word(text, start, end))
        else:
            issues.left_out["word without times"] += 1
    return words


def _seconds(element: Element, attribute: str) -> float:
    """Return a time in seconds, NaN if it is missing or not a number."""
    try:
        return float(element.get(attribute) or "nan")
    except ValueError:
        return math.nan


def _parse_root(path: str | os.PathLike) -> Element:
    try:
        root = parse(path).getroot()
    except ParseError as error:
        problem = f"is not well-formed XML ({error.msg})"
        raise CorpusError(path, f"{problem}. {UNPACK}.", line=error.position[0]) from error
    except OSError as error:
        raise access_error(path, error, CorpusError, UNPACK) from error
    except (DefusedXmlException, ValueError, LookupError) as error:
        raise CorpusError(path, f"is not plain XML ({error}). {UNPACK}.") from error
    if root is None or root.tag.rpartition("}")[2] != "root":
        raise CorpusError(path, f"does not contain <nite:root>. {UNPACK}.")
    return root

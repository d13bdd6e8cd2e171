"""The annotations of AMI, XML of the NITE toolkit: who speaks on which channel, and the words."""

import math
from typing import NamedTuple

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, parse

from emospeech.corpora.words import Word
from emospeech.runtime.errors import CorpusError, access_error


class Participant(NamedTuple):
    """A person in a meeting: the headset channel and the name that is the same in all meetings."""

    channel: str
    speaker: str


def read_meetings(path, tally):
    """Return `{meeting: {agent: Participant}}` of a meetings.xml.

    Raises CorpusError for a file that is not there or is not such XML.
    """
    meetings = {}
    for meeting in _root(path).iter("meeting"):
        participants = meetings.setdefault(meeting.get("observation", ""), {})
        for speaker in meeting.iter("speaker"):
            agent, channel = speaker.get("nxt_agent"), speaker.get("channel")
            name = speaker.get("global_name")
            if not (agent and channel and name) or agent in participants:
                tally.left_out["participant not understood"] += 1
            else:
                participants[agent] = Participant(channel, name)
    if not meetings:
        raise CorpusError(path, "names no meeting; unpack the annotations again")
    return meetings


def read_words(path, tally):
    """Return the words of a words.xml as a list of Word, in the order of the file.

    Everything else on the line of time, from punctuation to laughter, is left out and counted by
    its kind. Raises CorpusError for a file that is not such XML.
    """
    words = []
    for element in _root(path):
        if element.tag != "w":
            tally.left_out[f"not a word: {element.tag}"] += 1
        elif element.get("punc") == "true":
            tally.left_out["not a word: punctuation"] += 1
        elif word := _word(element, tally):
            words.append(word)
    return words


def _word(element, tally):
    text = " ".join((element.text or "").split())
    start, end = _seconds(element.get("starttime")), _seconds(element.get("endtime"))
    if not text:
        tally.left_out["word without text"] += 1
    elif start is None or end is None:
        tally.left_out["word without times"] += 1
    else:
        return Word(text, start, end)
    return None


def _seconds(text):
    """Return the number in an attribute, None where there is none."""
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _root(path):
    try:
        root = parse(path).getroot()
    except ParseError as error:
        raise CorpusError(
            path, f"is not whole XML ({error.msg}); unpack it again", line=error.position[0]
        ) from error
    except OSError as error:
        raise access_error(path, error, CorpusError, "Unpack it again") from error
    except (DefusedXmlException, ValueError, LookupError) as error:
        raise CorpusError(path, f"is not plain XML ({error}); unpack it again") from error
    if root.tag.rpartition("}")[2] != "root":
        raise CorpusError(path, f"has <{root.tag}> where <nite:root> is expected")
    return root

"""What makes a word with two times a word that a crop can be centred on."""

from typing import NamedTuple


class Word(NamedTuple):
    """A word and its start and end, in seconds from the start of the recording."""

    text: str
    start: float
    end: float


def words_within(words, duration, tally):
    """Return those of `words`, in the order of their file, that lie in a recording, clipped to it.

    `duration` is the recording's, in seconds. Words that end before they start, have no length or
    have nothing inside the recording are left out; `tally` counts them, the words that are
    clipped, and those that start before the word in front of them, which stay.
    """
    kept, previous = [], float("-inf")
    for text, start, end in words:
        if start < previous:
            tally.irregular["word out of order"] += 1
        previous = start
        if fault := _fault(start, end, duration):
            tally.left_out[fault] += 1
            continue
        if start < 0 or end > duration:
            tally.irregular["word clipped to the recording"] += 1
        kept.append(Word(text, max(start, 0.0), min(end, duration)))
    return kept


def _fault(start, end, duration):
    if end < start:
        return "word reversed"
    if end == start:
        return "word of no length"
    if start >= duration or end <= 0:
        return "word beyond the recording"
    return None

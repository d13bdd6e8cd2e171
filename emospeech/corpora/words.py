"""Words with start and end times, clipped to their recording."""

from collections.abc import Iterable
from typing import NamedTuple

from emospeech.corpora.issues import IssueCounts


class Word(NamedTuple):
    """A word with its start and end, in seconds from the start of the recording."""

    text: str
    start: float
    end: float


def clip_words(words: Iterable[Word], duration: float, issues: IssueCounts) -> list[Word]:
    """Clip words to a recording of `duration` seconds and drop those outside it.

    Reversed words and words of zero length are dropped as well. Words that start before the
    previous word are counted and kept. The order of the words does not change.
    """
    clipped, previous_start = [], float("-inf")
    for text, start, end in words:
        issues.irregular["word out of order"] += start < previous_start
        previous_start = start
        if end < start:
            issues.left_out["word reversed"] += 1
        elif end == start:
            issues.left_out["word of zero length"] += 1
        elif start >= duration or end <= 0:
            issues.left_out["word outside the recording"] += 1
        else:
            issues.irregular["word clipped to the recording"] += start < 0 or end > duration
            clipped.append(Word(text, max(start, 0.0), min(end, duration)))
    return clipped

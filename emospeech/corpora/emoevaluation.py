"""The labels of IEMOCAP: one EmoEvaluation file a dialogue.

A turn has a head line with the averages over the external raters in brackets, then a row for each
rater. The averages are computed anew from the rows `A-E*`, since an average hides ratings off the
scale: a 6 is a rating that was never given (0), turned round like the reversed scale of the raw
files. The self reports (`A-F*`, `A-M*`) are not in the averages, and the categorical rows are
already summed up in the head line's emotion.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from emospeech.faults import CorpusError

DIMENSIONS = {"val": "valence", "act": "activation", "dom": "dominance"}
ROUNDING = 2e-4  # averages are printed with four decimals, rounded or cut
LOWEST, HIGHEST = 1.0, 5.0  # the scale of the raters
OFF_SCALE = 6.0  # the highest number that is known to stand for "not rated"; 0 is the lowest

_NUMBER = r"\s*(-?[0-9]{1,9}(?:\.[0-9]*)?)\s*"
HEAD = re.compile(
    rf"\[{_NUMBER}-{_NUMBER}\]\s+(\S+)\s+(\w+)\s+\[{_NUMBER},{_NUMBER},{_NUMBER}\]", re.ASCII
)
EXTERNAL = re.compile(r"(A-E[0-9]*)\s*:([^(]*)")
OTHER_ROW = re.compile(r"(?:A-[FM]|C-[EFM])[0-9]*\s*:|%")
FIELD = re.compile(r"(val|act|dom)(?![a-z])\s*(.*)")
RATING = re.compile(r"[0-9](?:\.[0-9]{1,9})?")


@dataclass
class Turn:
    """A labelled turn as it stands in its file.

    `bracket` has the printed averages and `ratings` the ratings of the external raters, both by
    "valence", "activation" and "dominance". `start` and `end` are seconds in the dialogue.
    """

    utterance: str
    start: float
    end: float
    emotion: str
    bracket: dict
    ratings: dict = field(default_factory=lambda: {name: [] for name in DIMENSIONS.values()})
    raters: list = field(default_factory=list)


class Average(NamedTuple):
    """The mean of the ratings that count, on the scale of 1 to 5, and how many they are."""

    value: float
    raters: int


def parse_evaluation(text, place, tally):
    """Return the turns of an EmoEvaluation file as a list of Turn, in the order of the file.

    `text` is the file, `place` its name for errors, and `tally` counts what is not understood.
    Raises CorpusError for a line that begins like the head of a turn and is none.
    """
    turns = []
    # Not splitlines(): it also breaks lines at characters that comments in latin-1 hold.
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        line = line.strip()
        if line.startswith("["):
            turns.append(_parse_head(line, place, number))
        elif row := EXTERNAL.match(line):
            _add_ratings(turns, row[1], row[2], tally)
        elif line and not OTHER_ROW.match(line):
            tally.left_out["label line not understood"] += 1
    return turns


def _parse_head(line, place, number):
    head = HEAD.fullmatch(line)
    if head is None:
        expected = "[start - end] <tab> utterance <tab> emotion <tab> [V, A, D]"
        raise CorpusError(place, f"expected `{expected}`; unpack the file again", line=number)
    start, end, utterance, emotion, *averages = head.groups()
    bracket = dict(zip(DIMENSIONS.values(), map(float, averages), strict=True))
    return Turn(utterance, float(start), float(end), emotion, bracket)


def _add_ratings(turns, rater, row, tally):
    """Add a rater's row, such as `val 3; act 2; dom  ;`, to the last of `turns`."""
    if not turns:
        tally.left_out["rating in front of the first turn"] += 1
        return
    turn = turns[-1]
    if rater in turn.raters:
        tally.irregular["rater twice in a turn"] += 1
    turn.raters.append(rater)
    found = dict.fromkeys(DIMENSIONS, "")
    for part in filter(None, map(str.strip, row.split(";"))):
        if named := FIELD.fullmatch(part):
            found[named[1]] = named[2]
        else:
            tally.left_out["rating not understood"] += 1
    for name, number in found.items():
        if not number:
            tally.left_out["missing number"] += 1
        elif RATING.fullmatch(number) and float(number) <= OFF_SCALE:
            turn.ratings[DIMENSIONS[name]].append(float(number))
        else:
            tally.left_out["rating not understood"] += 1


def average_rating(turn, dimension, tally):
    """Return the Average of a turn on one dimension.

    A rating off the scale (6, or 0) is dropped where another rater is left and is otherwise
    clamped to the scale. Without any rating the printed average stands, with no rater. Each of
    these is counted in `tally`.
    """
    ratings = turn.ratings[dimension]
    on_scale = [rating for rating in ratings if LOWEST <= rating <= HIGHEST]
    for rating in ratings:
        if not LOWEST <= rating <= HIGHEST:
            counter = tally.left_out if on_scale else tally.irregular
            counter[f"rating of {rating:g} {'dropped' if on_scale else 'clamped'}"] += 1
    used = on_scale or [_clamp(rating) for rating in ratings]
    if used:
        return Average(sum(used) / len(used), len(used))
    tally.irregular[f"no {dimension} rating, bracket taken"] += 1
    if turn.bracket[dimension] != _clamp(turn.bracket[dimension]):
        tally.irregular[f"{dimension} of the bracket clamped"] += 1
    return Average(_clamp(turn.bracket[dimension]), 0)


def bracket_differs(turn):
    """Tell whether a printed average is not the mean of the ratings as they stand.

    A dimension without ratings is not compared.
    """
    return any(
        abs(sum(ratings) / len(ratings) - turn.bracket[dimension]) > ROUNDING
        for dimension, ratings in turn.ratings.items()
        if ratings
    )


def _clamp(value):
    return min(max(value, LOWEST), HIGHEST)

"""The labels of IEMOCAP: one EmoEvaluation file a dialogue.

A turn has a head line with the averages over the external raters in brackets, then a row for each
rater. The averages are computed anew from the rows `A-E*`, since an average hides ratings off the
scale: a 6 is a rating that was never given (0), turned round like the reversed scale of the raw
files. The self reports (`A-F*`, `A-M*`) are kept but are not in the averages, and the categorical
rows are already summed up in the head line's emotion.
"""

import math
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from emospeech.runtime.errors import CorpusError

DIMENSIONS = {"val": "valence", "act": "activation", "dom": "dominance"}
ROUNDING = 2e-4  # averages are printed with four decimals, rounded or cut
LOWEST, HIGHEST = 1.0, 5.0  # the scale of the raters
OFF_SCALE = 6.0  # the highest number that is known to stand for "not rated"; 0 is the lowest

_NUMBER = r"\s*(-?[0-9]{1,9}(?:\.[0-9]*)?)\s*"
HEAD = re.compile(
    rf"\[{_NUMBER}-{_NUMBER}\]\s+(\S+)\s+(\w+)\s+\[{_NUMBER},{_NUMBER},{_NUMBER}\]", re.ASCII
)
RATER_ROW = re.compile(r"A-([EFM][0-9]*)\s*:([^(]*)")
OTHER_ROW = re.compile(r"C-[EFM][0-9]*\s*:|%")
FIELD = re.compile(r"(val|act|dom)(?![a-z])\s*(.*)")
RATING = re.compile(r"[0-9](?:\.[0-9]{1,9})?")


class Rating(NamedTuple):
    """A row of one rater: the numbers as they stand, NaN for one that is missing."""

    rater: str  # such as E3, an external rater, or F1, the actor's own report
    valence: float
    activation: float
    dominance: float

    @property
    def kind(self):
        """Return "external" for the raters behind the averages, "self" for the actors."""
        return "external" if self.rater.startswith("E") else "self"


@dataclass
class Turn:
    """A labelled turn as it stands in its file.

    `bracket` has the printed averages by "valence", "activation" and "dominance", `rows` the
    Rating of everybody, in the order of the file. `start` and `end` are seconds in the dialogue.
    """

    utterance: str
    start: float
    end: float
    emotion: str
    bracket: dict
    rows: list = field(default_factory=list)

    @property
    def external(self):
        """The rows of the external raters."""
        return [row for row in self.rows if row.kind == "external"]

    @property
    def ratings(self):
        """The numbers that the external raters gave, a list by dimension."""
        return {
            name: [value for row in self.external if not math.isnan(value := getattr(row, name))]
            for name in DIMENSIONS.values()
        }


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
        elif row := RATER_ROW.match(line):
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
    # The counts about self reports have names of their own: no label is made of them.
    own = "" if rater.startswith("E") else " in a self report"
    if any(rater == other.rater for other in turns[-1].rows):
        tally.irregular[f"rater twice in a turn{own}"] += 1
    found = dict.fromkeys(DIMENSIONS, "")
    for part in filter(None, map(str.strip, row.split(";"))):
        if named := FIELD.fullmatch(part):
            found[named[1]] = named[2]
        else:
            tally.left_out[f"rating not understood{own}"] += 1
    numbers = (_rating(text, own, tally) for text in found.values())
    turns[-1].rows.append(Rating(rater, *numbers))


def _rating(text, own, tally):
    """Return the number of a rating, NaN and a count where there is none."""
    if RATING.fullmatch(text) and float(text) <= OFF_SCALE:
        return float(text)
    tally.left_out[("rating not understood" if text else "missing number") + own] += 1
    return math.nan


def ratings_that_count(ratings):
    """Return those of a list of ratings that make the label.

    A rating off the scale (6, or 0) is dropped where another rater is left and is otherwise
    clamped to the scale.
    """
    on_scale = [rating for rating in ratings if LOWEST <= rating <= HIGHEST]
    return on_scale or [_clamp(rating) for rating in ratings]


def average_rating(turn, dimension, tally):
    """Return the Average of a turn on one dimension: the mean of the ratings that count.

    Without any rating the printed average stands, with no rater. This is counted in `tally`, as is
    each rating that was dropped or clamped.
    """
    ratings = turn.ratings[dimension]
    used = ratings_that_count(ratings)
    for rating in ratings:
        if not LOWEST <= rating <= HIGHEST:
            dropped = len(used) < len(ratings)
            counter = tally.left_out if dropped else tally.irregular
            counter[f"rating of {rating:g} {'dropped' if dropped else 'clamped'}"] += 1
    if used:
        return Average(sum(used) / len(used), len(used))
    tally.irregular[f"no {dimension} rating, bracket taken"] += 1
    if turn.bracket[dimension] != _clamp(turn.bracket[dimension]):
        tally.irregular[f"{dimension} of the bracket clamped"] += 1
    return Average(_clamp(turn.bracket[dimension]), 0)


def bracket_faults(turn):
    """Return why printed averages are not the means of the ratings on the scale, a set of names.

    The ratings as they stand may have the printed mean where those on the scale have not; else a
    number may be missing. What is left is "other". A dimension without ratings is not compared.
    """
    faults = set()
    for name, ratings in turn.ratings.items():
        on_scale = [rating for rating in ratings if LOWEST <= rating <= HIGHEST]
        if not ratings or (on_scale and _is_mean(turn.bracket[name], on_scale)):
            continue
        if len(on_scale) < len(ratings) and _is_mean(turn.bracket[name], ratings):
            faults.add("rating off the scale")
        else:
            faults.add("missing number" if len(ratings) < len(turn.external) else "other")
    return faults


def _is_mean(printed, ratings):
    return abs(sum(ratings) / len(ratings) - printed) <= ROUNDING


def _clamp(value):
    return min(max(value, LOWEST), HIGHEST)

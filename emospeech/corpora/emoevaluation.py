"""Parser for the EmoEvaluation files of IEMOCAP, which contain the labels of a dialogue.

A turn has a head line with averages over the external raters, and a row for each rater. Averages
are recomputed from the rows `A-E*`, because printed averages may include ratings off the scale: a 6
is an unrated 0 on the reversed scale of the raw files. The self-reports (`A-F*`, `A-M*`) are not
part of the averages. The emotion in the head line summarizes the rows `C-E*`, in which each rater
named one or more emotions.
"""

import math
import os
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from emospeech.corpora.issues import IssueCounts
from emospeech.runtime.errors import CorpusError

EMOTIONS = {  # {name in the rows of the raters: label in the head line}
    "Anger": "ang",
    "Disgust": "dis",
    "Excited": "exc",
    "Fear": "fea",
    "Frustration": "fru",
    "Happiness": "hap",
    "Neutral": "neu",
    "Neutral state": "neu",
    "Other": "oth",
    "Sadness": "sad",
    "Surprise": "sur",
}
DIMENSIONS = {"val": "valence", "act": "activation", "dom": "dominance"}
ROUNDING = 2e-4  # averages are printed with four decimals, rounded or truncated
LOWEST, HIGHEST = 1.0, 5.0  # the rating scale
OFF_SCALE = 6.0  # the highest number in the files; like 0, it means "not rated"

_NUMBER = r"\s*(-?[0-9]{1,9}(?:\.[0-9]*)?)\s*"
HEAD = re.compile(
    rf"\[{_NUMBER}-{_NUMBER}\]\s+(\S+)\s+(\w+)\s+\[{_NUMBER},{_NUMBER},{_NUMBER}\]", re.ASCII
)
RATER_ROW = re.compile(r"A-([EFM][0-9]*)\s*:([^(]*)")
VOTE_ROW = re.compile(r"C-(E[0-9]*)\s*:([^(]*)")
OTHER_ROW = re.compile(r"C-[FM][0-9]*\s*:|%")
FIELD = re.compile(r"(val|act|dom)(?![a-z])\s*(.*)")
RATING = re.compile(r"[0-9](?:\.[0-9]{1,9})?")


class Rating(NamedTuple):
    """The ratings of one rater as printed, NaN if missing."""

    rater: str  # such as E3 for an external rater or F1 for a self-report
    valence: float
    activation: float
    dominance: float

    @property
    def kind(self) -> str:
        """Either "external" or "self"."""
        return "external" if self.rater.startswith("E") else "self"


@dataclass
class Turn:
    """A labelled turn. Times are in seconds from the start of the dialogue."""

    utterance: str
    start: float
    end: float
    emotion: str
    averages: dict[str, float]  # as printed, by dimension
    ratings: list[Rating] = field(default_factory=list)
    votes: dict[str, list[str]] = field(default_factory=dict)  # labels by external rater

    def external(self, dimension: str) -> list[float]:
        """Return the ratings of the external raters, NaN if missing."""
        return [getattr(row, dimension) for row in self.ratings if row.kind == "external"]


def parse_evaluation(text: str, path: str | os.PathLike, issues: IssueCounts) -> list[Turn]:
    """Return the turns in the text of an EmoEvaluation file.

    Args:
        text: The text of the file.
        path: The name of the file for error messages.
        issues: Receives the number of lines, ratings and votes that cannot be parsed.

    Raises:
        CorpusError: A head line is malformed.
    """
    turns = []
    # Not splitlines(), which also splits at control characters that latin-1 comments may contain.
    for number, line in enumerate(map(str.strip, re.split(r"\r\n|\n|\r", text)), start=1):
        if line.startswith("["):
            if (head := HEAD.fullmatch(line)) is None:
                expected = "[start - end] <tab> utterance <tab> emotion <tab> [V, A, D]"
                raise CorpusError(path, f"is not `{expected}`. Unpack the file again.", number)
            start, end, utterance, emotion, *printed = head.groups()
            averages = dict(zip(DIMENSIONS.values(), map(float, printed), strict=True))
            turns.append(Turn(utterance, float(start), float(end), emotion, averages))
        elif row := RATER_ROW.match(line):
            if turns:
                _add_rating(turns[-1], row[1], row[2], issues)
            else:
                issues.left_out["rating before the first turn"] += 1
        elif row := VOTE_ROW.match(line):
            if turns:
                _add_votes(turns[-1], row[1], row[2], issues)
            else:
                issues.left_out["vote before the first turn"] += 1
        elif line and not OTHER_ROW.match(line):
            issues.left_out["unparsable label line"] += 1
    return turns


def _add_rating(turn: Turn, rater: str, row: str, issues: IssueCounts) -> None:
    """Add the row of a rater, such as `val 3; act 2; dom  ;`."""
    # Self-reports are counted separately, since no label depends on them.
    suffix = "" if rater.startswith("E") else " in a self-report"
    issues.irregular[f"rater twice in a turn{suffix}"] += any(
        rater == other.rater for other in turn.ratings
    )
    values = dict.fromkeys(DIMENSIONS, "")
    for part in filter(None, map(str.strip, row.split(";"))):
        if match := FIELD.fullmatch(part):
            values[match[1]] = match[2]
        else:
            issues.left_out[f"unparsable rating{suffix}"] += 1
    numbers = []
    for value in values.values():
        is_rating = RATING.fullmatch(value) and float(value) <= OFF_SCALE
        numbers.append(float(value) if is_rating else math.nan)
        problem = "unparsable rating" if value else "missing rating"
        issues.left_out[problem + suffix] += not is_rating
    turn.ratings.append(Rating(rater, *numbers))


def _add_votes(turn: Turn, rater: str, row: str, issues: IssueCounts) -> None:
    """Add the row of a rater, such as `Neutral; Anger;`."""
    issues.irregular["voter twice in a turn"] += rater in turn.votes
    labels = turn.votes.setdefault(rater, [])
    for name in filter(None, map(str.strip, row.split(";"))):
        label = EMOTIONS.get(name)
        issues.left_out["vote for an unknown emotion"] += label is None
        if label is not None and label not in labels:
            labels.append(label)


def usable_ratings(ratings: list[float]) -> list[float]:
    """Drop ratings off the scale (0 and 6), or clamp them if there are no others."""
    on_scale = [rating for rating in ratings if LOWEST <= rating <= HIGHEST]
    return on_scale or [_clamp(rating) for rating in ratings]


def average_rating(turn: Turn, dimension: str, issues: IssueCounts) -> tuple[float, int]:
    """Return the average of the usable external ratings on one dimension, and their number.

    The printed average is used if there are no ratings. Dropped and clamped values are counted.
    """
    ratings = [rating for rating in turn.external(dimension) if not math.isnan(rating)]
    used = usable_ratings(ratings)
    for rating in ratings:
        if rating != _clamp(rating):
            if len(used) < len(ratings):
                issues.left_out[f"rating of {rating:g} dropped"] += 1
            else:
                issues.irregular[f"rating of {rating:g} clamped"] += 1
    if used:
        return sum(used) / len(used), len(used)
    printed = turn.averages[dimension]
    issues.irregular[f"no {dimension} rating, printed average used"] += 1
    issues.irregular[f"printed {dimension} average clamped"] += printed != _clamp(printed)
    return _clamp(printed), 0


def average_mismatches(turn: Turn) -> set[str]:
    """Return why the printed averages of a turn differ from the averages of its valid ratings.

    Ratings outside the scale are invalid. The reasons are "rating off the scale", "missing rating"
    and "unknown". Dimensions without ratings are not compared.
    """
    reasons = set()
    for dimension, printed in turn.averages.items():
        external = turn.external(dimension)
        ratings = [rating for rating in external if not math.isnan(rating)]
        on_scale = [rating for rating in ratings if LOWEST <= rating <= HIGHEST]
        if not ratings or _is_mean(printed, on_scale):
            continue
        if len(on_scale) < len(ratings) and _is_mean(printed, ratings):
            reasons.add("rating off the scale")
        else:
            reasons.add("missing rating" if len(ratings) < len(external) else "unknown")
    return reasons


def _is_mean(printed: float, ratings: list[float]) -> bool:
    return bool(ratings) and abs(sum(ratings) / len(ratings) - printed) <= ROUNDING


def _clamp(value: float) -> float:
    return min(max(value, LOWEST), HIGHEST)

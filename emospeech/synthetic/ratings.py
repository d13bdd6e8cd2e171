"""What each rater wrote about a turn, so that the average is the one that was planned."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from emospeech.synthetic.draws import generator

RATERS = {2: ("E3", "E4"), 3: ("E1", "E2", "E4"), 4: ("E1", "E2", "E3", "E4")}
CATEGORISERS = ("E2", "E3", "E4")
CATEGORIES = {
    "fru": "Frustration",
    "neu": "Neutral",
    "ang": "Anger",
    "sad": "Sadness",
    "exc": "Excited",
    "hap": "Happiness",
    "sur": "Surprise",
    "fea": "Fear",
    "oth": "Other",
    "dis": "Disgust",
}
COMMENTS = (
    "curious",
    "mildly aggravated but staying polite, attitude",
    "sarcastic; hard to tell",
    "starts calm, then louder",
    "unsure",
    "laughs; relieved, perhaps",
)


@dataclass(frozen=True)
class Rating:
    """A rater's numbers for a turn; `dominance` is None where it was left out."""

    rater: str
    valence: int
    activation: int
    dominance: int | None
    comment: str


@dataclass(frozen=True)
class Rated:
    """All that is written about a turn: the averages in the bracket, and the raters' rows.

    `categories` pairs a rater with the names of emotions and a comment. The self reports are
    rows of the actor who speaks, and are empty for most turns.
    """

    bracket: tuple[float, float, float]
    ratings: tuple[Rating, ...]
    categories: tuple[tuple[str, tuple[str, ...], str], ...]
    self_ratings: tuple[Rating, ...]
    self_categories: tuple[tuple[str, tuple[str, ...], str], ...]


def split_average(average, raters, rng):
    """Return `raters` ratings of 1 to 5 with the mean `average`, drawn close to each other."""
    total = round(average * raters)
    if abs(total - average * raters) > 1e-3:
        raise ValueError(f"{raters} whole ratings cannot average {average}")
    fitting = [row for row in product(range(1, 6), repeat=raters) if sum(row) == total]
    weights = np.array([np.exp(-2 * np.var(row) * raters) for row in fitting])
    return fitting[rng.choice(len(fitting), p=weights / weights.sum())]


def _scattered(centre, n, rng):
    return [int(x) for x in np.clip(np.round(centre + rng.normal(0, 0.5, n)), 1, 5)]


def _comment(rng, share=0.08):
    return COMMENTS[rng.integers(len(COMMENTS))] if rng.random() < share else ""


def _valences(turn, rng):
    if turn.fault == "six":
        return (5, 6) if rng.random() < 0.5 else (6, 5)
    if turn.fault == "hidden six":
        return 4, 6
    return split_average(turn.valence, turn.raters, rng)


def rate(turn, seed):
    """Return the `Rated` of a row of the plan. Equal seeds and names give equal ratings."""
    rng = generator(seed, "ratings", turn.utterance)
    valences = _valences(turn, rng)
    activations = _scattered(turn.activation, turn.raters, rng)
    dominances = _scattered(turn.dominance, turn.raters, rng)
    if turn.fault == "half dominance":
        dominances = [1, None]  # what is missing counts as 0 in the average
    rows = zip(RATERS[turn.raters], valences, activations, dominances, strict=True)
    ratings = tuple(Rating(*row, _comment(rng)) for row in rows)
    numbers = (valences, activations, [d or 0 for d in dominances])
    actor = turn.speaker[-1] + "1"
    reported = rng.random() < 0.3 or turn.fault != ""
    return Rated(
        bracket=tuple(float(np.mean(row)) for row in numbers),
        ratings=ratings,
        categories=_categories(turn.emotion, rng),
        self_ratings=(_self_rating(turn, actor, rng),) if reported else (),
        self_categories=((actor, _disagreeing(1, rng)[0], _comment(rng)),) if reported else (),
    )


def _self_rating(turn, actor, rng):
    """The actor's own numbers, near the raters' only; the dominance is often left out."""
    valence = _scattered(turn.valence + rng.normal(0, 0.7), 1, rng)[0]
    activation = _scattered(turn.activation, 1, rng)[0]
    dominance = None if rng.random() < 0.1 else _scattered(turn.dominance, 1, rng)[0]
    return Rating(actor, valence, activation, dominance, _comment(rng))


def _disagreeing(n, rng):
    """The names of `n` different emotions, each in a tuple of its own."""
    names = list(CATEGORIES.values())
    return [(names[i],) for i in rng.permutation(len(names) - 3)[:n]]


def _categories(emotion, rng):
    """Three raters' emotions: two or three agree on `emotion`, none do where it is xxx."""
    named = _disagreeing(len(CATEGORISERS), rng)
    if emotion != "xxx":
        agreed = CATEGORIES[emotion]
        odd = rng.integers(3) if rng.random() < 0.5 else None
        named = [pick if i == odd else (agreed,) for i, pick in enumerate(named)]
        if rng.random() < 0.2:
            named[0] = tuple(dict.fromkeys((agreed, "Neutral", *named[0])))
    return tuple((r, n, _comment(rng)) for r, n in zip(CATEGORISERS, named, strict=True))

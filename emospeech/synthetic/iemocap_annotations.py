"""Ratings of the synthetic IEMOCAP, and the text files of labels, transcriptions and alignments."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise, product

import numpy as np

from emospeech.runtime.rng import named_rng
from emospeech.synthetic.iemocap_plan import Turn
from emospeech.synthetic.segments import Segment

RATERS = {2: ("E3", "E4"), 3: ("E1", "E2", "E4"), 4: ("E1", "E2", "E3", "E4")}
CATEGORY_RATERS = ("E2", "E3", "E4")
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
COMMENT_SHARE = 0.08
LABEL_HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
ALIGNMENT_HEADERS = {
    "wdseg": "\t SFrm  EFrm    SegAScr Word\n",
    "phseg": "\t SFrm  EFrm  SegAScr Phone\n",
    "syseg": "\t SFrm  EFrm  SegAScr Syl\n",
}


@dataclass(frozen=True)
class AttributeRating:
    """One rater's attribute ratings of a turn, 1 to 5; a missing dominance is None."""

    rater: str
    valence: int
    activation: int
    dominance: int | None
    comment: str


@dataclass(frozen=True)
class CategoryRating:
    """The emotions that one rater named for a turn."""

    rater: str
    names: tuple[str, ...]
    comment: str


@dataclass(frozen=True)
class TurnRatings:
    """All ratings of a turn; the actor's self-reports, which most turns lack, come last.

    `averages` are the raters' mean valence, activation and dominance.
    """

    averages: tuple[float, ...]
    attributes: tuple[AttributeRating, ...]
    categories: tuple[CategoryRating, ...]


def draw_ratings(turn: Turn, seed: int) -> TurnRatings:
    """Return ratings whose valences average to that of the turn."""
    rng = named_rng(seed, "ratings", turn.utterance)
    valences = _draw_valences(turn, rng)
    activations = _scatter(turn.activation, turn.raters, rng)
    dominances: list[int | None] = [*_scatter(turn.dominance, turn.raters, rng)]
    if turn.fault == "half dominance":
        dominances = [1, None]  # a missing number counts as 0 in the average
    rows = zip(RATERS[turn.raters], valences, activations, dominances, strict=True)
    attributes = [AttributeRating(*row, _draw_comment(rng)) for row in rows]
    self_reported = rng.random() < 0.3 or turn.fault != ""
    categories = _draw_categories(turn.emotion, rng)
    if self_reported:
        actor = turn.speaker[-1] + "1"
        attributes.append(_draw_self_report(turn, actor, rng))
        names = _draw_distinct_emotions(1, rng)[0]
        categories.append(CategoryRating(actor, names, _draw_comment(rng)))
    numbers = (valences, activations, [value or 0 for value in dominances])
    averages = tuple(float(np.mean(row)) for row in numbers)
    return TurnRatings(averages, tuple(attributes), tuple(categories))


def split_average(average: float, raters: int, rng: np.random.Generator) -> tuple[int, ...]:
    """Return ratings from 1 to 5 with the given average, preferring ratings that agree.

    Raises ValueError if no set of `raters` integers has this average.
    """
    total = round(average * raters)
    if abs(total - average * raters) > 1e-3:
        raise ValueError(f"{raters} integer ratings cannot average {average}")
    fitting = [row for row in product(range(1, 6), repeat=raters) if sum(row) == total]
    weights = np.array([np.exp(-2 * np.var(row) * raters) for row in fitting])
    return fitting[rng.choice(len(fitting), p=weights / weights.sum())]


def _draw_valences(turn, rng):
    if turn.fault == "six":
        return (5, 6) if rng.random() < 0.5 else (6, 5)
    if turn.fault == "hidden six":
        return 4, 6
    return split_average(turn.valence, turn.raters, rng)


def _scatter(centre, n, rng):
    return [int(x) for x in np.clip(np.round(centre + rng.normal(0, 0.5, n)), 1, 5)]


def _draw_comment(rng):
    return COMMENTS[rng.integers(len(COMMENTS))] if rng.random() < COMMENT_SHARE else ""


def _draw_self_report(turn, actor, rng):
    valence = _scatter(turn.valence + rng.normal(0, 0.7), 1, rng)[0]
    activation = _scatter(turn.activation, 1, rng)[0]
    dominance = None if rng.random() < 0.1 else _scatter(turn.dominance, 1, rng)[0]
    return AttributeRating(actor, valence, activation, dominance, _draw_comment(rng))


def _draw_distinct_emotions(n, rng):
    """Return one emotion for each of `n` raters, all different, as tuples with one name."""
    names = list(CATEGORIES.values())
    return [(names[i],) for i in rng.permutation(len(names) - 3)[:n]]


def _draw_categories(emotion, rng):
    """Return three raters' emotions: at least two agree on `emotion`, or none for "xxx"."""
    named: list[tuple[str, ...]] = _draw_distinct_emotions(len(CATEGORY_RATERS), rng)
    if emotion != "xxx":
        agreed = CATEGORIES[emotion]
        odd = rng.integers(3) if rng.random() < 0.5 else None
        named = [names if i == odd else (agreed,) for i, names in enumerate(named)]
        if rng.random() < 0.2:
            named[0] = tuple(dict.fromkeys((agreed, "Neutral", *named[0])))
    pairs = zip(CATEGORY_RATERS, named, strict=True)
    return [CategoryRating(rater, names, _draw_comment(rng)) for rater, names in pairs]


def label_text(turns: Iterable[Turn], ratings: Iterable[TurnRatings]) -> str:
    """Return the label file of a dialogue: a block with averages and ratings for each turn."""
    lines = []
    for turn, rated in zip(turns, ratings, strict=True):
        averages = ", ".join(f"{value:.4f}" for value in rated.averages)
        times = f"[{turn.start:.4f} - {turn.end:.4f}]"
        lines.append(f"{times}\t{turn.utterance}\t{turn.emotion}\t[{averages}]\n")
        for row in rated.categories:
            lines.append(f"C-{row.rater}:\t{'; '.join(row.names)};\t({row.comment})\n")
        for row in rated.attributes:
            numbers = f"val {row.valence}; act {row.activation}; dom  {row.dominance or ''};"
            lines.append(f"A-{row.rater}:\t{numbers}\t({row.comment})\n")
        lines.append("\n")
    return LABEL_HEADER + "".join(lines)


def rater_files(
    dialogue: str, turns: Iterable[Turn], ratings: Iterable[TurnRatings]
) -> dict[str, str]:
    """Return {path below EmoEvaluation: text} of the files with a single rater's ratings.

    Attribute files use the REVERSED scale, 6 - value, for valence and activation.
    """
    lines = defaultdict(list)
    for turn, rated in zip(turns, ratings, strict=True):
        for row in rated.attributes:
            dominance = row.dominance or ""
            numbers = f":act {6 - row.activation}; :val {6 - row.valence}; :dom {dominance};"
            line = f"{turn.utterance} {numbers} ({row.comment})\n"
            lines["Attribute", row.rater, "atr"].append(line)
        for row in rated.categories:
            names = " ".join(f":{name};" for name in row.names)
            line = f"{turn.utterance} {names} ({row.comment})\n"
            lines["Categorical", row.rater, "cat"].append(line)
    files = {}
    for (folder, rater, ending), own in lines.items():
        folder = folder if rater.startswith("E") else "Self-evaluation"
        files[f"{folder}/{dialogue}_{rater.lower()}_{ending}.txt"] = "".join(sorted(own))
    return files


def transcription_line(turn: Turn, segments: Iterable[Segment]) -> str:
    """Return a turn's line of the transcription."""
    text = " ".join(segment.word.spelling for segment in segments if segment.word.spelling)
    text = f"{text.capitalize()}." if text else "[LAUGHTER]"
    return f"{turn.utterance} [{turn.start:08.4f}-{turn.end:08.4f}]: {text}\n"


def alignment_texts(segments: Sequence[Segment], seed: int, utterance: str) -> dict[str, str]:
    """Return {suffix: text} of the alignments by word, phone and syllable."""
    rows = {
        "wdseg": [(segment.start, segment.end, segment.label) for segment in segments],
        "phseg": _phone_rows(segments),
        "syseg": _syllable_rows(segments),
    }
    texts = {}
    for suffix, header in ALIGNMENT_HEADERS.items():
        rng = named_rng(seed, "score", utterance)
        lengths = [end - start for start, end, _ in rows[suffix]]
        scores = -rng.integers(20_000, 90_000, len(lengths)) * lengths
        lines = [
            f"\t{start:5d} {end - 1:5d} {score:10d} {label}\n"  # the last frame is inclusive
            for (start, end, label), score in zip(rows[suffix], scores, strict=True)
        ]
        texts[suffix] = f"{header}{''.join(lines)} Total score: {scores.sum():>11d}\n"
    return texts


def _phone_rows(segments):
    """Return (start, end, symbol) of the phones; a stop's closure and burst are one row."""
    phones = [
        (phone.symbol, round(start))
        for segment in segments
        for phone, start in zip(segment.word.phones, segment.bounds, strict=False)
    ]
    starts = [(symbol, next(own)[1]) for symbol, own in groupby(phones, key=lambda row: row[0])]
    following = [*starts[1:], ("", segments[-1].end)]
    rows = zip(starts, following, strict=True)
    return [(start, end, symbol) for (symbol, start), (_, end) in rows if end > start]


def _syllable_rows(segments):
    """Return (start, end, symbols) of the syllables."""
    rows = []
    for segment in segments:
        syllables = segment.word.syllables
        cuts = np.cumsum([0, *map(len, syllables)])
        for syllable, (first, last) in zip(syllables, pairwise(cuts), strict=True):
            start, end = round(segment.bounds[first]), round(segment.bounds[last])
            symbols = "_".join(dict.fromkeys(phone.symbol for phone in syllable))
            rows.append((start, max(end, start + 1), symbols))
    return rows

"""How much of a figure is luck: of the training, of the crops, of the speakers."""

import math

from emospeech.report.contents.table import count_of, evidence_of

TEXTS = {
    "spread": (
        "Spread.",
        "How far a pooled figure moves by luck: standard deviations over seeds of the training and "
        "over crops of the same recordings, then standard errors of drawing other recordings of "
        "the same speakers, and other speakers.",
    ),
}


def spread_tables(evidence):
    """What the seed of the training, the crops and the sample of speakers do to the figures."""
    return evidence_of(evidence, TEXTS)


def spread_words(spread):
    """Say how far the UAR of valence moves with each kind of luck, in points; by the numbers.

    `spread` is spread.csv, or None.
    """
    if spread is None or spread.empty:
        return ""
    rows = spread[(spread["figure"] == "uar5") & (spread["task"] == "valence")]
    seeds, crops = int(rows["seeds"].max()), int(rows["crop_seeds"].max())
    speakers = count_of(int(rows["speakers"].max()), "speaker")
    parts = [
        _moves(rows["deviation_seeds"], seeds, "seed of the training", "training.seeds"),
        _moves(rows["deviation_crops"], crops, "draw of the crops", "evaluation.crop_seeds"),
        f"Its standard error over the {speakers} is {_points(rows['error_speakers'])}.",
    ]
    if diverged := int(rows["diverged_seeds"].sum()):
        parts.append(f"{count_of(diverged, 'seed')} with a diverged training left out.")
    few = min((number for number in (seeds, crops) if number > 1), default=None)
    if few:
        share = 100 / math.sqrt(2 * (few - 1))
        parts.append(
            f"A standard deviation of {few} values is itself uncertain by some {share:.0f} %."
        )
    return " ".join(parts)


def _moves(deviations, number, thing, key):
    if number < 2:
        return f"With one {thing} nothing is known of its part ({key})."
    things = thing.replace(" ", "s ", 1)
    return f"Over {number} {things} the UAR of valence has a deviation of {_points(deviations)}."


def _points(values):
    """A range over the models, such as 2.4 to 4.6 points by model."""
    known = 100 * values.dropna()
    if known.empty:
        return "unknown size"
    low, high = f"{known.min():.1f}", f"{known.max():.1f}"
    return f"{low} points" if low == high else f"{low} to {high} points by model"

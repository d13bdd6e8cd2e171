"""How sure the figures are: differences between models, and what so few speakers can show."""

from emospeech.evaluation.comparisons import smallest_p
from emospeech.report.contents.table import count_of, evidence_of
from emospeech.report.forms import share

TEXTS = {
    "comparisons": (
        "Comparisons.",
        "The mean difference of two models over the test speakers, its 95 % interval, p of the "
        "sign-flip test, and p corrected for the number of pairs (Holm). Pairs with the classical "
        "baseline are corrected apart.",
    ),
}
LEVEL = 0.05


def comparison_tables(evidence):
    """The differences between all pairs of models, if there are any."""
    return evidence_of(evidence, TEXTS)


def speaker_words(comparisons, doubled):
    """Say what as many test speakers as there are can show, and what twice as many could.

    `comparisons` is comparisons.csv, or None; `doubled` says whether both speakers of a session are
    tested already. The numbers are computed, none is in the text.
    """
    if comparisons is None or comparisons.empty:
        return ""
    speakers = int(comparisons["speakers"].max())
    families = comparisons.groupby(["family", "task"])[["model", "other"]]
    pairs = max(len(rows.drop_duplicates()) for _, rows in families)
    least, corrected = _smallest(speakers, pairs)
    words = (
        f"With {count_of(speakers, 'test speaker')} there are {2**speakers} choices of signs, so "
        f"no difference, however large, can have a p below {share(least)}; as the first of "
        f"{count_of(pairs, 'pair')} it is {share(corrected)} after the correction."
    )
    if least > LEVEL:
        words += f" So these speakers cannot tell any two models apart at the level of {LEVEL}."
    elif corrected > LEVEL:
        words += f" So at the level of {LEVEL} they can decide on one pair, not on all at once."
    if corrected > LEVEL and not doubled:
        twice = _smallest(2 * speakers, pairs)
        words += (
            f" With both speakers of each session in turn (folds.validation: both) there are "
            f"{2 * speakers}, and the smallest p are {share(twice[0])} and {share(twice[1])}."
        )
    return words


def _smallest(speakers, pairs):
    """The least p that `speakers` can give, alone and as the first of `pairs` after Holm."""
    return smallest_p(speakers), min(pairs * smallest_p(speakers), 1)

"""The plan of the corpus in IEMOCAP's form: who says what when, and how it is rated.

The plan of all 10039 utterances follows from the seed alone. Labels are dealt out at random: they
do not depend on the speaker, the length, the place in a dialogue or anything but each other.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm

from emospeech.corpora import iemocap_release as release
from emospeech.synthetic.draws import apportion, generator

# These dialogues must be long enough for the turns that formats name in them.
LEAST_TURNS = {("Ses03F_impro07", "M"): 40, ("Ses03M_impro07", "M"): 40}
TRIPLE_SHARE = 0.11  # of the turns of a session lie in dialogues with three raters
WORDLESS_SHARE = 0.005


@dataclass(frozen=True)
class Turn:
    """A row of the plan; see `release_plan` for what the fields are."""

    utterance: str
    dialogue: str
    session: int
    speaker: str
    start: float
    end: float
    raters: int
    fault: str
    valence: float
    emotion: str
    activation: float
    dominance: float
    aligned: bool
    wordless: bool


def turns_of(plan):
    """Return the rows of a plan as a list of `Turn`, in their order."""
    return [Turn(**row) for row in plan.to_dict("records")]


def release_plan(seed):
    """Return the plan of the whole corpus as a data frame with a row an utterance.

    Columns: utterance, dialogue, session (1 to 5), speaker, start, end (seconds in the dialogue),
    valence (the average of the raters), emotion, activation, dominance (what the raters scatter
    about), raters, wordless, aligned, fault (empty, "six", "hidden six" or "half dominance").
    Rows are sorted by dialogue, and by time in each.
    """
    plan = _turns(generator(seed, "turns"))
    plan["raters"] = _raters(plan, generator(seed, "raters"))
    plan["fault"] = _faults(plan)
    rng = generator(seed, "labels")
    plan["valence"] = _valences(plan, rng)
    plan["emotion"] = _emotions(plan["valence"].to_numpy(), rng)
    excitement = plan["emotion"].map({name: row[2] for name, row in release.EMOTIONS.items()})
    plan["activation"] = excitement + rng.normal(0, 0.6, len(plan))
    plan["dominance"] = 3.2 + 0.5 * (plan["activation"] - 3) + rng.normal(0, 0.7, len(plan))
    plan["aligned"] = ~plan["utterance"].isin(release.NO_ALIGNMENT)
    wordless = rng.permutation(len(plan)) < WORDLESS_SHARE * len(plan)
    plan["wordless"] = wordless & plan["aligned"] & (plan["fault"] == "")
    return plan


def _turn_counts(rng):
    """Turns by (dialogue, letter), with the totals of speakers and of improvised turns."""
    improvised = apportion(release.IMPROVISED, list(release.TURNS.values()))
    counts = {}
    for (speaker, total), free in zip(release.TURNS.items(), improvised, strict=True):
        names = release.dialogues(int(speaker[4]))
        for kind, share in (("impro", free), ("script", total - free)):
            chosen = [name for name in names if kind in name]
            least = [LEAST_TURNS.get((name, speaker[5]), 5) for name in chosen]
            shares = apportion(share, rng.gamma(6, size=len(chosen)), least)
            counts |= {(n, speaker[5]): c for n, c in zip(chosen, shares, strict=True)}
    return counts


def _turns(rng):
    counts = _turn_counts(rng)
    durations = rng.permutation(turn_durations(release.UTTERANCES))
    tables, done = [], 0
    for dialogue in sorted({name for name, _ in counts}):
        letters = np.repeat(["F", "M"], [counts[dialogue, "F"], counts[dialogue, "M"]])
        letters = rng.permutation(letters)
        lengths = durations[done : done + len(letters)]
        tables.append(_one_dialogue(dialogue, letters, lengths, rng))
        done += len(letters)
    return pd.concat(tables, ignore_index=True)


def _one_dialogue(dialogue, letters, lengths, rng):
    numbers = np.where(letters == "F", np.cumsum(letters == "F"), np.cumsum(letters == "M")) - 1
    # A pause between turns may be negative: the other cuts in. Times have four decimals.
    pauses = np.maximum(rng.exponential(0.8, len(letters)) - 0.3, -0.4 * lengths)
    ends = np.cumsum(lengths + pauses) + rng.uniform(2, 8)
    starts = np.round(ends - lengths, 4)
    pairs = zip(letters, numbers, strict=True)
    return pd.DataFrame(
        {
            "utterance": [f"{dialogue}_{letter}{number:03d}" for letter, number in pairs],
            "dialogue": dialogue,
            "session": int(dialogue[4]),
            "speaker": [dialogue[:5] + letter for letter in letters],
            "start": starts,
            "end": np.round(starts + lengths, 4),
        }
    )


def turn_durations(n):
    """Return `n` lengths in seconds: a log-normal distribution, clipped, with the known mean.

    They are its quantiles, in ascending order, so that their median and sum do not depend on
    chance. The spread is the one that makes the mean `HOURS` over all utterances.
    """
    z = norm.ppf((np.arange(n) + 0.5) / n)

    def lengths(spread):
        return np.clip(release.MEDIAN * np.exp(spread * z), release.SHORTEST, release.LONGEST)

    mean = release.HOURS * 3600 / release.UTTERANCES
    return np.round(lengths(brentq(lambda spread: lengths(spread).mean() - mean, 0.3, 1.5)), 4)


def _raters(plan, rng):
    """Two raters in most dialogues, three in some of every session, four in one."""
    raters = pd.Series(2, index=plan["dialogue"].unique())
    sizes = plan["dialogue"].value_counts()
    raters["Ses04F_impro03"] = 4
    for session in range(1, 6):
        names = [name for name in rng.permutation(release.dialogues(session)) if raters[name] == 2]
        names = [name for name in names if name != "Ses03M_impro07"]
        reached = sizes[names].cumsum()
        wanted = TRIPLE_SHARE * plan["session"].eq(session).sum()
        raters[reached.index[: np.searchsorted(reached, wanted) + 1]] = 3
    return plan["dialogue"].map(raters)


def _faults(plan):
    fault = pd.Series("", index=plan.index)
    fault[plan["utterance"].isin(release.RATED_SIX)] = "six"
    fault[plan["utterance"] == release.HIDDEN_SIX] = "hidden six"
    pairs = plan.index[(plan["raters"] == 2) & (fault == "")]
    fault[pairs[:: len(pairs) // release.HALF_DOMINANCE][: release.HALF_DOMINANCE]] = (
        "half dominance"
    )
    return fault


def _valences(plan, rng):
    """Deal the release's averages out to the utterances whose number of raters allows them."""
    left = pd.Series(release.VALENCES)
    valence = pd.Series(np.nan, index=plan.index)

    def deal(rows, values):
        valence[rows] = rng.permutation(values)
        for value in values:
            left[value] -= 1

    deal(plan.index[plan["fault"] == "six"], [5.5] * 4)
    deal(plan.index[plan["fault"] == "hidden six"], [5.0])
    for raters in (4, 3, 2):
        rows = plan.index[(plan["raters"] == raters) & valence.isna()]
        own = [v for v in left.index if _is_own(v, raters)]
        values = np.repeat(own, left[own])
        # What remains of these dialogues has whole averages, drawn as they lie in the release.
        whole = [v for v in left.index if v == round(v)]
        rest = apportion(len(rows) - len(values), left[whole]) if raters > 2 else left[whole]
        deal(rows, np.concatenate((values, np.repeat(whole, rest))))
    return valence


def _is_own(value, raters):
    """Whether an average takes just this number of raters; halves are left to two raters."""
    steps = {2: {0.5}, 3: {1 / 3, 2 / 3}, 4: {0.25, 0.75}}[raters]
    return any(abs(value % 1 - step) < 1e-6 for step in steps)


def _emotions(valence, rng):
    """Pair the release's emotions with the valences by rank of valence, with some disorder."""
    names = np.repeat(list(release.EMOTIONS), [row[0] for row in release.EMOTIONS.values()])
    centres = np.array([release.EMOTIONS[name][1] for name in names])
    order = np.argsort(centres + rng.normal(0, 0.5, len(names)), kind="stable")
    paired = np.empty(len(names), dtype=object)
    paired[np.argsort(valence + rng.normal(0, 0.2, len(names)), kind="stable")] = names[order]
    return paired

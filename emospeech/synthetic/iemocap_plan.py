"""The plan of the synthetic IEMOCAP: who speaks when, and how each turn is rated.

The plan of all 10039 utterances follows from the seed. Labels are assigned at random: they do not
depend on the speaker, the duration or the position in the dialogue, only on each other. A smaller
corpus is a sample of this plan, so an utterance sounds the same in a corpus of any size.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import ndtri

from emospeech.corpora import iemocap_release as release
from emospeech.runtime.errors import InputError
from emospeech.runtime.rng import named_rng

# These dialogues must contain the utterances that are irregular in the release.
MIN_TURNS = {("Ses03F_impro07", "M"): 40, ("Ses03M_impro07", "M"): 40}
THREE_RATERS_SHARE = 0.11  # of the turns of a session
WORDLESS_SHARE = 0.005


@dataclass(frozen=True)
class Turn:
    """A row of the plan."""

    utterance: str  # the dialogue, the speaker's letter and a number
    dialogue: str
    session: int  # 1 to 5
    speaker: str  # such as "Ses01F"
    start: float  # seconds in the dialogue
    end: float
    raters: int
    fault: str  # of the ratings: "", "six", "hidden six" or "half dominance"
    valence: float  # the raters' average
    emotion: str  # "xxx" if the raters disagree
    activation: float  # mean of the distribution of ratings, like dominance
    dominance: float
    aligned: bool  # has forced alignments
    wordless: bool  # contains only nonspeech sounds


def to_turns(plan: pd.DataFrame) -> list[Turn]:
    """Return the rows of a plan in their order."""
    return [Turn(**row) for row in plan.to_dict("records")]  # pyright: ignore[reportCallIssue]


def release_plan(seed: int) -> pd.DataFrame:
    """Return the plan of the full corpus, sorted by dialogue and time; columns as in `Turn`."""
    plan = _draw_turns(named_rng(seed, "turns"))
    plan["raters"] = _draw_raters(plan, named_rng(seed, "raters"))
    plan["fault"] = _faults(plan)
    rng = named_rng(seed, "labels")
    plan["valence"] = _draw_valences(plan, rng)
    plan["emotion"] = _draw_emotions(plan["valence"].to_numpy(), rng)
    excitement = plan["emotion"].map(lambda name: release.EMOTIONS[name][2])
    plan["activation"] = excitement + rng.normal(0, 0.6, len(plan))
    plan["dominance"] = 3.2 + 0.5 * (plan["activation"] - 3) + rng.normal(0, 0.7, len(plan))
    plan["aligned"] = ~plan["utterance"].isin(release.NO_ALIGNMENT)
    wordless = rng.permutation(len(plan)) < WORDLESS_SHARE * len(plan)
    plan["wordless"] = wordless & plan["aligned"] & (plan["fault"] == "")
    return plan


def _apportion(total, weights, minimum: int | list[int] = 0):
    """Return integers with the sum `total`: the minimum, and a share of the rest by weight.

    Rounding follows the largest-remainder method.
    """
    weights = np.asarray(weights, dtype=float)
    rest = total - np.broadcast_to(minimum, weights.shape).sum()
    if rest < 0:
        raise ValueError(f"the minimums sum to {total - rest}, more than the total {total}")
    exact = rest * weights / weights.sum()
    shares = np.floor(exact).astype(int)
    shares[np.argsort(shares - exact, kind="stable")[: rest - shares.sum()]] += 1
    return shares + np.asarray(minimum)


def _turn_counts(rng):
    """Return {(dialogue, letter): turns} with the release's totals by speaker and scenario."""
    improvised = _apportion(release.IMPROVISED, list(release.TURNS.values()))
    counts = {}
    for (speaker, total), free in zip(release.TURNS.items(), improvised, strict=True):
        names = release.dialogues(int(speaker[4]))
        for kind, share in (("impro", free), ("script", total - free)):
            chosen = [(name, speaker[5]) for name in names if kind in name]
            least = [MIN_TURNS.get(key, 5) for key in chosen]
            shares = _apportion(share, rng.gamma(6, size=len(chosen)), least)
            counts |= dict(zip(chosen, shares, strict=True))
    return counts


def _draw_turns(rng):
    """Return the columns utterance, dialogue, session, speaker, start and end of the plan."""
    counts = _turn_counts(rng)
    durations = rng.permutation(_durations(release.UTTERANCES))
    tables, done = [], 0
    for dialogue in sorted({name for name, _ in counts}):
        letters = rng.permutation(np.repeat(list("FM"), [counts[dialogue, x] for x in "FM"]))
        lengths = durations[done : done + len(letters)]
        done += len(letters)
        # A negative pause is an interruption.
        pauses = np.maximum(rng.exponential(0.8, len(letters)) - 0.3, -0.4 * lengths)
        ends = np.cumsum(lengths + pauses) + rng.uniform(2, 8)
        starts = np.round(ends - lengths, 4)
        columns = {"start": starts, "end": np.round(starts + lengths, 4)}
        tables.append(pd.DataFrame({"dialogue": dialogue, "letter": letters, **columns}))
    plan = pd.concat(tables, ignore_index=True)
    number = plan.groupby(["dialogue", "letter"]).cumcount().astype(str).str.zfill(3)
    letters = plan.pop("letter")
    plan["utterance"] = plan["dialogue"] + "_" + letters + number
    plan["session"] = plan["dialogue"].str[4].astype(int)
    plan["speaker"] = plan["dialogue"].str[:5] + letters
    return plan


def _durations(n):
    """Return the quantiles in seconds of a clipped log-normal distribution, in ascending order.

    The distribution has the median, range and mean of the release.
    """
    z = ndtri((np.arange(n) + 0.5) / n)

    def scaled(spread):
        return np.clip(release.MEDIAN * np.exp(spread * z), release.SHORTEST, release.LONGEST)

    mean = release.HOURS * 3600 / release.UTTERANCES
    return np.round(scaled(brentq(lambda spread: scaled(spread).mean() - mean, 0.3, 1.5)), 4)


def _draw_raters(plan, rng):
    """Return the number of raters: 2 in most dialogues, 3 in some of each session, 4 in one."""
    sizes = plan["dialogue"].value_counts()
    raters = dict.fromkeys(sizes.index, 2) | {"Ses04F_impro03": 4}
    for session in range(1, 6):
        names = rng.permutation(release.dialogues(session))
        names = [name for name in names if raters[name] == 2 and name != "Ses03M_impro07"]
        reached = np.cumsum(sizes[names])
        wanted = THREE_RATERS_SHARE * plan["session"].eq(session).sum()
        raters |= dict.fromkeys(names[: np.searchsorted(reached, wanted) + 1], 3)
    return plan["dialogue"].map(raters)


def _faults(plan):
    fault = pd.Series("", index=plan.index)
    fault[plan["utterance"].isin(release.RATED_SIX)] = "six"
    fault[plan["utterance"] == release.HIDDEN_SIX] = "hidden six"
    pairs = plan.index[(plan["raters"] == 2) & (fault == "")]
    n = release.HALF_DOMINANCE
    fault[pairs[:: len(pairs) // n][:n]] = "half dominance"
    return fault


def _draw_valences(plan, rng):
    """Assign the release's averages to utterances whose number of raters allows them."""
    left = pd.Series(release.VALENCES)
    valence = pd.Series(np.nan, index=plan.index)

    def assign(rows, values):
        valence[rows] = rng.permutation(values)
        for value in values:
            left[value] -= 1

    assign(plan.index[plan["fault"] == "six"], [5.5] * 4)
    assign(plan.index[plan["fault"] == "hidden six"], [5.0])
    whole = [value for value in left.index if value == round(value)]
    for raters, steps in ((4, [0.25, 0.75]), (3, [1 / 3, 2 / 3]), (2, [0.5])):
        rows = plan.index[(plan["raters"] == raters) & valence.isna()]
        # Averages that require this number of raters come first, integers fill up the rest.
        own = [value for value in left.index if np.isclose(value % 1, steps, rtol=0).any()]
        values = np.repeat(own, left[own])
        rest = _apportion(len(rows) - len(values), left[whole]) if raters > 2 else left[whole]
        assign(rows, np.concatenate((values, np.repeat(whole, rest))))
    return valence


def _draw_emotions(valence, rng):
    """Pair the release's emotions with the valences by rank, with some noise."""
    names = np.repeat(list(release.EMOTIONS), [row[0] for row in release.EMOTIONS.values()])
    centres = np.array([release.EMOTIONS[name][1] for name in names])
    order = np.argsort(centres + rng.normal(0, 0.5, len(names)), kind="stable")
    paired = np.empty(len(names), dtype=object)
    paired[np.argsort(valence + rng.normal(0, 0.2, len(names)), kind="stable")] = names[order]
    return paired


def draw_plan(n: int, seed: int) -> pd.DataFrame:
    """Return a sample of `n` rows of the full plan, stratified by speaker and valence.

    The rows, sorted by speaker and valence, are cut into `n` strata with one row from each: first
    the required rows, then a row of each dialogue that has none yet, then rows at random.
    """
    plan = release_plan(seed)
    chosen = list(plan.index[required_rows(plan)])
    if not len(chosen) <= n <= len(plan):
        problem = f"{n} is not possible. Set it to {len(chosen)} to {len(plan)}."
        raise InputError("corpora.synthetic.utterances", problem)
    order = named_rng(seed, "sample").permutation(len(plan))
    shuffled = plan.iloc[order]
    ranked = shuffled.sort_values(["speaker", "valence"], kind="stable").index
    stratum = {row: rank * n // len(plan) for rank, row in enumerate(ranked)}
    free = set(range(n))
    for row in chosen:  # takes the nearest free stratum
        free.remove(min(sorted(free), key=lambda other, own=stratum[row]: abs(other - own)))
    missing = shuffled[~shuffled["dialogue"].isin(plan.loc[chosen, "dialogue"])]
    for _, rows in missing.groupby("dialogue"):
        row = next((row for row in rows.index if stratum[row] in free), None)
        if row is not None:
            chosen.append(row)
            free.remove(stratum[row])
    for row in shuffled.index:
        if stratum[row] in free:
            chosen.append(row)
            free.remove(stratum[row])
    return plan.loc[sorted(chosen)]


def required_rows(plan: pd.DataFrame) -> np.ndarray:
    """Return a mask of the rows that a corpus of any size contains: one or more of each kind."""
    wordless = plan["wordless"] & (plan["wordless"].cumsum() <= 3)
    irregular = ~plan["aligned"] | (plan["fault"] != "") | wordless
    first_by_raters = plan.groupby("raters").cumcount() == 0
    first_in_dialogue = plan.groupby("dialogue").cumcount() == 0
    split_dialogue = plan["dialogue"].str.contains("[ab]$") & first_in_dialogue
    return (irregular | first_by_raters | split_dialogue).to_numpy()

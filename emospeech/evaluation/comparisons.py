"""Tests of the differences between models, over test speakers.

Under the null hypothesis, the predictions of two models for a speaker could equally be swapped. The
p-value of the permutation test is the share of the 2^n patterns of swaps whose absolute difference
is at least the observed one (Fisher 1935); for many speakers, patterns are drawn at random. This
holds for the pooled metrics and for the mean over speakers; for the latter, a swap flips the sign
of the speaker's difference. With n speakers, p cannot be lower than 2 / 2^n: .0625 for five, .002
for ten. Holm's correction for multiple comparisons raises it further (Holm 1979).
"""

from collections.abc import Collection, Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy.special import nctdtrinc, stdtrit

from emospeech.evaluation.bootstrap import (
    Resamples,
    count_speakers,
    observed_metrics,
    resample,
    speaker_totals,
    sums_by_speaker,
)
from emospeech.evaluation.intervals import interval_columns, long_table
from emospeech.evaluation.predictions import predictions_of_task, tasks_of_models
from emospeech.labels import Task
from emospeech.metrics import constant_predictions, divide, metrics_from_sums
from emospeech.runtime.rng import spawn_rng

MAX_ENUMERATED = 16  # speakers; with more, patterns are drawn at random
PATTERNS = 2**MAX_ENUMERATED
PATTERNS_AT_ONCE = 512  # about 20 MB for the ten pairs of five models
ROUNDING = 1e-9  # differences that are closer are equal
SIGNIFICANCE_LEVEL = 0.05
POWER = 0.8


def swap_p(
    first: np.ndarray,
    second: np.ndarray,
    task: Task,
    rng: np.random.Generator,
    averaged: bool = False,
) -> np.ndarray:
    """Return two-sided p-values of the differences between models, (pairs, SCOPES, metrics).

    They are exact for up to MAX_ENUMERATED speakers. With more, PATTERNS random patterns of swaps
    are drawn and the observed one is added (Phipson and Smyth 2010). Undefined differences count as
    zero.

    Args:
        first: Sums of the first model of each pair, (speakers, pairs, sums).
        second: Those of the second model.
        task: The task.
        rng: Generator of the random patterns.
        averaged: Whether to test the mean of the differences over the pairs, which are then the
            training seeds of two models: (1, SCOPES, metrics). The models are swapped in all pairs.
    """
    speakers, enumerated = len(first), len(first) <= MAX_ENUMERATED
    if enumerated:
        # The first speaker is never swapped: complementary patterns have the same absolute value.
        swapped = np.array(list(product((0, 1), repeat=speakers - 1)))
        swapped = np.insert(swapped, 0, 0, axis=1)
    else:
        swapped = rng.integers(0, 2, (PATTERNS, speakers))
    # (speakers, pairs, metrics)
    each = metrics_from_sums(first, task) - metrics_from_sums(second, task)
    observed = _differences(first, second, task, each, np.zeros((1, speakers)))[0]
    observed = observed.mean(axis=0, keepdims=True) if averaged else observed
    extreme = np.zeros(observed.shape, np.int64)
    for patterns in np.array_split(swapped, -(-len(swapped) // PATTERNS_AT_ONCE)):
        drawn = _differences(first, second, task, each, patterns)
        drawn = drawn.mean(axis=1, keepdims=True) if averaged else drawn
        extreme += (abs(drawn) >= abs(observed) - ROUNDING).sum(axis=0)
    return extreme / len(swapped) if enumerated else (1 + extreme) / (1 + PATTERNS)


def _differences(first, second, task, each, swapped):
    """Return differences (patterns, pairs, SCOPES, metrics) after swaps (patterns, speakers).

    `each` are the differences of the speakers without swaps, (speakers, pairs, metrics).
    """
    moved = np.tensordot(swapped, second - first, axes=1)  # (patterns, pairs, sums)
    totals = first.sum(axis=0) + moved, second.sum(axis=0) - moved
    known = (~np.isnan(each)).sum(axis=0)
    mean = divide(np.tensordot(1 - 2 * swapped, np.nan_to_num(each), axes=1), known)
    pooled = np.subtract(*(metrics_from_sums(sums, task) for sums in totals))
    return np.nan_to_num(np.stack([pooled, mean], axis=-2))


def smallest_p(speakers: int) -> float:
    """Return the smallest two-sided p-value that `swap_p` can return for `speakers` speakers."""
    # Of all patterns, the observed one and its complement are as extreme as the observed one.
    return 2 / 2**speakers if speakers <= MAX_ENUMERATED else 1 / (PATTERNS + 1)


def detectable_difference(error: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Return the smallest difference that a study would probably find; NaN for one speaker.

    If the true difference is that large, the 95 % interval excludes 0 with probability POWER: the
    test statistic follows Student's t distribution with a noncentrality of the difference divided
    by its standard error (Johnson and Welch 1940).

    Args:
        error: The standard error of the difference, (...).
        freedom: Its degrees of freedom, (...): with n speakers and one seed n - 1.
    """
    critical = stdtrit(freedom, 1 - SIGNIFICANCE_LEVEL / 2)
    return nctdtrinc(freedom, 1 - POWER, critical) * error


def holm(p: np.ndarray) -> np.ndarray:
    """Return p-values (tests, ...) with Holm's correction along the first axis."""
    p = np.asarray(p, np.float64)
    order = np.argsort(p, axis=0, kind="stable")
    factors = np.arange(len(p), 0, -1).reshape(-1, *[1] * (p.ndim - 1))
    raised = np.maximum.accumulate(np.take_along_axis(p, order, axis=0) * factors, axis=0)
    corrected = np.empty_like(p)
    np.put_along_axis(corrected, order, np.minimum(raised, 1), axis=0)
    return corrected


def comparison_families(
    models: Collection[str], references: Collection[str]
) -> dict[str, list[tuple[str, str]]]:
    """Return the pairs of models to compare, {family: pairs}; Holm's correction is per family.

    All pairs of models are one family. The pairs with each of `references` (the classical
    baselines) form a separate family, so that they do not raise the p-values of the comparisons
    between models.
    """
    others = [model for model in models if model not in references]
    families = {"models": list(combinations(others, 2))}
    families |= {name: [(model, name) for model in others] for name in references if name in models}
    return {name: pairs for name, pairs in families.items() if pairs}


def comparisons_table(
    predictions: dict[str, pd.DataFrame], references: Collection[str], resamples: int, seed: int
) -> pd.DataFrame:
    """Return comparisons.csv: a row per pair of models, task, scope and metric.

    `value` is the metric of `model` minus that of `other`, over the recordings that all models of
    the task predict; the interval is computed as for intervals.csv. `p` is the p-value of the
    difference, `p_holm` with Holm's correction. `smallest_p` and `smallest_p_holm` are the smallest
    values that this number of speakers can yield.
    """
    parts = []
    for place, task in enumerate(tasks_of_models(predictions)):
        tables = predictions_of_task(predictions, task)
        if families := comparison_families(tables, references):
            rng = spawn_rng(seed, place)
            common = set.intersection(*(set(table["recording"]) for table in tables.values()))
            tables = {
                name: rows.loc[rows["recording"].isin(list(common))]
                for name, rows in tables.items()
            }
            _, sums = sums_by_speaker(tables, task)
            draws = resample(sums, task, resamples, rng)
            for family, pairs in families.items():
                indices = [[list(tables).index(model) for model in pair] for pair in pairs]
                columns = _difference_columns(sums, task, draws, np.transpose(indices), rng)
                table = long_table(range(len(pairs)), task, columns)
                first, second = np.array(pairs)[table["model"]].T
                table = table.assign(model=first)
                table["smallest_p"] = table["speakers"].map(smallest_p)
                table["smallest_p_holm"] = np.minimum(table["smallest_p"] * len(pairs), 1)
                table.insert(0, "family", family)
                table.insert(2, "other", second)
                parts.append(table)
    return pd.concat(parts or [pd.DataFrame()], ignore_index=True)


def _difference_columns(
    sums: Sequence[np.ndarray],
    task: Task,
    draws: Resamples,
    pairs: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return columns of the differences, each (pairs, scopes, metrics).

    `pairs` has the indices of the two models of each pair, (2, pairs).
    """
    first, second = pairs
    totals = speaker_totals(sums)
    value = observed_metrics(totals, task)
    paired = Resamples(*(drawn[:, first] - drawn[:, second] for drawn in draws))
    each, difference = metrics_from_sums(totals, task), value[first] - value[second]
    speakers = count_speakers(each[:, first] - each[:, second])
    columns = interval_columns(difference, paired, speakers)
    p = swap_p(totals[:, first], totals[:, second], task, rng)
    columns["p"] = np.where(np.isnan(difference), np.nan, p)
    columns["p_holm"] = np.where(np.isnan(difference), np.nan, holm(p))
    if not task.is_scale:
        return columns
    constant = constant_predictions(totals)  # (speakers, models)
    return columns | {"constant_speakers": (constant[:, first] | constant[:, second]).sum(axis=0)}

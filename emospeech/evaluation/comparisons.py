"""Tests of the differences between models, over test speakers.

Each test speaker yields one difference between two models. Under the null hypothesis, each
difference could equally have the opposite sign. The p-value of the sign-flip (permutation) test is
the share of all 2^n sign patterns whose absolute mean difference is at least the observed one
(Fisher 1935). With n speakers it cannot be lower than 2 / 2^n: .0625 for five, .002 for ten. Holm's
correction for multiple comparisons raises it further (Holm 1979).
"""

from collections.abc import Collection, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from emospeech.evaluation.bootstrap import (
    SCOPES,
    Resamples,
    metrics_from_sums,
    observed_metrics,
    resample,
    sums_by_speaker,
)
from emospeech.evaluation.intervals import interval_columns, long_table
from emospeech.evaluation.predictions import TASKS, predictions_of_task

MAX_ENUMERATED = 16  # speakers; with more, sign patterns are drawn at random
PATTERNS = 2**MAX_ENUMERATED


def sign_flip_p(differences: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the two-sided p-values of differences (speakers, ...), exact for up to 16 speakers.

    Undefined differences count as zero. With more speakers, PATTERNS random sign patterns are drawn
    and the observed one is added (Phipson and Smyth 2010).
    """
    from scipy import stats  # slow to import, and the report needs only `smallest_p`

    test = stats.permutation_test(
        (np.nan_to_num(differences),),
        lambda drawn, axis: drawn.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=PATTERNS,
        batch=256,  # bounds the memory
        rng=rng,
    )
    return np.asarray(test.pvalue)


def smallest_p(speakers: int) -> float:
    """Return the smallest two-sided p-value that a test of `speakers` speakers can yield."""
    return 2 / (2**speakers if speakers <= MAX_ENUMERATED else PATTERNS + 1)


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
    baselines) are another, so that they do not raise the p-values of the comparisons between
    models.
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
    the task predict; the interval is computed as for intervals.csv. The rows of the scope `mean`
    also have the p-value of the mean difference over speakers, without (`p`) and with Holm's
    correction (`p_holm`). `smallest_p` and `smallest_p_holm` are the smallest values that this
    number of speakers can yield.
    """
    parts = []
    for place, task in enumerate(TASKS):
        tables = predictions_of_task(predictions, task)
        if families := comparison_families(tables, references):
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(place,)))
            common = set.intersection(*(set(table["recording"]) for table in tables.values()))
            tables = {
                name: rows.loc[rows["recording"].isin(list(common))]
                for name, rows in tables.items()
            }
            speakers, sums = sums_by_speaker(tables, task)
            draws = resample(sums, resamples, rng)
            for family, pairs in families.items():
                indices = [[list(tables).index(model) for model in pair] for pair in pairs]
                columns = _difference_columns(sums, draws, np.transpose(indices), rng)
                table = long_table(range(len(pairs)), task, len(speakers), columns)
                first, second = np.array(pairs)[table["model"]].T
                table = table.assign(model=first, smallest_p=smallest_p(len(speakers)))
                table["smallest_p_holm"] = np.minimum(table["smallest_p"] * len(pairs), 1)
                table.insert(0, "family", family)
                table.insert(2, "other", second)
                parts.append(table)
    return pd.concat(parts or [pd.DataFrame()], ignore_index=True)


def _difference_columns(
    sums: Sequence[np.ndarray], draws: Resamples, pairs: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return columns (pairs, scopes, metrics) of the differences; `pairs` are indices (2, n)."""
    first, second = pairs
    value = observed_metrics(sums)
    paired = Resamples(*(drawn[:, first] - drawn[:, second] for drawn in draws))
    columns = interval_columns(value[first] - value[second], paired, len(sums))
    each = metrics_from_sums(np.stack([speaker.sum(axis=0) for speaker in sums]))
    columns["p"] = np.full(columns["value"].shape, np.nan)
    columns["p"][:, SCOPES.index("mean")] = sign_flip_p(each[:, first] - each[:, second], rng)
    columns["p_holm"] = holm(columns["p"])
    return columns

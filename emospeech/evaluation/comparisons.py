"""Whether two models differ by more than their speakers do.

Each test speaker gives one difference between two models. If the models were alike, each
difference could as well have had the other sign, so its p value is the share of all 2^n choices of
signs whose mean difference is as large as the one found, in either direction (Fisher 1935). No
choice beats the observed signs, all of which may agree: n speakers cannot give less than 2 / 2^n,
which is .0625 for five and .002 for ten. Several comparisons raise that further (Holm 1979).
"""

from itertools import combinations

import numpy as np
import pandas as pd

from emospeech.evaluation.intervals import (
    interval_columns,
    long_table,
    observed,
    of_task,
    speaker_parts,
)
from emospeech.evaluation.predictions import TASKS
from emospeech.evaluation.resampling import SCOPES, Resamples, resample
from emospeech.evaluation.sums import figures_of

ENUMERATED = 16  # speakers up to which all choices of signs are tried; for more they are drawn
CHOICES = 2**ENUMERATED


def sign_flip_p(differences: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the two-sided p of differences (speakers, ...), exact for up to 16 speakers.

    An undefined difference counts as zero. With more speakers, signs are drawn and the observed
    ones are added to them (Phipson and Smyth 2010).
    """
    from scipy import stats  # takes a second to import, and the report needs only `smallest_p`

    tested = stats.permutation_test(
        (np.nan_to_num(differences),),
        lambda drawn, axis: drawn.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=CHOICES,
        batch=256,  # bounds the memory
        rng=rng,
    )
    return tested.pvalue


def smallest_p(speakers: int) -> float:
    """Return the smallest two-sided p that a test of `speakers` can give."""
    return 2 / (2**speakers if speakers <= ENUMERATED else CHOICES + 1)


def holm(p):
    """Return the p values (tests, ...) corrected for their number along the first axis."""
    p = np.asarray(p, np.float64)
    order = np.argsort(p, axis=0, kind="stable")
    left = np.arange(len(p), 0, -1).reshape(-1, *[1] * (p.ndim - 1))
    raised = np.maximum.accumulate(np.take_along_axis(p, order, axis=0) * left, axis=0)
    corrected = np.empty_like(p)
    np.put_along_axis(corrected, order, np.minimum(raised, 1), axis=0)
    return corrected


def families_of(models, reference):
    """Return the pairs to compare, {family: pairs}: models with each other, and each with another.

    `reference` names a model of its own kind (the classical baseline), whose pairs are a family
    apart, so that it does not raise the p values of the study's own question.
    """
    others = [model for model in models if model != reference]
    against = [(model, reference) for model in others if reference in models]
    families = {"models": list(combinations(others, 2)), reference: against}
    return {name: pairs for name, pairs in families.items() if pairs}


def shared(tables):
    """Return the tables without the recordings that one of the models does not predict."""
    common = set.intersection(*(set(table["recording"]) for table in tables.values()))
    return {model: table[table["recording"].isin(common)] for model, table in tables.items()}


def comparisons_table(predictions, reference, resamples, seed):
    """Return `comparisons.csv`: a row for each pair of models, task, scope and figure.

    `value` is `model` less `other`, over the recordings that all models of the task predict, and
    its interval is made as that of `intervals.csv`. Holm's correction counts the pairs of a
    `family`. The test is of the mean of the speakers' differences, so `p` and `p_holm` stand in
    the rows of the scope `mean`. `smallest_p` and `smallest_p_holm` are what that number of
    speakers could have given at best, alone and as the first of its family.
    """
    rows = []
    for place, task in enumerate(TASKS):
        tables = of_task(predictions, task)
        families = families_of(list(tables), reference)
        if families:
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(place,)))
            _, parts = speaker_parts(shared(tables), task)
            draws = resample(parts, resamples, rng)
            for family, pairs in families.items():
                places = [[list(tables).index(model) for model in pair] for pair in pairs]
                columns = _differences(parts, draws, *np.transpose(places), rng)
                table = long_table(range(len(pairs)), task, len(parts), columns)
                rows.append(_named(table, family, pairs))
    return pd.concat(rows or [pd.DataFrame()], ignore_index=True)


def _differences(parts, draws, first, second, rng):
    """Return the columns of the models `first` less those of `second`, (pairs, scopes, figures)."""
    value = observed(parts)
    paired = Resamples(*(drawn[:, first] - drawn[:, second] for drawn in draws))
    columns = interval_columns(value[first] - value[second], paired, len(parts))
    each = figures_of(np.stack([part.sum(axis=0) for part in parts]))  # (speakers, models, figures)
    columns["p"] = np.full(columns["value"].shape, np.nan)
    columns["p"][:, SCOPES.index("mean")] = sign_flip_p(each[:, first] - each[:, second], rng)
    columns["p_holm"] = holm(columns["p"])
    return columns


def _named(table, family, pairs):
    """Return the rows of a family with its smallest p values and names for its numbered pairs."""
    first, second = np.array(pairs)[table["model"]].T
    least = table["speakers"].map(smallest_p)
    table = table.assign(model=first, smallest_p=least)
    table["smallest_p_holm"] = np.minimum(least * len(pairs), 1)
    table.insert(0, "family", family)
    table.insert(2, "other", second)
    return table

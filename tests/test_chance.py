"""Chance levels and p-values, compared with plain loops and with simulations."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emospeech import metrics
from emospeech.evaluation import chance
from emospeech.evaluation.predictions import predictions_table
from tests.settings import VALENCE

SIZES = [7, 1, 4, 2, 6, 3]  # recordings of the dialogues of a fold


def fold(rng, sizes=SIZES, between=0.6, correlation=0.0):
    """Return predictions of a fold and {recording: dialogue}.

    `between` is the share of the variance of labels and predictions that is between dialogues.
    """
    unit = np.repeat(np.arange(len(sizes)), sizes)
    shape = [[1, correlation], [correlation, 1]]
    dialogue = rng.multivariate_normal([0, 0], shape, len(sizes))[unit]
    single = rng.multivariate_normal([0, 0], shape, len(unit))
    label, prediction = (np.sqrt(between) * dialogue + np.sqrt(1 - between) * single).T
    labels = np.clip(np.rint(2 * (3 + label)) / 2, 1, 5)
    distance = (3 + prediction)[:, None] - np.arange(1, 6)
    weights = np.exp(-(distance**2))
    rows = pd.DataFrame({"recording": [f"d{u}_{i:03d}" for i, u in enumerate(unit)]})
    rows = rows.assign(speaker="s", session="x", fold=1, trial=0)
    shares = {"valence": weights / weights.sum(axis=1, keepdims=True)}
    return predictions_table(rows, labels[:, None], shares, (VALENCE,)), dict(
        zip(rows["recording"], (f"d{u}" for u in unit), strict=True)
    )


def chance_of(tables, permutations, rng):
    """Return the chance of several pairs of predictions and dialogues, one per fold."""
    parts, named = [], {}
    for number, (rows, dialogues) in enumerate(tables):
        names = f"{number}_" + rows["recording"]
        parts.append(rows.assign(fold=number, recording=names))
        named |= dict(zip(names, rows["recording"].map(dialogues), strict=True))
    return chance.chance_of(pd.concat(parts), VALENCE, named, permutations, rng)


def plain_permutation(rows, dialogues, rng):
    """Return UAR5 and rho if each dialogue receives the predictions of a random dialogue."""
    groups = [part for _, part in rows.groupby(rows["recording"].map(dialogues))]
    truth, received = [], []
    for target, source in zip(groups, rng.permutation(len(groups)), strict=True):
        names = list(groups[source].index)
        start = rng.integers(len(names))
        turned = names[start:] + names[:start]
        received += [turned[i % len(turned)] for i in range(len(target))]
        truth += target["valence"].tolist()
    given = rows.loc[received]
    prediction = given[[f"p{label}" for label in range(1, 6)]].to_numpy().argmax(axis=1) + 1
    counts = metrics.confusion_matrix(metrics.contingency_table(truth, prediction))
    uar = metrics.unweighted_average_recall(counts)
    return uar, stats.pearsonr(truth, given["expected"]).statistic


def test_chance_agrees_with_a_plain_permutation_of_dialogues():
    rng = np.random.default_rng(0)
    rows, dialogues = fold(rng)
    drawn = chance_of([(rows, dialogues)], 4000, rng)["fold-0"]
    plain = np.array([plain_permutation(rows, dialogues, rng) for _ in range(400)]).T
    for ours, theirs in zip((drawn.uar, drawn.rho), plain, strict=True):
        assert stats.ks_2samp(ours, theirs).pvalue > 1e-3
    assert (drawn.units, drawn.orders) == (len(SIZES), math.factorial(len(SIZES)))


def test_scopes_pool_or_average_the_folds(monkeypatch):
    rng = np.random.default_rng(1)
    tables = [fold(rng), fold(rng, [5] * 6)]
    found = chance_of(tables, 2000, rng)
    each = [found[f"fold-{number}"].uar for number in range(2)]
    np.testing.assert_allclose(found["mean"].uar, np.mean(each, axis=0))
    assert found["pooled"].units == found["mean"].units == 12
    single = chance_of(tables[:1], 50, rng)
    np.testing.assert_allclose(single["pooled"].uar, single["fold-0"].uar)
    monkeypatch.setattr(chance, "BLOCK", 5000)
    blocks = chance_of(tables, 2000, rng)
    assert stats.ks_2samp(found["pooled"].rho, blocks["pooled"].rho).pvalue > 1e-3


@pytest.mark.parametrize("named", [True, False])
def test_single_recordings_are_permuted_without_dialogues(named):
    """Either no dialogue is known, or a fold has too few of them."""
    rng = np.random.default_rng(4)
    rows, _ = fold(rng, [20] * 4, between=0)
    dialogues = {name: f"d{i % 4}" if named else "" for i, name in enumerate(rows["recording"])}
    found = chance_of([(rows, dialogues)], 2000, rng)["fold-0"]
    assert found.units == len(rows)
    names = [f"p{label}" for label in range(1, 6)]
    rho = stats.pearsonr(rows["valence"], rows["expected"])
    if named:
        assert np.isnan(found.p(rho.statistic)), "four dialogues are too few for a p-value"
    else:
        assert found.p(rho.statistic) == pytest.approx(rho.pvalue, abs=0.05)
    prediction = rows[names].to_numpy().argmax(axis=1) + 1
    plain = [
        metrics.unweighted_average_recall(
            metrics.confusion_matrix(
                metrics.contingency_table(rows["valence"], rng.permutation(prediction))
            )
        )
        for _ in range(500)
    ]
    assert stats.ks_2samp(found.uar, plain).pvalue > 1e-3


def test_p_has_its_nominal_error_rate_if_dialogues_are_similar():
    """Labels and predictions are independent; single recordings would give 30 to 55 % errors."""
    rng = np.random.default_rng(5)
    outside, p, p_single = [], [], []
    for _ in range(150):
        rows, dialogues = fold(rng, [10] * 12)
        uar, rho = plain_scores(rows)
        found = chance_of([(rows, dialogues)], 99, rng)["fold-0"]
        low, high = np.percentile(found.uar, [2.5, 97.5])
        outside.append(not low <= uar <= high)
        p.append(found.p(rho) <= 0.05)
        p_single.append(stats.pearsonr(rows["valence"], rows["expected"]).pvalue <= 0.05)
    assert np.mean(p_single) > 0.25
    assert 0.005 <= np.mean(p) <= 0.1
    assert np.mean(outside) <= 0.1


def plain_scores(rows):
    prediction = rows[[f"p{label}" for label in range(1, 6)]].to_numpy().argmax(axis=1) + 1
    counts = metrics.confusion_matrix(metrics.contingency_table(rows["valence"], prediction))
    rho = stats.pearsonr(rows["valence"], rows["expected"]).statistic
    return metrics.unweighted_average_recall(counts), rho


def test_related_predictions_have_a_small_p_and_opposite_tails_are_equal():
    rng = np.random.default_rng(6)
    rows, dialogues = fold(rng, [10] * 30, correlation=0.6)
    found = chance_of([(rows, dialogues)], 999, rng)["fold-0"]
    assert found.p(plain_scores(rows)[1]) == 2 / 1000
    assert found.p(-1.0) == 2 / 1000
    assert found.p(np.median(found.rho)) > 0.9
    assert np.isnan(found.p(np.nan))


@pytest.mark.parametrize("dialogues", [2, 4, 6])
def test_dialogues_are_exchanged_among_the_same_speakers(dialogues):
    rng = np.random.default_rng(7)
    rows, named = fold(rng, [3] * 3 * dialogues)
    rows["speaker"] = [f"s{i // (3 * dialogues)}" for i in range(len(rows))]
    rows, named = (
        rows.sample(frac=1, random_state=0),
        {name: f"{dialogue[1:]:0>2}" for name, dialogue in named.items()},
    )
    own = chance.PermutableFold.of(rows, VALENCE, named)
    assert own.orders == math.factorial(dialogues) ** 3
    enough = own.orders >= chance.MIN_ORDERS
    assert [len(sizes) for sizes in own.sizes] == [dialogues if enough else 3 * dialogues] * 3
    picked = own.permute(200, rng)
    speakers = np.repeat(["s0", "s1", "s2"], 3 * dialogues)
    assert (speakers[picked] == speakers).all()
    # Each dialogue receives consecutive predictions of one dialogue.
    received = np.repeat(np.arange(3 * dialogues), 3)[picked].reshape(200, -1, 3)
    assert (received == received[..., :1]).all() == enough


def test_speakers_with_one_dialogue_are_exchanged_with_each_other():
    rng = np.random.default_rng(7)
    rows, named = fold(rng, [2] * 9)
    rows["speaker"] = [f"s{min(i // 2, 5)}" for i in range(len(rows))]
    own = chance.PermutableFold.of(rows, VALENCE, named)
    assert sorted(len(sizes) for sizes in own.sizes) == [4, 5], "s5 has four dialogues"
    assert own.orders == math.factorial(5) * math.factorial(4)


def test_p_has_its_nominal_error_rate_if_speakers_have_few_dialogues():
    """Labels and predictions depend on the speaker, but not on each other."""
    rng, outside, p = np.random.default_rng(5), [], []
    for _ in range(150):
        tables = []
        for _ in range(2):
            rows, _ = fold(rng, [24, 36, 36, 36], between=0.5)  # a dialogue of `fold` is a speaker
            speaker = rows["recording"].str.split("_").str[0]
            names = speaker + (rows.groupby(speaker).cumcount() // 6).astype(str)
            tables.append(
                (rows.assign(speaker=speaker), dict(zip(rows["recording"], names, strict=True)))
            )
        found = chance_of(tables, 99, rng)["pooled"]
        uar, rho = plain_scores(pd.concat([rows for rows, _ in tables]))
        low, high = np.percentile(found.uar, [2.5, 97.5])
        outside.append(not low <= uar <= high)
        p.append(found.p(rho) <= 0.05)
    assert np.mean(p) <= 0.1
    assert np.mean(outside) <= 0.1

"""Metrics of predictions: columns, scopes, seeds and chance levels."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emospeech import metrics
from emospeech.evaluation import intervals, scores, variability
from emospeech.evaluation import predictions as tables_of
from emospeech.report import captions
from tests.settings import ACTIVATION, VALENCE


def predictions(model_tasks=(VALENCE,), seed=0, skill=0.5, size=300):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"recording": [f"r{i:03d}" for i in range(size)], "speaker": "s"})
    rows["session"], rows["fold"] = "x", rng.integers(1, 6, size)
    rows["trial"] = 0
    labels = rng.choice([1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5], (size, len(model_tasks)))
    logits = -skill * (labels[..., None] - np.arange(1, 6)) ** 2 + rng.normal(size=(size, 1, 5))
    weights = np.exp(logits)
    shares = weights / weights.sum(axis=-1, keepdims=True)
    probabilities = {task.name: shares[:, number] for number, task in enumerate(model_tasks)}
    return tables_of.predictions_table(rows, labels, probabilities, model_tasks)


def test_predictions_have_the_documented_columns():
    head = ["recording", "speaker", "session", "fold", "trial"]
    valence = ["valence", "p1", "p2", "p3", "p4", "p5", "expected"]
    assert list(predictions()) == head + valence
    table = predictions((VALENCE, ACTIVATION))
    assert list(table)[12:] == [
        "activation",
        *[f"activation_p{number}" for number in range(1, 6)],
        "activation_expected",
    ]
    np.testing.assert_allclose(
        table["expected"], sum(number * table[f"p{number}"] for number in range(1, 6))
    )


def test_scopes_pool_or_average_the_folds():
    table = predictions()
    figures = scores.metrics_of(table, VALENCE, {}, 500, np.random.default_rng(0))
    figures = figures.set_index("scope")
    folds = figures.filter(like="fold-", axis=0)
    assert folds["recordings"].sum() == figures.loc["pooled", "recordings"] == len(table)
    for column in ("uar5", "uar3", "rho", "accuracy"):
        assert figures.loc["mean", column] == pytest.approx(folds[column].mean())
    rho = stats.pearsonr(table["valence"], table["expected"]).statistic
    assert figures.loc["pooled", "rho"] == pytest.approx(rho)
    supports = figures[[f"support_{label}" for label in range(1, 6)]]
    assert supports.sum(axis=1).tolist() == figures["recordings"].tolist()
    assert supports.loc[folds.index].sum().tolist() == supports.loc["pooled"].tolist()


def test_seeds_table_pools_the_folds_of_each_seed(tmp_path):
    tasks = (VALENCE, ACTIVATION)
    own, again = predictions(tasks, seed=1), predictions(tasks, seed=2)
    for table, place in ((own, "M"), (again, "M/seed-11"), (own, "M/seed-2")):
        for fold, rows in table.groupby("fold"):
            path = tmp_path / place / f"fold-{fold}" / "predictions.csv"
            path.parent.mkdir(parents=True)
            rows.to_csv(path, index=False)
    repeated = [str(path) for path in tmp_path.glob("M/seed-*/*/*.csv")]
    loaded = variability.load_seeds(sorted(tmp_path.glob("M/fold-*/*.csv")), repeated, seed=1)
    table = variability.seeds_table(loaded)
    assert table["seed"].tolist() == [1, 2, 11] * 2
    assert table["task"].tolist() == ["valence"] * 3 + ["activation"] * 3
    names = ["recordings", "accuracy", "uar5", "uar3", "rho"]
    pooled = scores.metrics_of(again, ACTIVATION, {}, 10, np.random.default_rng(0))
    pooled = pooled.set_index("scope")
    assert table.iloc[5][names].tolist() == pytest.approx(pooled.loc["pooled", names].tolist())


def test_only_skilled_predictions_exceed_chance():
    for skill, above in ((0.5, True), (0.0, False)):
        table = predictions(skill=skill)
        pooled = scores.metrics_of(table, VALENCE, {}, 2000, np.random.default_rng(0)).iloc[-2]
        assert (pooled["uar5"] > pooled["chance_high"]) == above
        assert (pooled["p"] < 0.01) == above
        assert pooled["chance_low"] < pooled["chance"] < pooled["chance_high"]


def test_metrics_cover_every_model_and_task_reproducibly():
    tables = {"BasicCNN": predictions(), "MultitaskCNN": predictions((VALENCE, ACTIVATION))}
    recordings = predictions()[["recording"]].assign(dialogue="")
    first, again = (scores.metrics_table(tables, recordings, 200, seed=1) for _ in range(2))
    assert first.equals(again)
    assert first.groupby(["model", "task"], sort=False).size().to_dict() == {
        ("BasicCNN", "valence"): 7,
        ("MultitaskCNN", "valence"): 7,
        ("MultitaskCNN", "activation"): 7,
    }


def test_constant_folds_count_as_uncorrelated():
    """A network that predicts the same for all recordings of a fold, except for rounding errors."""
    table, names = predictions(), [f"p{label}" for label in range(1, 6)]
    collapsed = table["fold"] == 2
    noise = 1e-8 * np.random.default_rng(1).normal(size=(collapsed.sum(), 5))
    table.loc[collapsed, names] = np.add([0.1, 0.2, 0.4, 0.2, 0.1], noise)
    figures = scores.metrics_of(table, VALENCE, {}, 100, np.random.default_rng(0))
    figures = figures.set_index("scope")
    assert figures.loc["fold-2", ["rho", "p"]].tolist() == [0, 1]
    others = [f"fold-{fold}" for fold in (1, 3, 4, 5)]
    assert figures.loc["mean", "rho"] == pytest.approx(figures.loc[others, "rho"].sum() / 5)
    assert figures["constant_folds"].tolist() == [0, 1, 0, 0, 0, 1, 1]


@pytest.mark.parametrize(("noise", "constant"), [(1e-8, True), (1e-3, False)])
def test_the_same_predictions_are_constant_in_all_tables(noise, constant):
    table, names = predictions(), [f"p{label}" for label in range(1, 6)]
    table["speaker"] = table["fold"].astype(str)
    shares = np.add([0.1, 0.2, 0.4, 0.2, 0.1], noise * np.random.default_rng(1).random((300, 5)))
    table[names], table["expected"] = shares, metrics.expected_value(shares)
    metric_rows = scores.metrics_of(table, VALENCE, {}, 20, np.random.default_rng(0))
    interval_rows = intervals.intervals_table({"BasicCNN": table}, 20, 1).query("metric == 'rho'")
    seeds = variability.seeds_table({("BasicCNN", 1): table})
    found = [*metric_rows["rho"], *interval_rows["value"], *seeds["rho"]]
    found.append(captions.scatter(table, "valence")["rho"])
    assert [rho == 0 for rho in found] == [constant] * len(found)
    assert metric_rows["constant_folds"].tolist() == [int(constant)] * 5 + [5 * constant] * 2
    assert (interval_rows["constant_speakers"] == 5 * constant).all()

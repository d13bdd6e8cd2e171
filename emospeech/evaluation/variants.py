"""Differences between variants of the study and the study itself, over test speakers and seeds.

A variant trains the chosen trial of a model again with other settings. The metrics are those of the
pooled predictions of all folds, averaged over the training seeds, and each difference pairs the
same speakers and seeds. Its standard error adds two variances:

    error^2 = (error over speakers)^2 + (variance over seeds) / seeds

The first is that of the bootstrap over speakers, see `bootstrap`. Variation that is specific to a
speaker and a seed is part of both, so the error is too large rather than too small. Intervals use
Student's t distribution with Satterthwaite's (1946) degrees of freedom:

    error^4 / ((error over speakers)^4 / (speakers - 1) + (variance / seeds)^2 / (seeds - 1))

With a single seed the second variance is unknown and left out.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from emospeech.evaluation.bootstrap import (
    CONFIDENCE,
    draw_speakers,
    speaker_totals,
    standard_error,
    sums_by_speaker,
)
from emospeech.evaluation.comparisons import detectable_difference, holm, smallest_p, swap_p
from emospeech.evaluation.predictions import load_predictions, tasks_of_models
from emospeech.evaluation.variability import SeedTables, model_and_seed
from emospeech.metrics import divide, metric_names, metrics_from_sums
from emospeech.runtime.files import read_json
from emospeech.runtime.rng import spawn_rng
from emospeech.training.trial import run_of

BASE = "base"  # the study without changes, in the column `variant`
NUMBERS = ("value", "low", "high", "error", "degrees_of_freedom")
TESTS = ("p", "detectable")


class Estimate(NamedTuple):
    """Means over the seeds with their standard errors and degrees of freedom, each (metrics,)."""

    value: np.ndarray
    error: np.ndarray
    degrees_of_freedom: np.ndarray

    def columns(self) -> dict[str, np.ndarray]:
        """Return the estimate as columns; `low` and `high` bound the 95 % interval."""
        half = stdtrit(self.degrees_of_freedom, (1 + CONFIDENCE) / 2) * self.error
        bounds = {"value": self.value, "low": self.value - half, "high": self.value + half}
        return bounds | {"error": self.error, "degrees_of_freedom": self.degrees_of_freedom}


def load_variants(paths: Iterable[str | Path]) -> dict[str, SeedTables]:
    """Return {variant: {(model, seed): predictions of all folds}}.

    The files are .../variant/evaluation/model/seed-n/fold-n/predictions.csv.
    """
    variants: dict[str, SeedTables] = {}
    tables = load_predictions(paths, lambda path: (run_of(path).variant, *model_and_seed(path)))
    for (variant, model, seed), table in tables.items():
        variants.setdefault(variant, {})[model, seed] = table
    return variants


def read_runs(
    paths: Iterable[str | Path], variant_paths: Iterable[str | Path], seed: int
) -> pd.DataFrame:
    """Return a row per training run: `variant, model, seed, fold, diverged, hours`.

    `hours` are those of its unlabelled pool, NaN without one. Of the trials of the search one is
    enough, since their pools are equal and the chosen ones did not diverge.

    Args:
        paths: Files model/trial-n/fold-n/validation.json and model/seed-n/fold-n/validation.json
            of the study.
        variant_paths: Files variant/training/model/seed-n/fold-n/validation.json.
        seed: The seed of the study.
    """
    own = [(run_of(path)._replace(variant=BASE), path) for path in paths]
    rows = []
    for run, path in [*own, *((run_of(path), path) for path in variant_paths)]:
        found, from_search = read_json(path), run.kind == "trial"
        rows.append(
            {
                "variant": run.variant,
                "model": run.model,
                "seed": seed if from_search else run.number,
                "fold": run.fold,
                "diverged": found["diverged"] and not from_search,
                "hours": found["unlabelled_hours"],
            }
        )
    return pd.DataFrame(rows).astype({"hours": float})


def compare_variants(
    base: SeedTables,
    variants: Mapping[str, SeedTables],
    runs: pd.DataFrame,
    resamples: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return metrics.csv and differences.csv of the variants, for the pooled predictions.

    All draws of speakers and of swaps depend on `seed` only, so a variant does not change the
    numbers of another.

    Args:
        base: The predictions of the study, {(model, seed): table}.
        variants: Those of each variant, for the same seeds.
        runs: The table of `read_runs`. If a training run of the base or of the variant diverged,
            its seed is left out of the difference.
        resamples: The number of bootstrap samples.
        seed: The seed of the draws.

    Returns:
        Two tables with a row per variant, model, task and metric. In the first, which also has the
        rows of BASE, `value` is the mean over `seeds` with its interval. In the second it is the
        metric of the variant minus that of the base, with its interval, the `p` of the swap test,
        `p_holm` with Holm's correction over all rows of the task and metric, and `detectable`, see
        `detectable_difference`. If no seed is left, the numbers are NaN. `smallest_p` and
        `smallest_p_holm` are the smallest values that this number of speakers can yield.
    """
    metrics, differences = [], []
    columns = ["variant", "model", "seed"]
    diverged = set(runs.loc[runs["diverged"], columns].itertuples(index=False, name=None))
    hours = runs.groupby(columns[:2])["hours"].mean()
    for index, task in enumerate(tasks_of_models(base)):
        for variant, model, tables in _predictions({BASE: base, **variants}, task):
            kept = [n for n in tables if not {(variant, model, n), (BASE, model, n)} & diverged]
            row = {
                "variant": variant,
                "model": model,
                "task": task.name,
                "metric": metric_names(task),
            }
            row |= {"speakers": next(iter(tables.values()))["speaker"].nunique()}
            row |= {"seeds": len(kept), "diverged_seeds": len(tables) - len(kept)}
            # A variant that only changes the evaluation uses the training runs of the base.
            row["hours"] = hours.get((variant, model), hours[BASE, model])
            own_tables = [tables[n] for n in kept]
            base_tables = [] if variant == BASE else [base[model, n] for n in kept]
            rng = spawn_rng(seed, index)
            numbers, tests = _compare(own_tables, base_tables, task, resamples, rng)
            metrics.append(pd.DataFrame(row | numbers))
            if variant != BASE:
                differences.append(pd.DataFrame(row | tests))
    tests = correct_p(pd.concat(differences, ignore_index=True)) if differences else pd.DataFrame()
    return pd.concat(metrics, ignore_index=True), tests


def correct_p(differences: pd.DataFrame) -> pd.DataFrame:
    """Return differences with the smallest p-values, and with Holm's correction over all rows.

    The correction is for the rows of each task and metric that have a p-value.
    """
    table = differences.copy()
    groups = table[table["p"].notna()].groupby(["task", "metric"])["p"]
    table["p_holm"] = groups.transform(holm)
    table["smallest_p"] = table["speakers"].map(smallest_p)
    table["smallest_p_holm"] = (table["smallest_p"] * groups.transform("size")).clip(upper=1)
    return table


def _predictions(variants, task):
    """Yield each variant, each of its models that predicts a task, and {seed: predictions}."""
    for variant, tables in variants.items():
        by_model = {}
        for (model, seed), table in tables.items():
            if task.name in table:
                by_model.setdefault(model, {})[seed] = table
        for model, by_seed in by_model.items():
            yield variant, model, by_seed


def _compare(own_tables, base_tables, task, resamples, rng):
    """Return the columns of a variant's metrics, and of their differences from those of the base.

    There is a table of predictions for each seed. The base itself has no `base_tables`.
    """
    if not own_tables:
        return dict.fromkeys(NUMBERS, np.nan), dict.fromkeys([*NUMBERS, *TESTS], np.nan)
    # (speakers, seeds of the variant and of the base, sums)
    totals = _totals([*own_tables, *base_tables], task)
    values = metrics_from_sums(totals.sum(axis=0), task)
    draws = _resample(totals, task, resamples, rng)
    n_seeds, speakers = len(own_tables), len(totals)
    numbers = estimate(values[:n_seeds], draws[:, :n_seeds], speakers).columns()
    if not base_tables:
        return numbers, {}
    difference = estimate(
        values[:n_seeds] - values[n_seeds:], draws[:, :n_seeds] - draws[:, n_seeds:], speakers
    )
    tests = {
        "p": swap_p(totals[:, :n_seeds], totals[:, n_seeds:], task, rng, averaged=True)[0, 0],
        "detectable": detectable_difference(difference.error, difference.degrees_of_freedom),
    }
    return numbers, difference.columns() | tests


def estimate(values: np.ndarray, draws: np.ndarray, speakers: int) -> Estimate:
    """Return the Estimate of metrics, or of differences between them.

    Args:
        values: The values of each seed, (seeds, metrics).
        draws: Those of bootstrap samples of speakers, (resamples, seeds, metrics).
        speakers: The number of speakers.
    """
    seeds = len(values)
    over_speakers = standard_error(draws.mean(axis=1), speakers) ** 2
    over_seeds = values.var(axis=0, ddof=1) / seeds if seeds > 1 else np.zeros(values.shape[1])
    weights = over_speakers**2 / max(speakers - 1, 1) + over_seeds**2 / max(seeds - 1, 1)
    variance = over_speakers + over_seeds
    # Without any variance the number does not matter, since the interval has no width.
    freedom = np.where(weights > 0, divide(variance**2, weights), max(speakers - 1, 1))
    return Estimate(values.mean(axis=0), np.sqrt(variance), freedom)


def _totals(tables, task):
    """Return sums over the recordings that all tables have, (speakers, tables, sums)."""
    common = set.intersection(*(set(table["recording"]) for table in tables))
    kept = {
        str(index): table[table["recording"].isin(common)] for index, table in enumerate(tables)
    }
    return speaker_totals(sums_by_speaker(kept, task)[1])


def _resample(totals, task, resamples, rng):
    """Return the metrics of draws of speakers, (resamples, tables, metrics)."""
    drawn = draw_speakers(len(totals), resamples, rng)
    times = (drawn[..., None] == np.arange(len(totals))).sum(axis=1)  # (resamples, speakers)
    return metrics_from_sums(np.tensordot(times, totals, axes=1), task)

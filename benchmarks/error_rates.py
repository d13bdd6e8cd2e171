"""Error rates of permutation tests and intervals in simulated studies, for docs/decisions.md.

    python -m benchmarks.error_rates

Prints three tables. The first has, for each scheme of permuting predictions, the percentage of
studies whose UAR is outside the central 95 % of chance and whose rho has a p-value of at most .05.
Both are 5 % for a valid scheme if labels and predictions are independent of each other, although
both are correlated within dialogues. The second is the same for folds with several speakers, with
correlations within speakers. The third has the coverage of the 95 % intervals of the cells of a
confusion matrix.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from math import factorial

import numpy as np
import pandas as pd

from emospeech.evaluation import bootstrap, intervals
from emospeech.evaluation.chance import MIN_ORDERS, Chance, PermutableFold, permute_units
from emospeech.labels import CLASSES, NEUTRAL, Task
from emospeech.metrics import label_levels, metric_names, metrics_from_sums
from emospeech.report.paper import TABLE_3, TABLE_3_COUNTS

STUDIES, PERMUTATIONS, RESAMPLES, FOLDS = 500, 199, 400, 5
# Recordings of each dialogue of a fold: IEMOCAP (fewer by a factor of three), the demo, few and
# unequal dialogues.
SIZES = {
    "30 dialogues of 3 to 19": lambda rng: rng.integers(3, 20, 30),
    "24 dialogues of 1 to 5": lambda rng: rng.integers(1, 6, 24),
    "6 dialogues of 5 to 100": lambda rng: rng.integers(5, 101, 6),
}
# The share of the variance of labels and predictions that is between dialogues, and the correlation
# of labels and predictions.
CASES = {"independent": (0.0, 0.0), "clustered": (0.5, 0.0), "related": (0.5, 0.25)}
# Dialogues of six recordings of each speaker of a fold.
SPEAKERS = {"6 each": [6] * 5, "6, of one speaker 4": [4, 6, 6, 6, 6], "4 each": [4] * 5}
VALENCE = Task("valence")
Permute = Callable[[PermutableFold, np.random.Generator], np.ndarray]


def permute_recordings(sizes, permutations, rng):
    return rng.permuted(np.tile(np.arange(sizes.sum()), (permutations, 1)), axis=1)


def permute_within(sizes, permutations, rng):
    unit = np.repeat(np.arange(len(sizes)), sizes)
    return np.argsort(unit + rng.random((permutations, len(unit))), axis=1)


def shift(sizes, permutations, rng):
    total = sizes.sum()
    return (np.arange(total) + rng.integers(0, total, (permutations, 1))) % total


def concatenate(sizes, permutations, rng):
    unit = np.repeat(np.arange(len(sizes)), sizes)
    return np.argsort(rng.random((permutations, len(sizes)))[:, unit], axis=1, kind="stable")


SCHEMES: dict[str, Callable[..., np.ndarray]] = {
    "single recordings": permute_recordings,
    "within dialogues": permute_within,
    "circular shift": shift,
    "dialogues, end to end": concatenate,
    "dialogues, aligned": permute_units,
}


def simulate_fold(sizes, between, correlation, rng):
    """Return a fold whose labels and predictions are from correlated normal variables.

    Args:
        sizes: Recordings of each dialogue.
        between: Share of the variance between dialogues.
        correlation: Of labels and predictions, between dialogues and within them.
        rng: The generator.
    """
    unit = np.repeat(np.arange(len(sizes)), sizes)
    covariance = [[1, correlation], [correlation, 1]]
    dialogue = rng.multivariate_normal([0, 0], covariance, len(sizes))[unit]
    single = rng.multivariate_normal([0, 0], covariance, len(unit))
    label, prediction = (np.sqrt(between) * dialogue + np.sqrt(1 - between) * single).T
    labels = np.clip(np.rint(2 * (2.8 + 0.9 * label)) / 2, 1, 5)
    expected = np.clip(3 + 0.9 * prediction, 1, 5)
    return PermutableFold(
        task=VALENCE,
        labels=labels - NEUTRAL,
        levels=label_levels(labels),
        expected=expected - NEUTRAL,
        classes=np.rint(expected).astype(int) - CLASSES[0],
        sizes=[sizes],
        orders=factorial(len(sizes)),
    )


def rejections(
    simulate: Callable[[np.random.Generator], PermutableFold],
    schemes: Mapping[str, Permute],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return {scheme: (share of studies with UAR outside chance, with p of rho below .05)}."""
    columns = [metric_names(VALENCE).index(name) for name in ("uar5", "rho")]
    found = {scheme: np.zeros(2) for scheme in schemes}
    for _ in range(STUDIES):
        folds = [simulate(rng) for _ in range(FOLDS)]
        own = np.stack([fold.sums(np.arange(len(fold.labels))[None])[0] for fold in folds])
        uar5, rho = metrics_from_sums(own.sum(axis=0), VALENCE)[columns]
        for scheme, permute in schemes.items():
            picked = [permute(fold, rng) for fold in folds]
            sums = np.sum([*map(PermutableFold.sums, folds, picked)], axis=0)
            drawn = metrics_from_sums(sums, VALENCE)[:, columns].T
            low, high = np.percentile(drawn[0], [2.5, 97.5])
            p = Chance(*drawn, units=0, orders=folds[0].orders).p(rho)
            found[scheme] += [not low <= uar5 <= high, p <= 0.05]
    return {scheme: counts / STUDIES for scheme, counts in found.items()}


def permutation_table() -> pd.DataFrame:
    """Return the rejection rates (%) of each permutation scheme."""
    rows = []
    schemes: dict[str, Permute] = {
        name: lambda fold, rng, permute=permute: permute(fold.sizes[0], PERMUTATIONS, rng)
        for name, permute in SCHEMES.items()
    }
    for sizes, sizes_of in SIZES.items():
        for case, (between, correlation) in CASES.items():

            def simulate(rng, sizes_of=sizes_of, between=between, correlation=correlation):
                return simulate_fold(sizes_of(rng), between, correlation, rng)

            rng = np.random.default_rng([len(sizes), len(case)])
            found = rejections(simulate, schemes, rng)
            for scheme, (uar5, rho) in found.items():
                rows.append((sizes, scheme, f"{case}, UAR", uar5))
                rows.append((sizes, scheme, f"{case}, rho", rho))
    table = pd.DataFrame(rows, columns=["dialogues", "scheme", "case", "share"])
    table["share"] = (100 * table["share"]).round(1)
    return table.pivot_table("share", ["dialogues", "scheme"], "case", sort=False)


def speakers_table() -> pd.DataFrame:
    """Return the rejection rates (%) for folds with several speakers, without correlation."""
    schemes: dict[str, Permute] = {
        "of any speaker": lambda fold, rng: replace(
            fold, sizes=[np.concatenate(fold.sizes)]
        ).permute(PERMUTATIONS, rng),
        "of the same speaker": lambda fold, rng: fold.permute(PERMUTATIONS, rng),
    }
    rows = []
    for name, counts in SPEAKERS.items():

        def simulate(rng, counts=counts):
            fold = simulate_fold(6 * np.array(counts), 0.5, 0.0, rng)
            return replace(fold, sizes=[np.full(n, 6) for n in counts], orders=MIN_ORDERS)

        found = rejections(simulate, schemes, np.random.default_rng(0))
        for scheme, (uar5, rho) in found.items():
            row = {"dialogues": name, "exchanged with": scheme, "UAR": 100 * uar5, "rho": 100 * rho}
            rows.append(row)
    return pd.DataFrame(rows).set_index(["dialogues", "exchanged with"]).round(1)


def student(value, half):
    """Return Student's interval of shares, within 0 and 1."""
    return np.maximum(value - half, 0), np.minimum(value + half, 1)


METHODS = {"Student": student, "Student, logit": intervals.share_bounds}


def cells(scale, spread, rng):
    """Return the expected counts (25,), the coverage by method, and which cells have an interval.

    Coverage and intervals are bool (studies, 25). The shares of each row are those of the paper's
    Table 3; they vary by `spread` across speakers, in logits. The rows have `scale` times as many
    recordings as the paper's.
    """
    sizes, logits = scale * TABLE_3_COUNTS.sum(axis=1) / FOLDS, np.log(TABLE_3)

    def shares(shape):
        weights = np.exp(logits + spread * rng.standard_normal((*shape, 5, 5)))
        return weights / weights.sum(axis=-1, keepdims=True)

    truth = shares((100_000,)).mean(axis=0).ravel()
    rows = rng.poisson(sizes, (FOLDS, STUDIES, 5))
    counts = rng.multinomial(rows, shares((FOLDS, STUDIES)))
    draws = intervals.resampled_matrix_metrics(counts, VALENCE, RESAMPLES, rng)[..., :25]
    totals = counts.sum(axis=0)  # (studies, 5, 5)
    size = np.repeat(totals.sum(axis=-1), 5, axis=-1)
    with np.errstate(all="ignore"):
        value = totals.reshape(STUDIES, 25) / size
        error = bootstrap.standard_error(draws, FOLDS)
    half = bootstrap.margin(error, FOLDS)
    bounds = {name: method(value, half) for name, method in METHODS.items()}
    covered = {name: (low <= truth) & (truth <= high) for name, (low, high) in bounds.items()}
    expected = np.repeat(FOLDS * sizes, 5) * truth
    return expected, covered, error > intervals.ROUNDING


def coverage_table() -> pd.DataFrame:
    """Return the percentage of intervals of cells that cover the share, by expected count.

    The last column is the percentage of cells that have an interval.
    """
    bins, rows = np.array([0, 2, 5, 20, 100]), []
    for spread, scale in product((0.0, 0.5, 1.0), (1, 0.1)):
        expected, covered, known = cells(scale, spread, np.random.default_rng(0))
        for index in range(25):
            row = {"spread": spread, "count from": bins[bins <= expected[index]].max()}
            row |= {name: (own & known)[:, index].sum() for name, own in covered.items()}
            rows.append(row | {"known": known[:, index].sum(), "all": len(known)})
    table = pd.DataFrame(rows).groupby(["spread", "count from"]).sum()
    shares = table[list(METHODS)].div(table["known"], axis=0)
    return (100 * shares.assign(known=table["known"] / table["all"])).round(1)


def main() -> None:
    """Print the tables."""
    print(permutation_table(), speakers_table(), coverage_table(), sep="\n\n")


if __name__ == "__main__":
    main()

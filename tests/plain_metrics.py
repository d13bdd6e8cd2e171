"""The metrics of a scale, computed from single predictions with scikit-learn and SciPy."""

import warnings

import numpy as np
from scipy import stats
from sklearn.metrics import accuracy_score, balanced_accuracy_score

CONSTANT = 1e-5  # standard deviation of values that count as constant
STRICT = {1.5: 2, 2.5: 3, 3.5: 3, 4.5: 4}  # the only correct class of a halfway label
MERGED = {1: 1, 2: 1, 3: 2, 4: 3, 5: 3}


def plain_metrics(truth, probabilities):
    """Return {metric: value} of labels (n,) and class probabilities (n, 5) of a scale."""
    truth, probabilities = np.asarray(truth), np.asarray(probabilities)
    predicted = probabilities.argmax(axis=1) + 1
    expected = probabilities @ np.arange(1, 6)
    accepted = [
        found if abs(found - label) == 0.5 else int(label) if label in STRICT else round(label)
        for label, found in zip(truth, predicted, strict=True)
    ]
    merged = [MERGED[label] for label in accepted]
    strict = [STRICT.get(label, round(label)) for label in truth]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes that are predicted, but no label
        uars = [
            balanced_accuracy_score(accepted, predicted),
            balanced_accuracy_score(merged, [MERGED[label] for label in predicted]),
            balanced_accuracy_score(strict, predicted),
        ]
    return {
        "accuracy": accuracy_score(accepted, predicted),
        **dict(zip(("uar5", "uar3", "strict_uar5"), uars, strict=True)),
        "rho": correlation(truth, expected),
        "ccc": concordance(truth, expected),
        "mae": np.mean(np.abs(truth - expected)),
    }


def correlation(truth, expected):
    if len(truth) < 3 or truth.std() < CONSTANT:
        return np.nan
    return 0 if expected.std() < CONSTANT else stats.pearsonr(truth, expected).statistic


def concordance(truth, expected):
    """Return the CCC of Lin (1989)."""
    if truth.std() < CONSTANT or expected.std() < CONSTANT:
        return np.nan if truth.std() < CONSTANT and expected.std() < CONSTANT else 0
    (first, covariance), (_, second) = np.cov(truth, expected, ddof=0)
    return 2 * covariance / (first + second + (truth.mean() - expected.mean()) ** 2)

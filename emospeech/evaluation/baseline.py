"""The classical baseline: logistic regression on acoustic statistics, in the folds of the models.

It sees what the models see, the training part's labels as shared by the two neighbouring classes,
with the classes weighted evenly in the place of oversampling. The strength of its penalty is the
one with the highest UAR on the validation speaker, with ties accepted.
"""

import logging

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from emospeech.evaluation.predictions import predictions_table
from emospeech.folds import PARTS
from emospeech.labels import CLASSES, fuzzy
from emospeech.metrics import (
    confusion_matrix,
    contingency_table,
    predicted_class,
    unweighted_average_recall,
)
from emospeech.runtime.errors import InputError

log = logging.getLogger(__name__)

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)  # C of scikit-learn: the smaller, the stronger the penalty
ITERATIONS = 300


def fit(features, labels, strength):
    """Return a function from features (n, k) to probabilities (n, 5), learned from labels (n,).

    Labels of a single class, which leave nothing to learn, give that class probability 1.
    """
    if len(present := classes_present(labels)) == 1:
        return lambda features: np.tile(np.eye(len(CLASSES))[present], (len(features), 1))
    scaler = StandardScaler().fit(features)
    rows, classes = np.nonzero(shares := fuzzy(labels))
    weights = shares[rows, classes]
    sizes = np.bincount(classes, weights, len(CLASSES))
    weights *= len(labels) / (np.count_nonzero(sizes) * sizes[classes])
    model = LogisticRegression(C=strength, max_iter=ITERATIONS)
    model.fit(scaler.transform(features)[rows], classes, weights)

    def probabilities(features):
        found = np.zeros((len(features), len(CLASSES)))
        found[:, model.classes_] = model.predict_proba(scaler.transform(features))
        return found

    return probabilities


def classes_present(labels: np.ndarray) -> np.ndarray:
    """Return the positions in CLASSES of the classes that share in any of the labels (n,)."""
    return np.flatnonzero(fuzzy(labels).any(axis=0))


def chosen(train, validation):
    """Return the fit with the best UAR on the validation part; of equal ones the strongest penalty.

    Both parts are (features (n, k), labels (n,)).
    """
    features, labels = validation
    best, highest = None, -np.inf
    for strength in STRENGTHS:
        found = fit(*train, strength)
        counts = confusion_matrix(contingency_table(labels, predicted_class(found(features))))
        if (recall := unweighted_average_recall(counts)) > highest:
            best, highest = found, recall
    return best


def baseline_predictions(recordings, folds, features, fold, tasks):
    """Return the predictions of the test part of a fold, in the columns of `predictions.csv`.

    `recordings`, `folds` and `features` (see `acoustics_table`) are tables; a recording that lacks
    the label of one of `tasks` is left out, as it is for the models. `trial` is 0. Raises
    InputError for a part without a recording.
    """
    rows = folds[folds["fold"] == fold].merge(recordings, on="recording")
    rows = rows.dropna(subset=list(tasks)).merge(features, on="recording")
    names = [name for name in features if name != "recording"]
    parts = dict(iter(rows.groupby("part")))
    if empty := [name for name in PARTS if name not in parts]:
        problem = f"no recording of its {empty[0]} part has a label for {' and '.join(tasks)}"
        raise InputError(f"fold {fold}", f"{problem}; label some or take the session out")
    test, probabilities = parts["test"], {}
    for task in tasks:
        if len(present := classes_present(parts["train"][task])) == 1:
            only = CLASSES[present[0]]
            log.info(
                "fold %s: all training labels of %s are %d, the only prediction", fold, task, only
            )
        pairs = {name: (part[names].to_numpy(), part[task]) for name, part in parts.items()}
        probabilities[task] = chosen(pairs["train"], pairs["validation"])(pairs["test"][0])
    head = test[["recording", "speaker", "session"]].assign(fold=fold, trial=0)
    return predictions_table(head, test[list(tasks)].to_numpy(), probabilities)

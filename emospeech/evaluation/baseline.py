"""The classical baseline: logistic regression on acoustic statistics, with the folds of the models.

It learns the fuzzy labels of the training part and weights the classes equally, which corresponds
to oversampling. The regularisation strength is selected by the UAR on the validation speaker.
"""

import logging
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
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

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)  # C of scikit-learn, the strongest regularisation first
ITERATIONS = 300

Classifier = Callable[[np.ndarray], np.ndarray]  # features (n, k) to probabilities (n, 5)


def fit(features: np.ndarray, labels: np.ndarray, strength: float) -> Classifier:
    """Return a classifier trained on features (n, k) and labels (n,).

    If all labels share one class, the classifier predicts it with probability 1.
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

    def probabilities(features: np.ndarray) -> np.ndarray:
        found = np.zeros((len(features), len(CLASSES)))
        found[:, model.classes_] = model.predict_proba(scaler.transform(features))
        return found

    return probabilities


def classes_present(labels: np.ndarray) -> np.ndarray:
    """Return the indices of the classes that occur in fuzzy labels made from `labels` (n,)."""
    return np.flatnonzero(fuzzy(labels).any(axis=0))


def select_classifier(
    train: tuple[np.ndarray, np.ndarray], validation: tuple[np.ndarray, np.ndarray]
) -> Classifier:
    """Return the classifier with the best UAR on the validation part, or the first of several.

    Both parts are (features (n, k), labels (n,)).
    """
    features, labels = validation
    classifiers = [fit(*train, strength) for strength in STRENGTHS]
    uars = []
    for classifier in classifiers:
        table = contingency_table(labels, predicted_class(classifier(features)))
        uars.append(unweighted_average_recall(confusion_matrix(table)))
    return classifiers[int(np.argmax(uars))]


def baseline_predictions(
    recordings: pd.DataFrame,
    folds: pd.DataFrame,
    features: pd.DataFrame,
    fold: int,
    tasks: Sequence[str],
) -> pd.DataFrame:
    """Return predictions.csv of the test part of a fold; the column `trial` is 0.

    `features` is the table of `acoustics_table`. As for the models, recordings without a label
    for each of `tasks` are excluded. Raises InputError if a part has no recordings left.
    """
    rows = folds[folds["fold"] == fold].merge(recordings, on="recording")
    rows = rows.dropna(subset=list(tasks)).merge(features, on="recording")
    names = [name for name in features if name != "recording"]
    parts = dict(iter(rows.groupby("part")))
    if empty := [name for name in PARTS if name not in parts]:
        problem = f"no recording of its {empty[0]} part has a label for {' and '.join(tasks)}"
        raise InputError(f"fold {fold}", f"{problem}. Add labels, or remove the session.")
    test, probabilities = parts["test"], {}
    for task in tasks:
        if len(present := classes_present(parts["train"][task].to_numpy())) == 1:
            label = CLASSES[present[0]]
            log.info("fold %s: all training labels of %s are %d", fold, task, label)
        pairs = {
            name: (part[names].to_numpy(), part[task].to_numpy()) for name, part in parts.items()
        }
        classifier = select_classifier(pairs["train"], pairs["validation"])
        probabilities[task] = classifier(pairs["test"][0])
    head = test[["recording", "speaker", "session"]].assign(fold=fold, trial=0)
    return predictions_table(head, test[list(tasks)].to_numpy(), probabilities)

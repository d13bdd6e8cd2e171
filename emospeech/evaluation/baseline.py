"""The classical baseline: logistic regression on acoustic statistics, with the folds of the models.

It learns the fuzzy labels, or the emotion classes, of the training part. It weights the classes
equally, which corresponds to oversampling. The regularisation strength is selected by the log loss
on the validation speaker, with the same weights. The UAR depends on the largest probability only,
so it often does not distinguish a strength that gives useful probabilities from one that makes them
almost equal.
"""

import logging
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from emospeech.evaluation.predictions import predictions_table
from emospeech.folds import PARTS
from emospeech.labels import Task, fuzzy
from emospeech.runtime.errors import InputError
from emospeech.training.fold import shuffle_order

log = logging.getLogger(__name__)

# C of scikit-learn, the strongest regularisation first
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1, 10)
ITERATIONS = 1000
SMALLEST_PROBABILITY = 1e-15  # in the log loss; that of a class without training data is 0

Classifier = Callable[[np.ndarray], np.ndarray]  # features (n, k) to probabilities (n, classes)


def fit(features: np.ndarray, labels: np.ndarray, n_classes: int, strength: float) -> Classifier:
    """Return a classifier trained on features (n, k) and labels (n,).

    If all labels share one class, the classifier predicts it with probability 1.
    """
    if len(present := classes_present(labels, n_classes)) == 1:
        return lambda features: np.tile(np.eye(n_classes)[present], (len(features), 1))
    scaler = StandardScaler().fit(features)
    rows, classes, weights = weighted_classes(labels, n_classes)
    model = LogisticRegression(C=strength, max_iter=ITERATIONS)
    model.fit(scaler.transform(features)[rows], classes, weights)

    def probabilities(features: np.ndarray) -> np.ndarray:
        found = np.zeros((len(features), n_classes))
        found[:, model.classes_] = model.predict_proba(scaler.transform(features))
        return found

    return probabilities


def classes_present(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Return the indices of the classes that occur in fuzzy labels made from `labels` (n,)."""
    return np.flatnonzero(fuzzy(labels, n_classes).any(axis=0))


def weighted_classes(
    labels: np.ndarray, n_classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return fuzzy labels as single classes with weights, so that all classes have equal weight.

    Returns:
        Index of the label, index of the class, and weight, each (m,). The weights sum to n, the
        number of labels.
    """
    rows, classes = np.nonzero(shares := fuzzy(labels, n_classes))
    weights = shares[rows, classes]
    sizes = np.bincount(classes, weights, n_classes)
    return rows, classes, weights * len(labels) / (np.count_nonzero(sizes) * sizes[classes])


def log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean log loss of probabilities (n, classes), with equal weight for all classes."""
    rows, classes, weights = weighted_classes(labels, probabilities.shape[1])
    likelihoods = np.maximum(probabilities[rows, classes], SMALLEST_PROBABILITY)
    return float(-np.average(np.log(likelihoods), weights=weights))


def select_classifier(
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    n_classes: int,
) -> Classifier:
    """Return the classifier with the lowest log loss on the validation part.

    Both parts are (features (n, k), labels (n,)).
    """
    features, labels = validation
    classifiers = [fit(*train, n_classes, strength) for strength in STRENGTHS]
    losses = [log_loss(labels, classifier(features)) for classifier in classifiers]
    return classifiers[int(np.argmin(losses))]


def baseline_predictions(
    recordings: pd.DataFrame,
    folds: pd.DataFrame,
    features: pd.DataFrame,
    fold: int,
    tasks: Sequence[Task],
    shuffle_seed: int | None = None,
) -> pd.DataFrame:
    """Return predictions.csv of the test part of a fold; the column `trial` is 0.

    As for the models, recordings without a label for each of `tasks` are excluded.

    Args:
        recordings: The table of `load_labelled`.
        folds: The table folds.csv.
        features: A table of `acoustics_tables`.
        fold: The number of the fold.
        tasks: The tasks to predict.
        shuffle_seed: The labels are shuffled as for the models, see `LabelledCorpus`.

    Raises:
        InputError: A part has no recordings left.
    """
    labels = [task.name for task in tasks]
    rows = recordings.merge(folds[folds["fold"] == fold], on="recording")
    if shuffle_seed is not None:
        order = shuffle_order(rows.loc[:, "part"], shuffle_seed, fold)
        rows[labels] = rows[labels].to_numpy()[order]
    rows = rows.dropna(subset=labels).merge(features, on="recording")
    names = [name for name in features if name != "recording"]
    parts = dict(iter(rows.groupby("part")))
    if empty := [name for name in PARTS if name not in parts]:
        problem = f"no recording of its {empty[0]} part has a label for {' and '.join(labels)}"
        raise InputError(f"fold {fold}", f"{problem}. Add labels, or remove the session.")
    test, probabilities = parts["test"], {}
    for task in tasks:
        n_classes = len(task.classes)
        present = classes_present(parts["train"][task.name].to_numpy(), n_classes)
        if len(present) == 1:
            label = task.classes[present[0]]
            log.info("fold %s: all training labels of %s are %s", fold, task.name, label)
        pairs = {
            name: (part[names].to_numpy(), part[task.name].to_numpy())
            for name, part in parts.items()
        }
        classifier = select_classifier(pairs["train"], pairs["validation"], n_classes)
        probabilities[task.name] = classifier(pairs["test"][0])
    head = test[["recording", "speaker", "session"]].assign(fold=fold, trial=0)
    return predictions_table(head, test[labels].to_numpy(), probabilities, tasks)

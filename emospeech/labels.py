"""Labels of the tasks, and their encodings as training targets.

The label of a rated dimension is a number from 1 to 5, the mean of two to four ratings, so it may
fall between two classes. The paper spreads such a label over both classes ("fuzzy labels") and
accepts either class if the label is halfway between them. Regression on the label itself was less
successful. Two more encodings are the distribution of the ratings ("histogram") and the nearest
class ("hard").

The label of the emotion is the number of its class, from 1 to the number of classes, so it never
falls between two classes. Its encodings are "hard" and, with the votes of the raters, "histogram".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from emospeech.corpora.corpus_tables import DIMENSIONS, load_recordings
from emospeech.runtime.errors import InputError

POINTS = 5  # classes of a rated dimension
CLASSES = np.arange(1, POINTS + 1)
NEUTRAL = 3
EMOTION = "emotion"  # the task with categories; the others are rated dimensions
CLASS_NAMES = {
    "valence": ("very negative", "negative", "neutral", "positive", "very positive"),
    "activation": ("very low", "low", "medium", "high", "very high"),
    "dominance": ("very weak", "weak", "medium", "strong", "very strong"),
}
TOLERANCE = 1e-6  # rounding error of ratings, of their means, and of sums of shares


@dataclass(frozen=True)
class Task:
    """What a head of a network predicts: a rated dimension or the emotion.

    Attributes:
        name: The column of its labels.
        classes: The names of its classes; "1" to "5" for a rated dimension.
        is_target: Whether it is the target of the study, not the second task. Its columns have no
            prefix, and its validation UAR selects epochs and trials.
    """

    name: str
    classes: tuple[str, ...] = tuple(map(str, CLASSES))
    is_target: bool = True

    @property
    def is_scale(self) -> bool:
        """Whether its classes are the points of a scale, rather than categories."""
        return self.name != EMOTION

    def describe_classes(self) -> dict[str, str]:
        """Return {number of the class: name}, such as {"1": "very negative"}."""
        names = CLASS_NAMES.get(self.name, self.classes)
        return {str(number): name for number, name in enumerate(names, start=1)}


def describe_tasks(tasks: Iterable[Task]) -> str:
    """Return the names of tasks and of emotion classes, for messages."""
    return " and ".join(
        task.name if task.is_scale else f"{task.name} ({', '.join(task.classes)})" for task in tasks
    )


def fuzzy(labels: ArrayLike, classes: int = POINTS) -> np.ndarray:
    """Return labels (n,) as distributions over `classes` classes, float64 of shape (n, classes).

    Class c gets max(0, 1 - |label - c|), so the expected value is the label: 4.5 gives 0.5 to 4
    and to 5 (the paper's example), 2.667 gives 0.333 to 2 and 0.667 to 3.
    """
    return np.maximum(0, 1 - _class_distances(labels, classes))


def hard(labels: ArrayLike, classes: int = POINTS) -> np.ndarray:
    """Return labels (n,) as one-hot vectors of their nearest class, float64 (n, classes).

    A halfway label belongs to the class closer to neutral: 1.5 and 2.5 are rounded up, 3.5 and 4.5
    down. This favours neither end of the scale.
    """
    labels = np.asarray(labels, np.float64)
    inward = np.where(is_halfway(labels), np.sign(NEUTRAL - labels) / 4, 0)
    return (np.rint(labels + inward)[:, None] == np.arange(1, classes + 1)).astype(np.float64)


def nearest_class(labels: ArrayLike) -> np.ndarray:
    """Return the nearest class of each label, int64 (n,), with halfway labels as in `hard`."""
    return (hard(labels) @ CLASSES).astype(np.int64)


def histogram(ratings: Sequence[Sequence[float]]) -> np.ndarray:
    """Return the ratings of each recording as a distribution over the classes, float64 (n, 5).

    All raters have equal weight; a rating between two classes is spread as in `fuzzy`. The expected
    value is the mean rating. Recordings without ratings are NaN.
    """
    unknown = np.full(len(CLASSES), np.nan)
    rows = [fuzzy(given).mean(axis=0) if given else unknown for given in ratings]
    return np.reshape(rows, (-1, len(CLASSES)))


@dataclass(frozen=True)
class LabelSettings:
    """What is learned, and how: the config section `labels`.

    `classes`, {class: labels in the corpus}, becomes pairs, whose order survives sorted JSON.
    """

    target: str = "valence"  # the first task: a rated dimension or "emotion"
    secondary: str = "activation"  # the second task of the Multitask models, a rated dimension
    classes: Any = ()  # of the target emotion: ((class, (label in the corpus, ...)), ...)
    encoding: str = "fuzzy"  # of labels as targets; one of ENCODINGS
    oversample: bool = True  # draw the classes of the target evenly, or each recording once
    shuffle: bool = False  # the control: labels shuffled within each part of a fold

    def __post_init__(self):
        pairs = self.classes.items() if isinstance(self.classes, Mapping) else self.classes or ()
        object.__setattr__(self, "classes", tuple((name, tuple(own)) for name, own in pairs))

    def tasks(self, multitask: bool) -> tuple[Task, ...]:
        """Return the tasks of a model that learns one of them or two, the target first."""
        target = Task(self.target)
        if self.target == EMOTION:
            target = Task(EMOTION, tuple(name for name, _ in self.classes))
        return (target, Task(self.secondary, is_target=False)) if multitask else (target,)

    def outputs(self, task: Task) -> int:
        """Return the number of outputs of the head of a task."""
        return ENCODINGS[self.encoding].outputs or len(task.classes)

    def check(self) -> None:
        """Raise InputError if settings contradict each other."""
        if self.target == self.secondary:
            problem = f"is {self.secondary}, like labels.target. Use another dimension."
            raise InputError("labels.secondary", problem)
        if self.target != EMOTION:
            return
        if len(self.classes) < 2:
            remedy = "Map two or more classes to labels of the corpus: {angry: [ang], sad: [sad]}"
            raise InputError("labels.classes", f"target emotion needs classes. {remedy}.")
        class_of = {}
        for name, labels in self.classes:
            for label in labels:
                if (other := class_of.setdefault(label, name)) != name:
                    problem = f"{label} is already in class {other}. Remove it from one of them."
                    raise InputError(f"labels.classes.{name}", problem)
        if not ENCODINGS[self.encoding].for_categories:
            allowed = " or ".join(name for name, kind in ENCODINGS.items() if kind.for_categories)
            problem = f"{self.encoding} needs a scale. Use {allowed} for target emotion."
            raise InputError("labels.encoding", problem)

    @property
    def columns(self) -> list[str]:
        """The columns of a table of recordings that contain labels of tasks."""
        return [EMOTION, *DIMENSIONS] if self.target == EMOTION else [*DIMENSIONS]

    def class_numbers(self, emotions: Sequence[str] | np.ndarray) -> np.ndarray:
        """Return the number of the class of each emotion (n,), float64; NaN if it is in none.

        The numbers count from 1, in the order of `classes`.
        """
        numbers = {
            label: number
            for number, (_, labels) in enumerate(self.classes, start=1)
            for label in labels
        }
        return np.array([numbers.get(emotion, np.nan) for emotion in emotions], np.float64)


def load_labelled(path: str | Path, labels: LabelSettings) -> pd.DataFrame:
    """Load a table of recordings with the labels of the tasks as numbers.

    If the emotion is the target, its column has the numbers of the classes, NaN for a recording
    that is in no class.
    """
    table = load_recordings(path)
    if labels.target == EMOTION:
        table[EMOTION] = labels.class_numbers(table[EMOTION].to_numpy())
    return table


def count_unlisted(emotions: pd.Series, labels: LabelSettings) -> dict[str, int]:
    """Return {reason: number} of the recordings that are left out, since they are in no class.

    `emotions` are the labels of the corpus. The result is empty unless the emotion is the target.
    """
    if labels.target != EMOTION:
        return {}
    unlisted = emotions[np.isnan(labels.class_numbers(emotions.to_numpy()))]
    counts = unlisted.value_counts().sort_index().to_dict()
    return {
        f"recording in no class, used without a label: emotion {name or 'unknown'}": n
        for name, n in counts.items()
    }


def count_whole(table: pd.DataFrame, labels: LabelSettings) -> dict[str, int]:
    """Return {reason: number} of the labels whose hard and fuzzy targets are equal.

    `table` is that of `load_labelled`. The result is empty unless a rated target is encoded `hard`.
    """
    if labels.target == EMOTION or labels.encoding != "hard":
        return {}
    whole = int((table[labels.target] % 1 == 0).sum())
    return {"label with equal hard and fuzzy targets": whole}


def label_table(labels: np.ndarray, tasks: Sequence[Task]) -> pd.DataFrame:
    """Return labels (n, tasks) as the columns of a result table, with names of emotion classes."""
    columns = {}
    for task, values in zip(tasks, labels.T, strict=True):
        columns[task.name] = values
        if not task.is_scale:  # NaN, no class, becomes the last name
            names = np.array([*task.classes, np.nan], object)
            columns[task.name] = names[np.nan_to_num(values).astype(int) - 1]
    return pd.DataFrame(columns)


def check_classes(emotions: Sequence[str], labels: LabelSettings) -> None:
    """Raise InputError if a class contains a label that is not one of a corpus's `emotions`."""
    known = sorted(set(emotions) - {""})
    for name, members in labels.classes:
        if unknown := [label for label in members if label not in known]:
            problem = f"the corpus has no emotion {unknown[0]}"
            found = ", ".join(known) or "none, since recordings.csv has no column emotion"
            raise InputError(f"labels.classes.{name}", f"{problem}. Its emotions are {found}.")


@dataclass(frozen=True)
class Encoding:
    """The training targets that represent labels, and the head that predicts them.

    Attributes:
        targets: Function from labels (n,) and the number of classes to targets, float64
            (n, outputs).
        outputs: Number of outputs of the head; None for one per class.
        uses_ratings: Whether the histogram of the ratings replaces the targets where it is known.
        objective: Name in `training.losses.OBJECTIVES`; None for `training.class_loss`.
        for_categories: Whether it can encode the emotion.
    """

    targets: Callable[[ArrayLike, int], np.ndarray]
    outputs: int | None = None
    uses_ratings: bool = False
    objective: str | None = None
    for_categories: bool = False


ENCODINGS = {
    "fuzzy": Encoding(fuzzy),
    "histogram": Encoding(fuzzy, uses_ratings=True, for_categories=True),
    "hard": Encoding(hard, for_categories=True),
    "regression": Encoding(
        lambda labels, classes: np.asarray(labels)[:, None], outputs=1, objective="regression"
    ),
}


def encode(
    labels: ArrayLike,
    encoding: str,
    histograms: np.ndarray | None = None,
    classes: int = POINTS,
) -> np.ndarray:
    """Return the training targets of labels (n,), float32 of shape (n, outputs).

    `encoding` is a key of ENCODINGS. If it uses ratings, `histograms` (n, classes) are those of the
    same recordings; rows that are NaN fall back to the fuzzy label.
    """
    targets = ENCODINGS[encoding].targets(labels, classes)
    if ENCODINGS[encoding].uses_ratings:
        assert histograms is not None, encoding
        targets = np.where(np.isnan(histograms), targets, histograms)
    return targets.astype(np.float32)


def is_halfway(labels: ArrayLike) -> np.ndarray:
    """Return whether each label is halfway between two classes, bool (n,)."""
    return np.abs(np.asarray(labels, np.float64) % 1 - 0.5) < TOLERANCE


def class_shares(labels: ArrayLike, classes: int = POINTS) -> np.ndarray:
    """Return how much each label counts towards each class, float64 (n, classes); rows sum to 1.

    A halfway label counts half towards both neighbours, any other label towards the nearest class.
    """
    nearest = _class_distances(labels, classes) < 0.5 + TOLERANCE
    return nearest / nearest.sum(axis=1, keepdims=True)


def shuffle_within(labels: np.ndarray, parts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return labels (n, ...) shuffled among the recordings of each part, as a control for leaks.

    `parts` (n,) names the part of each recording. The labels of a recording stay together.
    """
    result = labels.copy()
    for part in np.unique(parts):
        members = np.flatnonzero(parts == part)
        result[members] = labels[rng.permutation(members)]
    return result


def _class_distances(labels: ArrayLike, classes: int) -> np.ndarray:
    numbers = np.arange(1, classes + 1)
    return np.abs(np.asarray(labels, np.float64)[:, None] - numbers)  # (n, classes)

"""Emotion classes as the target: training, predictions, evaluation and leak checks."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, recall_score

from emospeech.corpora.corpus_tables import load_recordings
from emospeech.evaluation.baseline import baseline_predictions
from emospeech.evaluation.chance import chance_of
from emospeech.evaluation.comparisons import comparisons_table
from emospeech.evaluation.intervals import cells_table, intervals_table
from emospeech.evaluation.leaks import leak_table
from emospeech.evaluation.predictions import (
    column_names,
    labels_and_probabilities,
    predictions_of,
    predictions_table,
    tasks_of,
)
from emospeech.evaluation.references import references_table
from emospeech.evaluation.scores import confusion_tables, metrics_table, subgroups_table
from emospeech.labels import encode
from emospeech.metrics import metric_names
from emospeech.runtime.files import read_table, write_table
from emospeech.training.predictor import load_predictor
from emospeech.training.trainer import Trainer
from emospeech.training.weights import save_weights
from tests.example_study import leak_evidence
from tests.settings import emotion_labels
from tests.test_references import corpus as made_up_corpus
from tests.test_training import SETTINGS, TRIAL, fold_of, train_fold

NAMES = ("sad", "angry", "happy", "bored", "calm", "fear", "surprise", "disgust", "pride")
FOUR = emotion_labels(NAMES[:4])
(EMOTION,) = FOUR.tasks(multitask=False)


def settings_with(labels):
    return replace(SETTINGS, labels=labels, training=replace(SETTINGS.training, max_epochs=1))


@pytest.fixture
def with_emotions(corpus, tmp_path):
    """A function that writes the fixture `corpus` with an emotion for each of its recordings."""

    def write(emotions):
        table = load_recordings(corpus / "recordings.csv").assign(emotion=emotions)
        write_table(tmp_path / "recordings.csv", table)
        for name in ("store.h5", "folds.csv"):
            if not (tmp_path / name).exists():
                (tmp_path / name).symlink_to(corpus / name)
        return tmp_path

    return write


def trained_predictor(model, folder, settings):
    """Train on fold 1; return the outcome and the predictor."""
    outcome = train_fold(model, folder, settings)
    path = folder / "w.safetensors"
    save_weights(path, outcome.weights)
    fold = fold_of(folder, settings=settings)
    return outcome, load_predictor(model, fold, TRIAL, path, settings)


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("BasicCNN", 2),
        ("MultitaskCNN", 3),
        ("BasicAPC", 4),
        ("MultitaskDCGAN", 7),
        ("BasicLSTM", 9),
    ],
)
def test_models_learn_any_number_of_classes(with_emotions, model, size):
    """Each speaker has nine recordings with the classes in turn."""
    emotions = np.tile(np.resize(NAMES[:size], 9), 4)
    labels = emotion_labels(NAMES[:size])
    settings = settings_with(labels)
    outcome, predictor = trained_predictor(model, with_emotions(emotions), settings)
    table = predictions_of(predictor, seed=1, crops=2)
    assert tasks_of(table) == predictor.tasks
    task = predictor.tasks[0]
    probabilities = table[column_names(task)].to_numpy()
    assert probabilities.shape == (len(table), size)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    known = dict(zip(predictor.fold.table["recording"], emotions, strict=True))
    assert table["emotion"].tolist() == table["recording"].map(known).tolist()

    drawn = outcome.draws[outcome.draws["use"] == "labelled"]
    assert drawn["emotion"].tolist() == drawn["recording"].map(known).tolist()
    assert "validation_rho" not in outcome.history
    validated = predictor.predict("validation", settings.seed)["emotion"].argmax(axis=1) + 1
    truth = predictor.labels("validation")[:, 0]
    uar = recall_score(truth, validated, labels=np.unique(truth), average="macro")
    assert outcome.validation["uar"] == pytest.approx(uar)


def test_a_class_may_be_absent_from_a_part(with_emotions):
    """In fold 1 the training part, session 2, has no `sad`, and the test part has no `angry`."""
    emotions = np.tile(np.resize(NAMES[:4], 9), 4).astype(object)
    emotions[18:][emotions[18:] == "sad"] = "happy"
    emotions[9:18][emotions[9:18] == "angry"] = ""  # of no class
    outcome, predictor = trained_predictor("BasicCNN", with_emotions(emotions), settings_with(FOUR))
    draws = outcome.draws[outcome.draws["use"] == "labelled"].groupby("emotion")["draws"].sum()
    assert set(draws.index) == {"angry", "happy", "bored"}
    assert draws.sum() == 4 * 10, "five batches, with ten recordings of the largest class"
    assert draws.max() - draws.min() <= 1
    table = predictions_of(predictor, seed=1, crops=1)
    assert tasks_of(table) == (EMOTION,)
    assert len(table) == 9 - (emotions[9:18] == "").sum()
    assert set(table["emotion"]) == {"sad", "happy", "bored"}


def test_shuffled_emotions_stay_in_their_part(with_emotions):
    folder = with_emotions([NAMES[index] for index in np.random.default_rng(0).integers(0, 4, 36)])
    plain = fold_of(folder, settings=settings_with(FOUR))
    labels = replace(FOUR, shuffle=True)
    shuffled = fold_of(folder, settings=settings_with(labels))
    assert not plain.table["emotion"].equals(shuffled.table["emotion"])
    both = ["emotion", "valence"]
    for _, rows in plain.table.groupby("part"):
        pairs = rows[both].fillna(0).to_numpy().tolist()
        assert sorted(pairs) == sorted(
            shuffled.table.loc[rows.index, both].fillna(0).to_numpy().tolist()
        )
    expected = encode(shuffled.table["emotion"], "hard", classes=4)
    np.testing.assert_array_equal(shuffled.targets["emotion"], expected)


def test_another_order_of_the_classes_is_another_training(with_emotions):
    """The weights of the head follow the order."""
    folder, found = with_emotions(np.resize(NAMES[:4], 36)), []
    for names in (NAMES[:4], NAMES[:4], NAMES[3::-1]):
        settings = settings_with(emotion_labels(names))
        fold = fold_of(folder, settings=settings)
        found.append(Trainer("BasicCNN", fold, [], TRIAL, settings).identity())
    assert found[0] == found[1]
    assert found[0]["labels.classes"] != found[2]["labels.classes"]
    assert found[0]["labels"] != found[2]["labels"]


def rows_of(truth):
    rows = pd.DataFrame({"recording": [f"r{index}" for index in range(len(truth))]})
    return rows.assign(speaker="s", session="x", fold=1, trial=0)


@pytest.mark.parametrize(
    "names",
    [
        NAMES,
        ("p_x", "activation", "valence", "expected", "p"),
        ("5", "1", "10"),
        ("True", "False"),
        ("nan", "NA", "None", "inf"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("multitask", [False, True])
def test_predictions_in_a_file_keep_tasks_and_order_of_classes(tmp_path, names, multitask):
    rng, tasks = np.random.default_rng(0), emotion_labels(names).tasks(multitask)
    labels = rng.integers(1, len(names) + 1, (20, len(tasks))).astype(float)
    shares = {task.name: rng.dirichlet(np.ones(len(task.classes)), 20) for task in tasks}
    write_table(tmp_path / "p.csv", predictions_table(rows_of(labels), labels, shares, tasks))
    table = read_table(tmp_path / "p.csv")
    assert tasks_of(table) == tasks
    assert table["emotion"].tolist() == [names[int(number) - 1] for number in labels[:, 0]]
    for place, task in enumerate(tasks):
        truth, probabilities = labels_and_probabilities(table, task)
        np.testing.assert_array_equal(truth, labels[:, place])
        np.testing.assert_array_equal(probabilities, shares[task.name])


def emotional_study(labels=FOUR, size=400, skill=1.0):
    """Return recordings with the numbers of their emotion classes, folds and predictions.

    The predictions favour the true class; `a` and `b` are two models.
    """
    recordings, folds = made_up_corpus(size)
    (task,) = labels.tasks(multitask=False)
    rng, classes = np.random.default_rng(3), len(task.classes)
    shares = np.arange(1, classes + 1) / np.arange(1, classes + 1).sum()
    recordings["emotion"] = rng.choice(np.arange(1.0, classes + 1), size, p=shares)
    rows = folds[folds["part"] == "test"].merge(recordings, on="recording")
    head = rows[["recording", "speaker", "session", "fold"]].assign(trial=0)
    predictions = {}
    for model in ("a", "b"):
        noise = rng.normal(size=(len(rows), classes))
        right = rows[["emotion"]].to_numpy() == np.arange(1, classes + 1)
        weights = np.exp(skill * right + noise)
        values = {"emotion": weights / weights.sum(axis=1, keepdims=True)}
        table = predictions_table(head, rows[["emotion"]].to_numpy(), values, (task,))
        predictions[model] = table
    return recordings, folds, predictions


def scikit_metrics(table, task):
    predicted = np.array(task.classes)[table[column_names(task)].to_numpy().argmax(axis=1)]
    accuracy = np.mean(predicted == table["emotion"])
    present = np.unique(table["emotion"])
    uar = recall_score(table["emotion"], predicted, labels=present, average="macro")
    return [uar, f1_score(table["emotion"], predicted, average="macro"), accuracy]


@pytest.mark.parametrize("size", [2, 4, 9])
def test_intervals_contain_the_metrics_of_scikit_learn(size):
    labels = emotion_labels(NAMES[:size])
    (task,) = labels.tasks(multitask=False)
    _, _, predictions = emotional_study(labels)
    own = predictions["a"]
    predictions["a"] = own[(own["fold"] > 1) | (own["emotion"] != NAMES[1])]  # absent from a fold
    table = intervals_table(predictions, 30, 1)
    table = table.set_index(["model", "scope", "metric"]).sort_index()
    names = [*metric_names(task)]
    for model, rows in predictions.items():
        pooled = table.loc[(model, "pooled")]
        assert pooled["value"].loc[names].tolist() == pytest.approx(scikit_metrics(rows, task))
        each = [scikit_metrics(part, task) for _, part in rows.groupby("speaker")]
        means = table.loc[(model, "mean"), "value"].loc[names]
        assert means.tolist() == pytest.approx(np.mean(each, axis=0).tolist())
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert set(table.columns.drop("speakers")) >= {"error", "percentile_low", "percentile_high"}
    assert not {"constant_speakers", "rho"} & set(table.columns)


def test_other_tables_agree_with_scikit_learn():
    recordings, _, predictions = emotional_study()
    own = predictions["a"]
    predicted = np.array(EMOTION.classes)[own[column_names(EMOTION)].to_numpy().argmax(axis=1)]
    counts = confusion_matrix(own["emotion"], predicted, labels=EMOTION.classes)
    confusion, classes = confusion_tables(own)
    assert confusion[list(EMOTION.classes)].to_numpy().tolist() == counts.tolist()
    assert confusion["truth"].tolist() == classes["class"].tolist() == list(EMOTION.classes)

    cells = cells_table(predictions, 50, 1).set_index(["model", "metric", "truth", "prediction"])
    shares = counts / counts.sum(axis=1, keepdims=True)
    for (row, column), share in np.ndenumerate(shares):
        cell = cells.loc[("a", "share", EMOTION.classes[row], EMOTION.classes[column])]
        assert cell["value"] == pytest.approx(share)
        assert cell["count"] == counts[row, column]

    metrics = metrics_table(predictions, recordings, 50, 1).set_index(["model", "scope"])
    expected = scikit_metrics(own, EMOTION)
    found = metrics.loc[("a", "pooled"), [*metric_names(EMOTION)]]
    assert found.tolist() == pytest.approx(expected)
    supports = metrics.loc[("a", "pooled"), [f"support_{name}" for name in EMOTION.classes]]
    assert supports.tolist() == counts.sum(axis=1).tolist()
    assert not {"rho", "p", "uar5", "constant_folds"} & set(metrics)

    difference = comparisons_table(predictions, [], 50, 1).set_index(["scope", "metric"])
    other = scikit_metrics(predictions["b"], EMOTION)
    found = difference.loc["pooled", "value"].loc[[*metric_names(EMOTION)]]
    assert found.tolist() == pytest.approx(np.subtract(expected, other).tolist())

    subgroups = subgroups_table(predictions, recordings, None, 1).set_index(
        ["model", "grouping", "subgroup"]
    )
    speaker = own["speaker"].iloc[0]
    part = own[own["speaker"] == speaker]
    found = subgroups.loc[("a", "speaker", speaker), [*metric_names(EMOTION)]]
    assert found.tolist() == pytest.approx(scikit_metrics(part, EMOTION))


def test_chance_of_emotions_agrees_with_permuted_predictions():
    _, _, predictions = emotional_study(size=150, skill=0.5)
    own = predictions["a"]
    found = chance_of(own, EMOTION, {}, 1000, np.random.default_rng(0))["pooled"]
    assert found.rho is None
    probabilities = own[column_names(EMOTION)].to_numpy()
    predicted = np.array(EMOTION.classes)[probabilities.argmax(axis=1)]
    rng, plain = np.random.default_rng(1), []
    for _ in range(200):
        drawn = predicted.copy()
        for rows in own.groupby("fold").indices.values():
            drawn[rows] = rng.permutation(drawn[rows])
        plain.append(balanced_accuracy_score(own["emotion"], drawn))
    assert stats.ks_2samp(found.uar, plain).pvalue > 1e-3


def test_references_of_emotions_agree_with_their_frequencies():
    recordings, folds, _ = emotional_study()
    table = references_table(recordings, folds, (EMOTION,)).set_index(["reference", "scope"])
    parts = folds.merge(recordings, on="recording")
    right = {"majority": 0.0, "prior": 0.0, "uniform": 0.0}
    for _, rows in parts.groupby("fold"):
        train = rows.loc[rows["part"] == "train", "emotion"].value_counts(normalize=True)
        test = rows.loc[rows["part"] == "test", "emotion"]
        right["majority"] += (test == train.idxmax()).sum()
        right["prior"] += test.map(train).sum()
        right["uniform"] += len(test) / 4
    tested = (parts["part"] == "test").sum()
    for name, expected in right.items():
        assert table.loc[(name, "pooled"), "accuracy"] == pytest.approx(expected / tested)
    assert table.loc[("uniform", "pooled"), "uar"] == pytest.approx(0.25)
    assert table.loc[("majority", "pooled"), "uar"] == pytest.approx(0.25)
    assert not {"rho", "ccc", "mae", "uar5"} & set(table)


def test_the_baseline_learns_emotions_and_never_predicts_an_absent_one():
    recordings, folds, _ = emotional_study(size=250)
    rng = np.random.default_rng(0)
    features = pd.DataFrame({"recording": recordings["recording"]})
    features[["f", "g"]] = rng.normal(0, 0.3, (len(recordings), 2))
    features["f"] += recordings["emotion"] % 2
    features["g"] += recordings["emotion"] // 2
    table = baseline_predictions(recordings, folds, features, 2, (EMOTION,))
    assert scikit_metrics(table, EMOTION)[1] > 0.8
    fold = folds[folds["fold"] == 2].set_index("recording")["part"]
    trained = recordings["recording"].map(fold) == "train"
    recordings.loc[trained & (recordings["emotion"] == 2), "emotion"] = np.nan
    without = baseline_predictions(recordings, folds, features, 2, (EMOTION,))
    assert (without["p_angry"] == 0).all()
    assert (without["emotion"] == "angry").any()
    np.testing.assert_allclose(without[column_names(EMOTION)].sum(axis=1), 1)


def failed(evidence):
    table = leak_table(evidence)
    return set(table.loc[table["result"] == "failed", "check"])


def test_changed_emotions_are_leaks():
    recordings, folds, predictions = emotional_study()
    recordings.loc[5, "emotion"] = np.nan  # of no class
    own = predictions["a"]
    own = own[own["recording"] != recordings["recording"][5]]
    evidence = leak_evidence(recordings, folds, {"a": own}, FOUR)
    assert failed(evidence) == set()
    draws = evidence.draws["a"].reset_index(drop=True)
    row = draws.index[draws["use"] == "labelled"][0]
    for other in (set(NAMES[:4]) - {draws.loc[row, "emotion"]}).pop(), np.nan:
        changed = draws.assign(emotion=draws["emotion"].mask(draws.index == row, other))
        found = failed(replace(evidence, draws={"a": changed}))
        assert found == {"a learns the labels of recordings.csv"}
    other = own["emotion"].map(dict(zip(NAMES[:4], np.roll(NAMES[:4], 1), strict=True)))
    changed = own.assign(emotion=own["emotion"].mask(own.index == own.index[3], other))
    found = failed(replace(evidence, predictions={"a": changed}))
    assert found == {"a is scored by the labels of recordings.csv"}
    missing = failed(replace(evidence, predictions={"a": own.iloc[1:]}))
    assert missing == {"a predicts every labelled test recording"}

"""No-information baselines, raters, the classical baselines and subgroups."""

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
import soundfile
from sklearn.metrics import balanced_accuracy_score

from emospeech import metrics
from emospeech.crops.centres import draw_fixed_centres
from emospeech.evaluation import acoustics, baseline, references, scores
from emospeech.evaluation.leaks import parts_table
from emospeech.evaluation.predictions import load_predictions, predictions_table
from emospeech.folds import FoldSettings, make_folds
from emospeech.report.evaluation_tables import table_subgroups
from emospeech.report.markup import format_table
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_table, write_table
from emospeech.spectrograms.extraction import in_memory_store
from emospeech.spectrograms.settings import SpectrogramSettings
from tests import example_study
from tests.settings import LABELS, VALENCE

RATE = acoustics.SAMPLE_RATE
BOTH = LABELS.tasks(multitask=True)


def corpus(size=400, seed=0):
    """Return recordings of five sessions with two speakers each, and their folds."""
    rng = np.random.default_rng(seed)
    session, gender = rng.integers(1, 6, size), rng.choice(["F", "M"], size)
    style = rng.choice(["impro", "script"], size)
    table = pd.DataFrame({"recording": [f"{i:04d}" for i in range(size)]})
    table["session"] = [f"Ses{number}" for number in session]
    table["gender"] = gender
    table["speaker"] = table["session"] + gender
    table["dialogue"] = [f"Ses{n}F_{kind}01" for n, kind in zip(session, style, strict=True)]
    uneven = [0.04, 0.08, 0.3] + [0.58 / 6] * 6
    table["valence"] = rng.choice(np.arange(1, 5.5, 0.5), size, p=uneven)
    table["activation"] = rng.choice([2, 3, 3.5, 4.0], size)
    return table, make_folds(table, FoldSettings())


def random_predictions(recordings, folds):
    """Return predictions.csv with random class probabilities."""
    rows = folds[folds["part"] == "test"].merge(recordings, on="recording")
    shares = np.random.default_rng(1).dirichlet(np.ones(5), len(rows))
    head = rows[["recording", "speaker", "session", "fold"]].assign(trial=0)
    return predictions_table(head, rows[["valence"]].to_numpy(), {"valence": shares}, (VALENCE,))


def ratings_of(table):
    """Return ratings.csv from {recording: [valence of each rater]}."""
    rows = [
        (name, f"E{number}", "external", value, value, value)
        for name, given in table.items()
        for number, value in enumerate(given)
    ]
    names = ["recording", "rater", "kind", "valence", "activation", "dominance"]
    return pd.DataFrame(rows, columns=names)


def test_no_information_metrics_agree_with_drawn_classes():
    recordings, folds = corpus()
    table = references.references_table(recordings, folds, BOTH).set_index(
        ["reference", "task", "scope"]
    )
    assert table.loc[("majority", "valence", "pooled"), "uar5"] == pytest.approx(0.2)
    test = folds[folds["part"] == "test"].merge(recordings, on="recording")
    rng = np.random.default_rng(0)
    drawn = [
        metrics.accuracy(
            metrics.confusion_matrix(metrics.contingency_table(test["valence"], guess))
        )
        for guess in rng.integers(1, 6, (2000, len(test)))
    ]
    uniform = table.loc[("uniform", "valence", "pooled")]
    assert uniform["accuracy"] == pytest.approx(np.mean(drawn), abs=0.003)
    assert uniform["strict_uar5"] == pytest.approx(0.2)
    assert uniform["uar5"] > 0.22  # both classes of a halfway label count as correct
    assert uniform["recordings"] == len(test)
    assert table["rho"].isna().all()


def test_prior_is_of_the_training_part_only():
    recordings, folds = corpus()
    parts = folds.merge(recordings, on="recording")
    parts.loc[parts["part"] == "train", "valence"] = 5.0
    for sums in references.no_information_sums(parts, VALENCE)["prior"]:
        table = sums[:45].reshape(9, 5)
        assert table[:, 4].sum() == table.sum() > 0


def test_raters_are_compared_with_the_other_raters():
    assert references.leave_one_out([2.0, 3.0, 5.0]) == [(4.0, 2.0), (3.5, 3.0), (2.5, 5.0)]
    assert references.leave_one_out([4.0]) == []
    recordings, folds = corpus()
    same = ratings_of({name: [1 + int(name) % 5] * 2 for name in recordings["recording"]})
    table = references.references_table(recordings, folds, BOTH, same)
    human = table[(table["reference"] == "rater") & (table["task"] == "valence")]
    assert human[["rho", "ccc"]].to_numpy() == pytest.approx(1)
    apart = ratings_of({name: [1.0, 4.5] for name in recordings["recording"]})
    human = references.references_table(recordings, folds, BOTH, apart)
    assert human.loc[human["reference"] == "rater", "mae"].to_numpy() == pytest.approx(3.5)


@pytest.mark.parametrize("raters", [2, 3, 4])
def test_rater_metrics_are_those_of_another_rater_and_the_mean_of_the_others(raters):
    """They are unbiased for any number of raters, unlike a UAR, which is not reported."""
    recordings, folds = corpus(4000)
    rng = np.random.default_rng(raters)
    valence = rng.choice(np.arange(1, 6), 4000, p=[0.06, 0.37, 0.32, 0.2, 0.05])

    def rate(number):
        return np.rint(valence[:, None] + rng.normal(0, 0.7, (4000, number))).clip(1, 5)

    given = ratings_of(dict(zip(recordings["recording"], rate(raters), strict=True)))
    table = references.references_table(recordings, folds, BOTH, given).set_index(
        ["reference", "scope"]
    )
    found = table[table["task"] == "valence"].loc[("rater", "pooled")]
    other, mean = rate(1)[:, 0], rate(raters - 1).mean(axis=1)
    assert found["rho"] == pytest.approx(np.corrcoef(other, mean)[0, 1], abs=0.02)
    assert found["mae"] == pytest.approx(np.abs(other - mean).mean(), abs=0.02)
    assert found[["accuracy", "uar5", "uar3", "strict_uar5"]].isna().all()
    assert found["recordings"] == raters * (folds["part"] == "test").sum()


def test_subgroups_contain_the_metrics_of_their_recordings():
    recordings, folds = corpus()
    table = random_predictions(recordings, folds)
    given = {0: [3, 3], 1: [3, 4], 2: [1, 4], 3: [3]}
    ratings = ratings_of({name: given[int(name) % 4] for name in recordings["recording"]})
    found = scores.subgroups_table({"a": table}, recordings, ratings, 1).set_index(
        ["grouping", "subgroup"]
    )
    assert set(found.loc["style"].index) == {"improvised", "scripted"}
    assert found.loc["speaker", "recordings"].sum() == len(table)
    assert set(found.loc["agreement"].index) == {"same", "one point apart", "further apart"}
    rated_twice = (table["recording"].astype(int) % 4 < 3).sum()
    assert found.loc["agreement", "recordings"].sum() == rated_twice
    speaker = table[(table["speaker"] == "Ses2M") & (table["valence"] % 1 == 0)]
    whole = (
        scores.subgroups_table({"a": speaker}, recordings, None, 1)
        .set_index("subgroup")
        .loc["Ses2M"]
    )
    prediction = metrics.predicted_class(speaker[[f"p{n}" for n in range(1, 6)]].to_numpy())
    expected = balanced_accuracy_score(speaker["valence"].astype(int), prediction)
    assert whole["uar5"] == pytest.approx(expected)


@pytest.mark.parametrize(("low", "high"), [(1, 5), (0, 100), (-100, 100), (0, 20), (1, 9)])
def test_ratings_a_quarter_of_their_scale_apart_are_one_point_apart(low, high):
    quarter = (high - low) // 4
    pairs = [(rating, rating + quarter) for rating in range(low, high - quarter + 1)]
    on_scale = {i: [1 + 4 * (r - low) / (high - low) for r in pair] for i, pair in enumerate(pairs)}
    names = pd.Series([str(i) for i in on_scale])
    ratings = ratings_of({str(i): given for i, given in on_scale.items()})
    assert set(scores.rater_agreement(ratings, names, "valence")) == {"one point apart"}


def halfway_predictions(size, seed=0):
    """Return predictions, recordings and ratings; labels are halfway where two ratings differ."""
    recordings, folds = corpus(size)
    rng = np.random.default_rng(seed)
    apart = rng.random(size) < 0.4
    low = rng.choice(np.arange(1, 6), size, p=[0.1, 0.3, 0.3, 0.2, 0.1]).clip(max=5 - apart)
    recordings["valence"] = low + apart / 2
    given = zip(recordings["recording"], np.stack([low, low + apart], axis=1), strict=True)
    return random_predictions(recordings, folds), recordings, ratings_of(dict(given))


@pytest.mark.parametrize("size", [150, 3000])
def test_chance_of_a_subgroup_agrees_with_permuted_predictions(size):
    table, recordings, ratings = halfway_predictions(size)
    table.loc[table["fold"] < 3, "p2"] += 0.4  # the folds predict other classes
    found = scores.subgroups_table({"a": table}, recordings, ratings, 1).set_index(
        ["grouping", "subgroup"]
    )
    dialogues = recordings.set_index("recording")["dialogue"]
    groups = {
        "style": table["recording"].map(dialogues).str[6:-2].map(scores.STYLES),
        "agreement": scores.rater_agreement(ratings, table["recording"], "valence"),
    }
    labels = table["valence"].to_numpy()
    predicted = metrics.predicted_class(table[[f"p{n}" for n in range(1, 6)]].to_numpy())
    rng = np.random.default_rng(0)
    drawn = np.tile(predicted, (400, 1))
    for rows in table.groupby("fold").indices.values():
        drawn[:, rows] = rng.permuted(drawn[:, rows], axis=1)
    for kind, values in groups.items():
        for value in values.unique():
            rows = (values == value).to_numpy()
            tables = [metrics.contingency_table(labels[rows], one[rows]) for one in drawn]
            uars = metrics.unweighted_average_recall(metrics.confusion_matrix(np.stack(tables)))
            error = np.std(uars) * np.sqrt(1 / 400 + 1 / 1000)
            assert found.loc[(kind, value), "chance"] == pytest.approx(uars.mean(), abs=4 * error)


def test_chance_explains_the_uar_of_subgroups_by_agreement():
    """The predictions are random, but the UAR is far above 20 % for halfway labels."""
    table, recordings, ratings = halfway_predictions(3000)
    found = scores.subgroups_table({"a": table}, recordings, ratings, 1)
    agreement = found[found["grouping"] == "agreement"].set_index("subgroup")
    assert agreement.loc["same", "chance"] == pytest.approx(0.2, abs=0.005)
    assert agreement.loc["one point apart", "uar5"] > 0.3
    assert (agreement["uar5"] - agreement["chance"]).abs().max() < 0.03
    assert agreement["strict_uar5"].max() < 0.25


def test_small_subgroups_are_only_in_the_file():
    table, recordings, _ = halfway_predictions(200)
    found = scores.subgroups_table({"a": table}, recordings, None, 1)
    sizes = found.set_index("subgroup")["recordings"]
    shown = table_subgroups(found)
    assert set(sizes[sizes < 20].index)
    assert set(shown["subgroup"]) == set(sizes[sizes >= 20].index)


def test_speakers_named_by_numbers_keep_their_names(tmp_path):
    table, recordings, _ = halfway_predictions(400)
    numbers = {name: f"{i:02d}" for i, name in enumerate(sorted(set(recordings["speaker"])))}
    named = table.assign(speaker=table["speaker"].map(numbers))
    write_table(
        tmp_path / "subgroups.csv", scores.subgroups_table({"a": named}, recordings, None, 1)
    )
    shown = format_table(table_subgroups(read_table(tmp_path / "subgroups.csv")))
    assert {row[1] for row in shown.rows if row[0] == "speaker"} == set(named["speaker"])


def test_unknown_styles_have_no_subgroup():
    recordings, folds = corpus()
    named = recordings.assign(dialogue="")
    table = scores.subgroups_table({"a": random_predictions(recordings, folds)}, named, None, 1)
    assert set(table["grouping"]) == {"speaker"}


def test_statistics_of_a_tone():
    times = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 200 * times).astype(np.float32)
    loud, quiet = acoustics.statistics(tone), acoustics.statistics(tone / 10)
    assert np.exp(loud["log_pitch_50"]) == pytest.approx(200, rel=0.01)
    assert loud["zero_crossings_50"] == pytest.approx(400 / RATE, rel=0.05)
    assert loud["level_50"] - quiet["level_50"] == pytest.approx(np.log(10), abs=0.01)
    assert loud["centroid_50"] == pytest.approx(200, rel=0.05)
    assert loud["log_duration"] == 0


@pytest.mark.parametrize("samples", [np.zeros(RATE, np.float32), np.ones(3, np.float32)])
def test_statistics_of_silence_and_clicks_are_finite(samples):
    assert np.isfinite(list(acoustics.statistics(samples).values())).all()


@pytest.mark.parametrize("position", [0.0, 3.1, 10.0])
def test_statistics_of_a_crop_are_those_of_its_time_span(tmp_path, position):
    """The frequency of a sweep tells the time."""
    times = np.arange(10 * RATE) / RATE
    sweep = np.sin(2 * np.pi * (500 * times + 150 * times**2))  # at time t: 500 + 300 t Hz
    soundfile.write(tmp_path / "a.wav", 0.5 * sweep, RATE)
    settings = SpectrogramSettings(sample_rate=22050, hop_length=300, fmax=8000.0)
    store = in_memory_store(tmp_path / "a.wav", np.full((1, 2), position), settings)
    width, rate = 64, settings.frame_rate
    (span,) = acoustics.crop_spans(store, seed=1, width=width, edge="floor")
    centre = draw_fixed_centres(store, np.array([0]), 1)[0] / rate
    assert centre == pytest.approx(position, abs=1 / rate)
    half = width / rate / 2
    assert span == pytest.approx([centre - half, centre + half], abs=1 / rate)
    recordings = pd.DataFrame({"recording": ["a"], "path": ["a.wav"]})
    whole, crops = acoustics.acoustics_tables(recordings, tmp_path, span[None])
    inside = span.clip(0, 10)
    assert np.exp(crops.loc[0, "log_duration"]) == pytest.approx(np.diff(inside)[0], abs=1e-3)
    assert crops.loc[0, "centroid_50"] == pytest.approx(500 + 300 * inside.mean(), rel=0.05)
    assert whole.loc[0, "centroid_50"] == pytest.approx(2000, rel=0.05)
    ((start, end),) = acoustics.crop_spans(store, seed=1, width=width, edge="shift")
    assert start > -1 / rate
    assert end < 10 + 1 / rate


def test_baseline_learns_without_test_labels():
    recordings, folds = corpus()
    rng = np.random.default_rng(0)
    features = pd.DataFrame({"recording": recordings["recording"]})
    features["a"] = recordings["valence"] + rng.normal(0, 0.2, len(recordings))
    features["b"] = rng.normal(size=len(recordings))
    arguments = (recordings, folds, features)
    table = baseline.baseline_predictions(*arguments, 2, BOTH)
    test = set(folds[(folds["part"] == "test") & (folds["fold"] == 2)]["recording"])
    assert set(table["recording"]) == test
    assert np.corrcoef(table["valence"], table["expected"])[0, 1] > 0.9
    assert "activation_p5" in table
    wrong = recordings.assign(
        valence=recordings["valence"].mask(recordings["recording"].isin(test), 1.0)
    )
    again = baseline.baseline_predictions(wrong, folds, features, 2, (VALENCE,))
    assert (again["p3"] == table["p3"]).all()


def test_the_baseline_learns_and_predicts_shuffled_labels_if_configured():
    recordings, folds = corpus()
    features = recordings[["recording", "valence"]].rename(columns={"valence": "a"})
    table = baseline.baseline_predictions(recordings, folds, features, 2, BOTH, shuffle_seed=1)
    expected = parts_table(recordings, folds, LABELS, shuffle_seed=1).query("fold == 2")
    expected = expected.set_index("recording").loc[table["recording"]]
    for name in ("valence", "activation"):
        np.testing.assert_array_equal(table[name], expected[name])
    assert len(table) > 20
    assert abs(np.corrcoef(table["valence"], table["expected"])[0, 1]) < 0.4


def test_references_of_the_second_task_are_for_recordings_with_a_label_of_the_target():
    recordings, folds = corpus()
    recordings["valence"] = recordings["valence"].where(recordings["activation"] != 3)
    found = references.references_table(recordings, folds, BOTH).set_index(["task", "scope"])
    tested = folds[folds["part"] == "test"].merge(recordings.dropna(), on="recording")
    assert (found.loc[("activation", "pooled"), "recordings"] == len(tested)).all()


def test_parts_without_labels_are_reported():
    recordings, folds = corpus()
    features = pd.DataFrame({"recording": recordings["recording"], "a": 0.0})
    recordings.loc[recordings["speaker"] == "Ses1F", "valence"] = np.nan
    with pytest.raises(InputError, match="fold 1: no recording of its validation part"):
        baseline.baseline_predictions(recordings, folds, features, 1, (VALENCE,))


def test_baseline_weights_classes_equally():
    features = np.r_[np.zeros(95), np.ones(5)][:, None] + np.arange(100)[:, None] * 1e-6
    labels = np.r_[np.full(95, 2.0), np.full(5, 4.0)]
    found = baseline.fit(features, labels, 5, 1e-4)(np.array([[0.5]]))
    assert found[0, [1, 3]] == pytest.approx([0.5, 0.5], abs=0.05)
    assert found[0, [0, 2, 4]].tolist() == [0, 0, 0]


def test_log_loss_weights_classes_equally():
    rng = np.random.default_rng(0)
    labels = rng.choice([1.0, 2.0, 4.0], 300, p=[0.8, 0.1, 0.1])
    shares = rng.dirichlet([1] * 5, 300)
    sizes = np.array([(labels == label).sum() for label in labels])
    expected = sklearn.metrics.log_loss(labels, shares, sample_weight=1 / sizes, labels=range(1, 6))
    assert baseline.log_loss(labels, shares) == pytest.approx(expected)
    halves = baseline.log_loss(np.array([1.5]), np.array([[0.25, 0.5, 0.25, 0, 0]]))
    assert halves == pytest.approx(-np.log([0.25, 0.5]).mean())


def test_the_penalty_is_chosen_by_the_probabilities():
    """All penalties have the same UAR, but the strongest one has useless expected values."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(1.0, 6), [5, 40, 30, 20, 5])
    features = np.column_stack([labels == label for label in range(1, 6)]) * 1.0
    parts = [(features + rng.normal(0, 0.05, features.shape), labels) for _ in range(2)]
    strongest = baseline.fit(*parts[0], 5, baseline.STRENGTHS[0])
    chosen = baseline.select_classifier(*parts, 5)
    errors = {}
    for name, classifier in (("strongest", strongest), ("chosen", chosen)):
        found = metrics.score(labels, classifier(parts[1][0]), VALENCE)
        assert found["uar5"] == 1
        errors[name] = found["mae"]
    assert errors["strongest"] > 0.7
    assert errors["chosen"] < 0.1


def test_names_of_digits_or_na_remain_text(tmp_path):
    recordings, folds = corpus()
    table = random_predictions(recordings, folds).assign(speaker="NA")
    path = tmp_path / "a" / "fold-1" / "predictions.csv"
    path.parent.mkdir(parents=True)
    table.to_csv(path, index=False)
    loaded = load_predictions([path])["a"]
    assert loaded["recording"].tolist() == table["recording"].tolist()
    assert (loaded["speaker"] == "NA").all()
    assert read_table(path)["p1"].dtype == float


@pytest.mark.parametrize("label", [1.0, 3.0])
def test_baseline_predicts_the_only_class_of_the_training_part(caplog, label):
    recordings, folds = corpus()
    features = pd.DataFrame({"recording": recordings["recording"]})
    features["a"] = np.random.default_rng(0).normal(size=len(recordings))
    fold = folds[folds["fold"] == 1].set_index("recording")["part"]
    train = recordings["recording"].map(fold) == "train"
    recordings["valence"] = recordings["valence"].mask(train, label)
    with caplog.at_level("INFO"):
        table = baseline.baseline_predictions(recordings, folds, features, 1, BOTH)
    probabilities = table[[f"p{number}" for number in range(1, 6)]].to_numpy()
    assert (probabilities == (np.arange(1, 6) == label)).all()
    assert table["activation_p3"].between(0.01, 0.99).all()
    (message,) = caplog.messages
    assert "fold 1" in message
    assert "valence" in message


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:All-NaN slice")
def test_evaluation_of_a_single_class_is_complete():
    """Metrics that require two classes are NaN."""
    recordings = example_study.recordings_table(100)
    recordings[["valence", "activation"]] = 4.0
    predictions = example_study.predictions_of_all(
        recordings, make_folds(recordings, FoldSettings())
    )
    tables = example_study.evaluation_tables(recordings, predictions, permutations=20, resamples=20)
    figures = tables["metrics"]
    assert figures["rho"].isna().all()
    np.testing.assert_allclose(figures["uar5"], figures["accuracy"])
    assert figures["p"].isna().all()
    assert figures["chance"].between(0, 1).all()

"""Finished studies are compared, paired where they tested the same recordings."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emospeech.__main__ import main
from emospeech.evaluation.comparisons import holm
from emospeech.evaluation.predictions import labels_and_probabilities
from emospeech.evaluation.studies import compare_studies, groups_of, read_study
from emospeech.folds import FoldSettings, make_folds
from emospeech.metrics import SCALE_METRICS, score
from emospeech.report.study_comparison import different_settings
from emospeech.runtime.files import read_table, write_json, write_table
from tests.example_study import predictions_of, recordings_table
from tests.settings import VALENCE, emotion_labels, tasks_of_model

MODELS = {name: tasks_of_model(name) for name in ("BasicCNN", "MultitaskCNN")}
RECORDINGS = recordings_table(300)
OTHERS = recordings_table(300, seed=1)  # the same names, but other labels
FOLDS = FoldSettings()


def write_study(folder, skill, models=tuple(MODELS), recordings=RECORDINGS, seed=1, seeds=1):
    """Write the results of a study; the first draw depends on `skill` only."""
    folds = make_folds(recordings, FOLDS)
    write_table(folder / "folds.csv", folds)
    for model, n in itertools.product(models, range(seeds)):
        draw = round(1000 * skill) + 10 * n + len(model)
        found = predictions_of(recordings, folds, MODELS[model], skill, draw)
        kind = "" if n == 0 else f"seed-{seed + n}/"
        for fold, rows in found.groupby("fold"):
            write_table(folder / f"evaluation/{model}/{kind}fold-{fold}/predictions.csv", rows)
            trained = f"training/{model}/{kind or 'trial-0/'}fold-{fold}/validation.json"
            content = {"model": model, "fold": fold, "diverged": False, "unlabelled_hours": None}
            write_json(folder / trained, content)
    config = {
        "results": folder.name,
        "seed": seed,
        "models": {"names": list(models)},
        "training": {"seeds": seeds},
        "evaluation": {"resamples": 300},
        "labels": {"encoding": "fuzzy" if skill < 0.3 else "hard"},
    }
    write_json(folder / "report/provenance.json", {"config": config})
    return folder


@pytest.fixture
def compared(tmp_path):
    """Return a function that writes and compares studies: {name: arguments of write_study}."""

    def compare(**studies):
        read = [
            read_study(write_study(tmp_path / name, **arguments), name)
            for name, arguments in studies.items()
        ]
        return read, *compare_studies(read, 300, seed=1)

    return compare


@pytest.mark.parametrize("column", ["recording", "speaker", "valence", "p3", "expected"])
@pytest.mark.parametrize("model", MODELS)
def test_predictions_without_a_column_are_an_error_in_one_line(tmp_path, capsys, model, column):
    folders = [str(write_study(tmp_path / name, 0.2)) for name in ("first", "second")]
    damaged = tmp_path / f"first/evaluation/{model}/fold-2/predictions.csv"
    write_table(damaged, read_table(damaged).rename(columns={column: "other"}))
    assert main(["compare", *folders, "--output", str(tmp_path / "comparison")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {damaged}: ")


def scores(predictions, task=VALENCE):
    return score(*labels_and_probabilities(predictions, task), task)


def test_the_difference_of_paired_studies_is_that_of_their_metrics(compared):
    """The p-value is compared with all 2^5 patterns of swapped speakers."""
    (first, second), metrics, differences = compared(
        first={"skill": 0.1, "seeds": 2}, second={"skill": 0.4, "seeds": 3, "seed": 7}
    )
    assert len(differences) == 3 * len(SCALE_METRICS)  # valence of two models, activation of one
    assert set(differences["seeds"]) == {2}, "the third seed has no partner"
    assert set(differences["study"] + differences["other"]) == {"secondfirst"}
    means = {}
    for study, (model, tasks) in itertools.product((first, second), MODELS.items()):
        for task in tasks:
            each = [scores(study.predictions[model, n], task) for n in range(2)]
            for name in SCALE_METRICS:
                means[study.name, model, task.name, name] = np.mean([one[name] for one in each])
    keys = ["study", "model", "task", "metric"]
    assert metrics.set_index(keys)["value"].to_dict() == pytest.approx(means)
    for row in differences.to_dict("records"):
        key = row["model"], row["task"], row["metric"]
        assert row["value"] == pytest.approx(means["second", *key] - means["first", *key])
    speakers = sorted(first.predictions["BasicCNN", 0]["speaker"].unique())
    seen = []
    for pattern in itertools.product((False, True), repeat=len(speakers)):
        swapped = {name for name, swap in zip(speakers, pattern, strict=True) if swap}
        changes = []
        for n in range(2):
            own, base = (study.predictions["BasicCNN", n] for study in (second, first))
            parts = [[own[~own["speaker"].isin(swapped)], base[base["speaker"].isin(swapped)]]]
            parts += [[base[~base["speaker"].isin(swapped)], own[own["speaker"].isin(swapped)]]]
            one, other = (scores(pd.concat(part))["uar5"] for part in parts)
            changes.append(one - other)
        seen.append(abs(np.mean(changes)))
    found = differences.set_index(keys[1:]).loc[("BasicCNN", "valence", "uar5")]
    assert found["p"] == pytest.approx(np.mean(np.array(seen) >= seen[0] - 1e-9))
    assert found["smallest_p"] == 2 / 2**5


def test_the_interval_of_a_difference_is_paired_over_speakers(compared):
    """Draws of speakers are enumerated: 5^5 samples with the differences of the pooled metric."""
    (first, second), _, differences = compared(first={"skill": 0.1}, second={"skill": 0.4})
    tables = [study.predictions["BasicCNN", 0] for study in (first, second)]
    parts = [dict(iter(table.groupby("speaker"))) for table in tables]
    speakers = sorted(parts[0])
    changes = []
    for drawn in itertools.combinations_with_replacement(speakers, len(speakers)):
        counts = [drawn.count(name) for name in speakers]
        weight = stats.multinomial.pmf(counts, len(speakers), [1 / len(speakers)] * len(speakers))
        samples = (pd.concat([part[name] for name in drawn]) for part in parts)
        one, other = (scores(sample)["mae"] for sample in samples)
        changes.append((other - one, weight))
    values, weights = np.transpose(changes)
    mean = values @ weights
    error = np.sqrt(len(speakers) / (len(speakers) - 1) * ((values - mean) ** 2 @ weights))
    row = differences.set_index(["model", "task", "metric"]).loc["BasicCNN", "valence", "mae"]
    assert row["error"] == pytest.approx(error, rel=0.15)  # of 300 random draws
    half = stats.t.ppf(0.975, len(speakers) - 1) * row["error"]
    assert row["low"] == pytest.approx(row["value"] - half)
    assert row["high"] == pytest.approx(row["value"] + half)


def test_identical_studies_differ_by_exactly_zero(compared):
    _, metrics, differences = compared(a={"skill": 0.2, "seeds": 2}, b={"skill": 0.2, "seeds": 2})
    assert (differences[["value", "low", "high", "error", "detectable"]] == 0).all(axis=None)
    assert (differences["p"] == 1).all()
    values = metrics.drop(columns="study")
    half = len(values) // 2
    pd.testing.assert_frame_equal(values[:half], values[half:].reset_index(drop=True))


def test_studies_of_other_recordings_have_intervals_but_no_differences(compared):
    studies, metrics, differences = compared(
        base={"skill": 0.1},
        other={"skill": 0.2, "recordings": OTHERS},
        hard={"skill": 0.3},
        late={"skill": 0.4, "recordings": OTHERS},
        small={"skill": 0.2, "recordings": RECORDINGS[:200]},
    )
    groups = [[study.name for study in group] for group in groups_of(studies)]
    assert groups == [["base", "hard"], ["other", "late"], ["small"]]
    assert list(metrics["study"].unique()) == [study.name for study in studies]
    pairs = set(differences[["study", "other"]].itertuples(index=False, name=None))
    assert pairs == {("hard", "base"), ("late", "other")}
    for _, rows in differences.groupby(["task", "metric"]):
        np.testing.assert_allclose(rows["p_holm"], holm(rows["p"].to_numpy()))
    _, alone, none = compared(
        small={"skill": 0.2, "recordings": RECORDINGS[:200]}, x={"skill": 0.9}
    )
    assert none.empty
    small = metrics[metrics["study"] == "small"].reset_index(drop=True)
    pd.testing.assert_frame_equal(small, alone[alone["study"] == "small"])


def test_only_common_models_are_compared_and_diverged_seeds_are_left_out(tmp_path):
    folders = [write_study(tmp_path / "a", 0.1, seeds=2)]
    folders.append(write_study(tmp_path / "b", 0.4, ["BasicCNN"], seeds=2))
    path = tmp_path / "b/training/BasicCNN/seed-2/fold-3/validation.json"
    write_json(path, json.loads(path.read_text()) | {"diverged": True})
    studies = [read_study(folder, folder.name) for folder in folders]
    metrics, differences = compare_studies(studies, 300, seed=1)
    assert set(metrics["model"]) == set(differences["model"]) == {"BasicCNN"}
    assert set(differences["diverged_seeds"]) == {1}
    first, second = (scores(study.predictions["BasicCNN", 0])["uar5"] for study in studies)
    found = differences.set_index("metric").loc["uar5", "value"]
    assert found == pytest.approx(second - first)
    settings = different_settings(studies).set_index(["setting", "study"])["setting_value"]
    assert settings["labels.encoding"].to_dict() == {"a": "fuzzy", "b": "hard"}
    assert set(settings.index.levels[0]) == {"labels.encoding", "models.names"}
    own = {"corpora": {"synthetic": None, "manifests": {"a": {"folder": "a", "textgrids": None}}}}
    other = {"corpora": {"synthetic": {"seed": 3}, "manifests": {}}}
    configs = [replace(s, config=c) for s, c in zip(studies, (own, other), strict=True)]
    settings = different_settings(configs).set_index(["setting", "study"])["setting_value"]
    assert settings.to_dict() == {
        ("corpora.manifests.a.folder", "a"): "a",
        ("corpora.manifests.a.folder", "b"): "none",
        ("corpora.synthetic.seed", "a"): "none",
        ("corpora.synthetic.seed", "b"): "3",
    }


def test_the_command_writes_tables_figures_and_a_page(tmp_path, capsys):
    folders = [write_study(tmp_path / "a", 0.1), write_study(tmp_path / "b=1", 0.4)]
    third = write_study(tmp_path / "c", 0.2, recordings=OTHERS)
    output = tmp_path / "new" / "comparison"
    given = [f"<fuzzy>={folders[0]}", str(folders[1]), f"other={third}"]
    assert main(["compare", *given, "--output", str(output)]) == 0
    text = capsys.readouterr().out
    for word in ("<fuzzy>", "b=1", "other", "labels.encoding"):
        assert word in text
    read = [
        read_study(folder, name)
        for folder, name in zip([*folders, third], ["<fuzzy>", "b=1", "other"], strict=True)
    ]
    expected = compare_studies(read, 300, seed=1)
    for table, name in zip(expected, ("studies", "study_differences"), strict=True):
        written = read_table(output / f"tables/{name}.csv")
        assert written["value"].tolist() == pytest.approx(table["value"].tolist(), nan_ok=True)
        for suffix in ("png", "pdf", "csv"):
            assert (output / f"figures/{name}.{suffix}").stat().st_size
    drawn = read_table(output / "figures/study_differences.csv")
    assert len(drawn) == 2  # the models
    html = (output / "index.html").read_text()
    assert "&lt;fuzzy&gt;" in html
    assert "<fuzzy>" not in html
    for name in ("studies", "study_differences", "study_settings"):
        assert f'id="table-{name}"' in html
    for link in ("tables/studies.csv", "figures/study_differences.pdf"):
        assert f'href="{link}"' in html


def damage(kind, folder):
    """Return the arguments of a comparison with an error, and what its message starts with."""
    good, bad = write_study(folder / "good", 0.1), folder / "bad"
    if kind == "missing":
        return [good, bad], bad
    if kind == "file":
        bad.write_text("")
    elif kind == "no results":
        bad.mkdir()
    elif kind == "unfinished":
        write_study(bad, 0.2)
        (bad / "evaluation/MultitaskCNN/fold-2/predictions.csv").unlink()
    elif kind == "not evaluated":
        write_study(bad, 0.2)
        (bad / "report/provenance.json").unlink()
    elif kind == "same name":
        write_study(bad / "good", 0.2)
        return [good, bad / "good"], "good"
    elif kind == "no common model":
        write_study(good, 0.1, ["BasicCNN"])
        write_study(bad, 0.2, ["MultitaskCNN"])
    return [good, bad], bad


@pytest.mark.parametrize(
    "kind",
    [
        "missing",
        "file",
        "no results",
        "unfinished",
        "not evaluated",
        "same name",
        "no common model",
    ],
)
def test_studies_that_cannot_be_compared_are_an_error_in_one_line(kind, tmp_path, capsys):
    given, location = damage(kind, tmp_path)
    output = tmp_path / "comparison"
    assert main(["compare", *map(str, given), "--output", str(output)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {location}: ")
    assert not output.exists()


def test_a_single_study_is_a_usage_error(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["compare", str(tmp_path)])
    assert "two" in capsys.readouterr().err


def test_studies_with_other_targets_are_refused(tmp_path, capsys):
    emotions = emotion_labels(["angry", "sad"])
    first, second = (write_study(tmp_path / name, 0.1, ["BasicCNN"]) for name in ("a", "b"))
    for path in second.rglob("predictions.csv"):
        table = read_table(path).drop(columns=["valence", "p3", "p4", "p5", "expected"])
        table = table.rename(columns={"p1": "p_angry", "p2": "p_sad"})
        write_table(path, table.assign(emotion="sad"))
    assert main(["compare", str(first), str(second)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {second}: ")
    assert all(name in error for (name, _) in emotions.classes)

"""The workflow on a manifest, from tables and wavs to metrics."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from tests.test_textgrids import long_text
from tests.test_workflow import SMALL, Project

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(900)]

RATE = 16000
STUDY = SMALL | {
    "results": "results/own",
    "folds": {"sessions": 3},
    "models": {"names": ["BasicCNN"], "shared_units": 16, "latent_size": 8},
    "corpora": {"labelled": "own", "manifests": {"own": {"folder": "own"}}},
    "training": {"max_epochs": 2, "threads": 1, "unlabelled": ["own"]},
    "search": SMALL["search"] | {"space": SMALL["search"]["space"] | {"learning_rate": [0.001]}},
}


def write_own(folder):
    """Write a corpus of three sessions with two speakers and a tone for each valence."""
    (folder / "wav").mkdir(parents=True)
    rng = np.random.default_rng(0)
    times = np.arange(RATE // 2) / RATE
    rows = ["recording,path,session,speaker,gender,valence"]
    for number, session in enumerate(("autumn", "spring", "winter")):
        for gender in "FM":
            for valence in range(1, 6):
                name = f"{number}{gender == 'M':d}{valence}"  # only digits
                tone = 0.3 * np.sin(2 * np.pi * 300 * valence * times)
                sound = tone + 0.02 * rng.standard_normal(len(times))
                pause = 1e-4 * rng.standard_normal(RATE // 2)
                soundfile.write(folder / f"wav/{name}.wav", np.append(pause, sound), RATE)
                rows.append(
                    f"{name},wav/{name}.wav,{session},{session}-{gender},{gender},{valence}"
                )
    (folder / "recordings.csv").write_text("\n".join(rows) + "\n")


def write_unlabelled(folder):
    """Write an unlabelled corpus with only ids and paths."""
    folder.mkdir()
    soundfile.write(folder / "m.wav", 0.1 * np.random.default_rng(1).standard_normal(RATE), RATE)
    opposite = np.array([1000, -1000] * (RATE // 2), np.int16)
    soundfile.write(folder / "n.wav", np.stack([opposite, -opposite], axis=1), RATE)
    (folder / "recordings.csv").write_text("recording,path\nm,m.wav\nn,n.wav\n")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("own"))
    write_own(project.folder / "own")
    write_unlabelled(project.folder / "meetings")
    (project.folder / "own.yaml").write_text(yaml.safe_dump(STUDY))
    return project


def run(project, *arguments):
    return project.run(*arguments, config="own.yaml", demo=False)


def test_corpus_without_words_runs_to_metrics(project):
    targets = [
        f"results/own/evaluation/{name}.csv" for name in ("metrics", "neighbours", "variability")
    ]
    done = run(project, *targets)
    assert done.returncode == 0, done.output
    results = project.folder / "results/own"
    near = pd.read_csv(results / "evaluation/neighbours.csv")
    assert set(near["property"]) == {"speaker", "valence"}, "no dialogues and no activation"
    assert set(near["recordings"]) == {10}
    metrics = pd.read_csv(results / "evaluation/metrics.csv")
    assert set(metrics["scope"]) == {"fold-1", "fold-2", "fold-3", "pooled", "mean"}
    words = pd.read_csv(results / "corpora/own/words.csv", dtype={"recording": str})
    assert len(words) == 30
    np.testing.assert_allclose(words["start"], 0.5, atol=0.03)
    table = pd.read_csv(results / "evaluation/BasicCNN/fold-1/predictions.csv", dtype=str)
    assert table["recording"].tolist() == ["011", "012", "013", "014", "015"]
    assert set(table["speaker"]) == {"autumn-M"}
    assert "Nothing to be done" in run(project, "results/own/evaluation/metrics.csv").output


def test_corpus_with_ratings_is_run_on_groups_of_speakers(project):
    """Labels come from ratings between 0 and 1; sessions and genders are unknown."""
    own, rated = project.folder / "own", project.folder / "rated"
    rated.mkdir()
    (rated / "wav").symlink_to(own / "wav")
    table = pd.read_csv(own / "recordings.csv", dtype={"recording": str})
    columns = ["recording", "path", "speaker"]
    table[columns].to_csv(rated / "recordings.csv", index=False)
    ratings = [
        (name, rater, (label - 1 + change) / 4)
        for name, label in zip(table["recording"], table["valence"], strict=True)
        for rater, change in (("a", 0), ("b", 0.5 if label < 3 else -0.5))
    ]
    ratings = pd.DataFrame(ratings, columns=["recording", "rater", "valence"])
    ratings.to_csv(rated / "ratings.csv", index=False)
    study = STUDY | {
        "results": "results/rated",
        "folds": {"scheme": "speakers", "groups": 3},
        "labels": {"encoding": "histogram"},
        "corpora": {"labelled": "own", "manifests": {"own": {"folder": "rated", "scale": [0, 1]}}},
    }
    (project.folder / "rated.yaml").write_text(yaml.safe_dump(study))
    targets = [f"results/rated/evaluation/{name}.csv" for name in ("metrics", "leaks")]
    done = project.run(*targets, config="rated.yaml", demo=False)
    assert done.returncode == 0, done.output
    results = project.folder / "results/rated"
    labels = pd.read_csv(results / "corpora/own/recordings.csv")["valence"]
    assert sorted(labels.unique()) == [1.25, 2.25, 2.75, 3.75, 4.75]
    folds = pd.read_csv(results / "folds.csv", dtype={"recording": str}).merge(
        table, on="recording"
    )
    assert folds.query("part == 'test'").groupby("fold")["speaker"].nunique().tolist() == [2, 2, 2]
    best = json.loads((results / "search/BasicCNN/best.json").read_text())
    assert [trial["validation_folds"] for trial in best["folds"].values()] == [
        [1, 2],
        [2, 3],
        [1, 3],
    ]
    references = pd.read_csv(results / "evaluation/references.csv")
    assert "rater" in set(references["reference"])


def test_emotions_run_to_the_report_with_the_votes_of_raters(project):
    """Votes label the recordings; a third of them, with tied votes, are in no class."""
    own, voted = project.folder / "own", project.folder / "voted"
    voted.mkdir()
    (voted / "wav").symlink_to(own / "wav")
    table = pd.read_csv(own / "recordings.csv", dtype={"recording": str})
    table.drop(columns="valence").to_csv(voted / "recordings.csv", index=False)
    votes = {1: ["sad"], 2: ["sad", "sad", "ang"], 3: ["sad", "ang"], 4: ["ang"], 5: ["joy"] * 2}
    rows = [
        f"{name},r{number},{emotion}"
        for name, label in zip(table["recording"], table["valence"], strict=True)
        for number, emotion in enumerate(votes[label])
    ]
    (voted / "votes.csv").write_text("\n".join(["recording,rater,emotion", *rows, ""]))
    classes = {"up": ["ang", "joy"], "down": ["sad"]}
    study = STUDY | {
        "results": "results/voted",
        "labels": {"target": "emotion", "classes": classes, "encoding": "histogram"},
        "corpora": {"labelled": "own", "manifests": {"own": {"folder": "voted"}}},
    }
    (project.folder / "voted.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    done = project.run(config="voted.yaml", demo=False)
    assert done.returncode == 0, done.output
    results = project.folder / "results/voted"
    emotions = pd.read_csv(results / "corpora/own/recordings.csv", keep_default_na=False)["emotion"]
    assert emotions.tolist() == ["sad", "sad", "", "ang", "joy"] * 6
    assert len(pd.read_csv(results / "corpora/own/votes.csv")) == len(rows)
    predictions = pd.read_csv(results / "evaluation/BasicCNN/fold-1/predictions.csv")
    assert list(predictions)[5:] == ["emotion", "p_up", "p_down"]
    assert predictions["emotion"].tolist() == ["down", "down", "up", "up"]
    metrics = pd.read_csv(results / "evaluation/metrics.csv").query("scope == 'pooled'")
    assert set(metrics["recordings"]) == {12}
    assert metrics[["uar", "macro_f1", "accuracy"]].notna().all(axis=None)
    assert not {"uar5", "rho", "ccc", "mae", "constant_folds"} & set(metrics)
    assert (pd.read_csv(results / "evaluation/leaks.csv")["result"] == "passed").all()
    figures = {file.name for file in (results / "report/figures").glob("*.png")}
    assert "confusion-BasicCNN.png" in figures
    assert "scatter-BasicCNN.png" not in figures
    page = (results / "report/index.html").read_text()
    assert not re.search(r"UAR5|\bnan\b|paper-check", page)
    assert "Nothing to be done" in project.run(config="voted.yaml", demo=False).output
    (voted / "votes.csv").unlink()
    done = project.run("--dry-run", config="voted.yaml", demo=False)
    assert done.returncode != 0
    assert "voted/votes.csv" in done.output


def test_the_report_of_a_manifest_has_no_values_of_the_paper(project):
    done = run(project)
    assert done.returncode == 0, done.output
    report = project.folder / "results/own/report"
    assert not re.search("paper-check|Busso|Table 3<", (report / "index.html").read_text())
    files = [*report.rglob("*.csv")]
    assert len(files) > 20
    for file in files:
        table = pd.read_csv(file, dtype=str)
        assert not [name for name in table if "paper" in name], file
        assert not table.isin(["paper", "BasicCNN, paper"]).any(axis=None), file
    composition = pd.read_csv(report / "tables/composition.csv")
    tested = composition[composition["part"] == "test"]["speaker"]
    assert tested.tolist() == ["autumn-M", "spring-M", "winter-M"]


def test_studies_share_prepared_corpora(project):
    """The second study has other results and labels, the third has other spectrograms."""
    first = STUDY | {"results": "results/first", "prepared": "results/prepared"}
    other = {"results": "results/second", "labels": {"encoding": "hard"}}
    again = other | {"spectrograms": {"hop_length": 200}}
    for name, study in {"first": first, "second": first | other, "third": first | again}.items():
        (project.folder / f"{name}.yaml").write_text(yaml.safe_dump(study))
    preparing = {"read_corpus", "extract_spectrograms", "measure_acoustics"}
    baseline = "evaluation/baseline/fold-1/predictions.csv"
    done = project.run(f"results/first/{baseline}", "check_stores", config="first.yaml", demo=False)
    assert done.returncode == 0, done.output
    assert not (project.folder / "results/first/corpora").exists()
    target = f"results/second/{baseline}"
    second = project.planned(target, "check_stores", config="second.yaml", demo=False)
    assert "predict_baseline" in second
    assert not preparing & set(second)
    third = project.planned(target, "check_stores", config="third.yaml", demo=False)
    assert preparing <= set(third)


def test_edited_table_is_read_again(project):
    path = project.folder / "own/recordings.csv"
    before = path.read_text()
    path.write_text(before.replace("autumn-M,M,1", "autumn-M,M,9"))
    try:
        done = run(project, "results/own/folds.csv")
        assert done.returncode != 0
        line = r"error: own/recordings\.csv:7: `valence` is `9`"
        assert re.search(line, done.output), done.output
    finally:
        path.write_text(before)
    assert run(project, "results/own/folds.csv").returncode == 0


def test_pool_has_audio_with_a_manifest(project):
    models = "models={'names': ['BasicDCGAN']}"
    corpora = "corpora={'manifests': {'meetings': {'folder': 'meetings'}}}"
    pool = "training={'unlabelled': ['meetings', 'own']}"
    given = ["--forceall", "--config", models, corpora, pool]
    jobs = project.planned(*given, config="own.yaml", demo=False)
    assert jobs["extract_spectrograms"] == jobs["read_corpus"] == 2
    words = "results/own/corpora/meetings/words.csv"
    summary = "results/own/spectrograms/meetings.json"
    done = run(project, summary, "--config", models, corpora, pool)
    assert done.returncode == 0, done.output
    assert len(pd.read_csv(project.folder / words)) == 1, "only one has speech"
    counts = json.loads((project.folder / summary).read_text())["irregular"]
    assert list(counts.values()) == [1, 1], "the channels of one cancel, so it is silent"


def test_added_textgrids_are_read(project):
    grids = project.folder / "aligned"
    grids.mkdir()
    study = STUDY | {"results": "results/aligned"}
    study["corpora"] = {"labelled": "own", "manifests": {"own": {"folder": "own"}}}
    study["corpora"]["manifests"]["own"]["textgrids"] = "aligned"
    (project.folder / "aligned.yaml").write_text(yaml.safe_dump(study))
    for count, name in enumerate(("001", "002"), start=1):
        (grids / f"{name}.TextGrid").write_text(long_text({"words": [(0, 0.25, "a")]}))
        words = "results/aligned/corpora/own/words.csv"
        done = project.run(words, config="aligned.yaml", demo=False)
        assert done.returncode == 0, done.output
        table = pd.read_csv(project.folder / words)
        assert table[["word", "start", "end"]].to_numpy().tolist() == [["a", 0, 0.25]] * count


@pytest.mark.parametrize(
    ("folder", "missing"), [("no/such", "no/such"), ("envs", "envs/recordings.csv")]
)
def test_missing_manifest_is_an_error(project, folder, missing):
    change = f"corpora={{'manifests': {{'own': {{'folder': '{folder}'}}}}}}"
    done = run(project, "--dry-run", "--config", change)
    assert done.returncode != 0
    pattern = rf"error: .*corpora\.manifests\.own\.folder.* {missing}"
    assert re.search(pattern, done.output), done.output
    assert "Traceback" not in done.output


def test_wrong_number_of_sessions_is_an_error(project):
    (project.folder / "four.yaml").write_text(yaml.safe_dump(STUDY | {"folds": {"sessions": 4}}))
    done = project.run("results/own/folds.csv", config="four.yaml", demo=False)
    assert done.returncode != 0
    assert re.search(r"error: folds\.sessions: .*4.*autumn, spring, winter", done.output), (
        done.output
    )


SEQUENTIAL = STUDY | {
    "results": "results/sequential",
    "models": STUDY["models"] | {"names": ["BasicLSTM", "BasicAPC"]},
    "search": {
        "trials": 2,
        "sequential_space": {
            "crop_width": [16, 32],
            "learning_rate": [0.001],
            "batch_size": [8],
            "layers": [1],
            "hidden_units": [8],
            "steps_ahead": [3],
        },
    },
    "training": STUDY["training"]
    | {"apc": {"schedule": "pretrain", "pretrain_epochs": 1, "window": 32, "batch_size": 4}},
}


def test_sequential_models_run_to_the_report(project):
    """Also with the schedule `pretrain`, whose first epochs have no validation UAR."""
    (project.folder / "sequential.yaml").write_text(yaml.safe_dump(SEQUENTIAL))
    page = "results/sequential/report/index.html"
    done = project.run(page, config="sequential.yaml", demo=False)
    assert done.returncode == 0, done.output
    results = project.folder / "results/sequential"
    parameters = set(SEQUENTIAL["search"]["sequential_space"])
    for model, lacking in (("BasicLSTM", {"steps_ahead"}), ("BasicAPC", set())):
        best = json.loads((results / f"search/{model}/best.json").read_text())
        assert parameters - set(best) == lacking
    histories = pd.read_csv(results / "search/BasicAPC/histories.csv")
    assert (histories["validation_uar"].isna() == (histories["epoch"] == 1)).all()
    table = pd.read_csv(results / "report/tables/forecasts.csv")
    assert table["model"].tolist() == ["BasicAPC"]
    assert "BasicAPC" in (project.folder / page).read_text()

"""Emo-DB as a database in audformat, from its download with audb to the report."""

import json
import shutil
from pathlib import Path

import audb
import audformat
import pandas as pd
import pytest
import yaml

from tests.run_environment import run_environment
from tests.test_workflow import Project

EMODB = Path(__file__).parents[2] / "shared/emodb"
pytestmark = [
    pytest.mark.workflow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not EMODB.is_dir(), reason="needs recordings of Emo-DB in ../shared/emodb"),
]

WOMEN = {8, 9, 13, 14, 16}
EMOTIONS = {"W": "anger", "F": "happiness", "T": "sadness", "N": "neutral"}
SMALL = ["models={'names': ['MultitaskCNN']}", "search={'trials': 1}", "training={'max_epochs': 8}"]


def write_emodb(folder):
    """Write the recordings as a database with the tables of the published one."""
    shutil.copytree(EMODB / "wav", folder / "wav")
    files = sorted(f"wav/{path.name}" for path in (folder / "wav").iterdir())
    database = audformat.Database("emodb", license="CC0-1.0", author="Felix Burkhardt and others")
    database.schemes["emotion"] = audformat.Scheme(labels=list(EMOTIONS.values()))
    database.schemes["gender"] = audformat.Scheme("str", labels=["female", "male"])
    speakers = [int(file[4:6]) for file in files]
    ids = pd.Index(sorted(set(speakers)), dtype="Int64", name="speaker")
    database["speaker"] = audformat.MiscTable(ids)
    database["speaker"]["gender"] = audformat.Column(scheme_id="gender")
    database["speaker"]["gender"].set(["female" if name in WOMEN else "male" for name in ids])
    database.schemes["speaker"] = audformat.Scheme("int", labels="speaker")
    index = audformat.filewise_index(files)
    emotions = [EMOTIONS[file[9]] for file in files]
    for table, column, values in (("files", "speaker", speakers), ("emotion", "emotion", emotions)):
        database[table] = audformat.Table(index)
        database[table][column] = audformat.Column(scheme_id=column)
        database[table][column].set(values)
    database.save(folder)


def test_published_emodb_runs_to_the_report(tmp_path, monkeypatch):
    """The repository and the cache are those of the user's own configuration of audb."""
    project, home = Project(tmp_path), tmp_path / "home"
    monkeypatch.setenv("AUDB_CACHE_ROOT", str(home / "cache"))
    repository = {"name": "published", "host": str(home), "backend": "file-system"}
    (home / ".config").mkdir(parents=True)
    (home / ".config/audb.yaml").write_text(yaml.safe_dump({"repositories": [repository]}))
    write_emodb(home / "emodb")
    (home / "published").mkdir()
    published = audb.Repository(**repository)
    monkeypatch.setattr(audb.config, "REPOSITORIES", [published])
    audb.publish(str(home / "emodb"), "1.4.1", published, verbose=False)
    shutil.rmtree(home / "emodb")
    project.environment = run_environment("requirements-audb.txt") | {"HOME": str(home)}

    def run(*arguments):
        given = ["--config", *SMALL]
        return project.run(*arguments, *given, config="config/emodb.yaml", demo=False)

    done = run()
    assert done.returncode == 0, done.output
    assert "Nothing to be done" in run().output
    results = project.folder / "results/emodb"
    assert "CC0-1.0" in (results / "logs/corpora/fetch_emodb.log").read_text()
    summary = json.loads((results / "corpora/emodb/summary.json").read_text())
    assert summary["licence"] == "CC0-1.0"
    table = pd.read_csv(results / "corpora/emodb/recordings.csv")
    assert len(table) == 339
    assert set(table.loc[table["gender"] == "F", "speaker"]) == WOMEN
    assert set(table.loc[table["gender"] == "M", "speaker"]) == {3, 10, 11, 12, 15}
    metrics = pd.read_csv(results / "evaluation/metrics.csv").set_index(["model", "task", "scope"])
    activation = metrics.loc["MultitaskCNN", "activation", "pooled"]
    assert activation["recordings"] == 339
    assert activation["uar5"] > activation["chance_high"], "of 97.5 % of permutations"
    valence = metrics.loc["MultitaskCNN", "valence", "pooled"]
    print(f"valence: UAR {valence['uar5']:.3f}, chance up to {valence['chance_high']:.3f}")
    assert "Russell" in (results / "report/index.html").read_text()

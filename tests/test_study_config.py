"""`emospeech init`: corpora found by their names, and the config of a study on them."""

import re

import audformat
import pandas as pd
import pytest
import yaml
from snakemake.utils import validate

from emospeech.__main__ import main
from emospeech.corpora.registry import (
    RELEASES,
    corpora_in_use,
    database_folders,
    manifest_folders,
)
from emospeech.corpora.study_config import FOLDER_PATTERNS
from tests.test_config_values import SCHEMA_FILE
from tests.test_importers import touch
from tests.test_workflow import Project

HEADER = "recording,path,speaker,valence,activation\n"
LABELLED = HEADER + "".join(f"r{n},r{n}.wav,s{n},3,\n" for n in range(4))


def write_iemocap(folder):
    for number in range(1, 6):
        touch(folder, f"Session{number}/dialog/EmoEvaluation/Ses0{number}F_impro01.txt")


def write_ami(folder):
    touch(folder / "amicorpus", "ES2002a/audio/ES2002a.Mix-Headset.wav")
    touch(folder / "ami_public_manual_1.6.2", "words/ES2002a.A.words.xml")


def write_emodb(folder):
    touch(folder, "wav/03a01Fa.wav", "wav/08a01Wa.wav", "wav/09a01Nb.wav", "wav/music.wav")


def write_ravdess(folder):
    touch(folder, *(f"Actor_0{n}/03-01-05-02-01-01-0{n}.wav" for n in range(1, 8)))


def write_crema_d(folder):
    touch(folder, "AudioWAV/1001_IEO_ANG_HI.wav", "processedResults/tabulatedVotes.csv")


def write_quechua(folder):
    touch(folder, "Audios/10001.wav", "Labels/Labels/Arousal.csv", "Data/Data/Data.xlsx")


def init(folder, *arguments):
    """Run the command, and return the written config with all defaults."""
    output = folder / "study.yaml"
    assert main(["init", *map(str, arguments), "--output", str(output)]) == 0
    config = yaml.safe_load(output.read_text())
    validate(config, SCHEMA_FILE)
    names = corpora_in_use(config["corpora"], config["training"]["unlabelled"])
    manifest_folders(config["corpora"], names)
    database_folders(config["corpora"], names)
    return config


def test_the_study_of_the_paper_is_found(tmp_path, capsys):
    write_iemocap(tmp_path / "data/IEMOCAP_full_release")
    write_ami(tmp_path / "data")
    config = init(tmp_path, tmp_path / "data")
    corpora = config["corpora"]
    assert corpora["iemocap"]["root"] == str(tmp_path / "data/IEMOCAP_full_release")
    assert corpora["ami"]["audio"] == str(tmp_path / "data/amicorpus")
    assert corpora["ami"]["annotations"] == str(tmp_path / "data/ami_public_manual_1.6.2")
    defaults = {}
    validate(defaults, SCHEMA_FILE)
    changed = {key for key in config if config[key] != defaults[key]}
    assert changed == {"results", "corpora"}, "the study is that of the paper"
    assert "\nmissing" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("corpus", "write", "groups"), [("emodb", write_emodb, 3), ("ravdess", write_ravdess, 5)]
)
def test_open_corpora_are_found_and_described(tmp_path, corpus, write, groups):
    write(tmp_path / "Speech")
    config = init(tmp_path, tmp_path / "Speech")
    assert config["corpora"]["labelled"] == corpus
    assert config["training"]["unlabelled"] == [corpus]
    assert config["folds"]["groups"] == groups
    assert len(config["models"]["names"]) == 4
    table = pd.read_csv(tmp_path / "manifests" / corpus / "recordings.csv")
    assert all((tmp_path / "manifests" / corpus / path).is_file() for path in table["path"])
    (tmp_path / "study.yaml").unlink()
    assert init(tmp_path, tmp_path / "Speech") == config, "existing manifests are kept"
    (tmp_path / "study.yaml").unlink()
    write(tmp_path / "Copy")
    arguments = ["init", str(tmp_path / "Copy"), "--output", str(tmp_path / "study.yaml")]
    assert main(arguments) == 1, "the manifest describes another folder"


@pytest.mark.parametrize(
    ("corpus", "write", "models"), [("crema_d", write_crema_d, 2), ("quechua", write_quechua, 4)]
)
def test_open_releases_are_found(tmp_path, corpus, write, models):
    """CREMA-D has no activation, so the Multitask models are not trained on it."""
    write(tmp_path / "Speech")
    write_ami(tmp_path)
    config = init(tmp_path, tmp_path)
    assert config["corpora"]["labelled"] == corpus
    assert config["corpora"][corpus]["root"] == str(tmp_path / "Speech")
    assert config["training"]["unlabelled"] == ["ami", corpus]
    assert config["folds"]["scheme"] == "speakers"
    assert len(config["models"]["names"]) == models


def test_every_release_can_be_found():
    folders = {(name, key) for name, release in RELEASES.items() for key in release.folders}
    assert folders <= set(FOLDER_PATTERNS)


def test_manifests_are_found_with_their_labels(tmp_path, capsys, monkeypatch):
    tables = {"Radio 4": "recording,path\nx,x.wav\n", "2nd": LABELLED, "ami": LABELLED}
    for name, text in tables.items():
        touch(tmp_path / name, "recordings.csv")
        (tmp_path / name / "recordings.csv").write_text(text)
    write_emodb(tmp_path / "emodb")
    monkeypatch.chdir(tmp_path)
    config = init(tmp_path)
    assert set(config["corpora"]["manifests"]) == {"radio_4", "own_2nd", "own_ami", "emodb"}
    assert config["corpora"]["labelled"] == "own_2nd"
    assert config["training"]["unlabelled"] == ["radio_4", "own_2nd"]
    assert config["models"]["names"] == ["BasicCNN", "BasicDCGAN"], "activation is empty"
    assert re.search("emodb.*own_ami", capsys.readouterr().out.replace("\n", " ")), "not used"


def write_database(folder, speaker_column):
    files = [f"wav/03a0{number}Fa.wav" for number in range(4)]
    touch(folder, *files)
    database = audformat.Database(folder.name)
    columns = {"files": (speaker_column, range(4)), "emotion": ("emotion", ["anger"] * 4)}
    for table, (column, values) in columns.items():
        database[table] = audformat.Table(audformat.filewise_index(files))
        database[table][column] = audformat.Column()
        database[table][column].set(list(values))
    database.save(folder)


def test_databases_are_found_and_described_by_their_default_columns(tmp_path, capsys):
    write_database(tmp_path / "Emo-DB", "speaker")
    write_database(tmp_path / "other", "actor")
    config = init(tmp_path, tmp_path)
    found = config["corpora"]["audformat"]
    assert {name: section["folder"] for name, section in found.items()} == {
        "emo_db": str(tmp_path / "Emo-DB"),
        "other": str(tmp_path / "other"),
    }
    assert config["corpora"]["labelled"] == "emo_db"
    assert config["corpora"]["manifests"] == {}
    assert config["training"]["unlabelled"] == ["emo_db"]
    assert config["folds"]["groups"] == 4
    assert len(config["models"]["names"]) == 4
    assert re.search("not used: other.*corpora.audformat.other.*actor", capsys.readouterr().out)


def test_missing_parts_are_printed(tmp_path, capsys):
    write_iemocap(tmp_path / "i")
    (tmp_path / "i/Session4").rename(tmp_path / "i/Session04")
    touch(tmp_path / "a", "ES2002a/audio/ES2002a.Mix-Headset.wav")
    config = init(tmp_path, tmp_path / "i", tmp_path / "a")
    assert config["training"]["unlabelled"] == ["iemocap"]
    missing = [line for line in capsys.readouterr().out.splitlines() if line.startswith("missing")]
    assert "Session4" in missing[0]
    assert "annotations" in missing[1]


def test_nothing_is_written_without_a_labelled_corpus(tmp_path, capsys):
    write_ami(tmp_path / "data")
    folders = {"data": "found ami", "data/amicorpus/ES2002a": "no labelled corpus", "none": "none"}
    for folder, named in folders.items():
        arguments = ["init", str(tmp_path / folder), "--output", str(tmp_path / "study.yaml")]
        assert main(arguments) == 1
        assert named in capsys.readouterr().err
    assert not (tmp_path / "study.yaml").exists()


def test_two_folders_with_the_same_corpus_are_an_error(tmp_path, capsys):
    for name in "ab":
        write_emodb(tmp_path / name)
    output = tmp_path / "study.yaml"
    assert main(["init", str(tmp_path), "--output", str(output)]) == 1
    assert re.search(rf"{tmp_path}/b: .*{tmp_path}/a", capsys.readouterr().err)
    assert not output.exists()


def test_an_existing_config_is_kept(tmp_path, capsys):
    write_emodb(tmp_path)
    (tmp_path / "study.yaml").write_text("mine")
    assert main(["init", str(tmp_path), "--output", str(tmp_path / "study.yaml")]) == 1
    assert "study.yaml" in capsys.readouterr().err
    assert (tmp_path / "study.yaml").read_text() == "mine"
    assert not (tmp_path / "manifests").exists()


@pytest.mark.workflow
@pytest.mark.timeout(300)
def test_the_written_study_can_be_planned(tmp_path):
    (tmp_path / "project").mkdir()
    project = Project(tmp_path / "project")
    write_emodb(tmp_path / "emodb")
    write_ami(tmp_path)
    init(project.folder, tmp_path)
    jobs = project.planned(config="study.yaml", demo=False)
    assert jobs["read_corpus"] == 2

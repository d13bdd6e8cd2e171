"""Manifests built from the file names of public corpora and from the votes of CREMA-D."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from emospeech.__main__ import main
from emospeech.corpora.importers import IMPORTERS, read_crema_d, read_emodb, read_ravdess
from emospeech.corpora.manifest import read_manifest
from emospeech.runtime.errors import CorpusError

SHARED = Path(__file__).parents[2] / "shared"
needs_crema_d = pytest.mark.skipif(
    not (SHARED / "crema-d").is_dir(), reason="needs the tables of CREMA-D in ../shared/crema-d"
)
needs_emodb = pytest.mark.skipif(
    not (SHARED / "emodb").is_dir(), reason="needs recordings of Emo-DB in ../shared/emodb"
)


def touch(folder, *names):
    """Create empty files; importers only read names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def labels_of(manifest):
    return manifest.recordings.set_index("recording")[["speaker", "gender", "emotion"]]


def test_names_of_emodb_are_read(tmp_path):
    touch(tmp_path, "wav/03a01Fa.wav", "wav/08b10Lc.WAV", "wav/16a05Eb.flac")
    touch(tmp_path, "wav/notes.wav", "wav/._03a01Fa.wav", "wav/03a01Fa.lab")
    manifest = read_emodb(tmp_path)
    assert labels_of(manifest).to_dict("index") == {
        "03a01Fa": {"speaker": "03", "gender": "M", "emotion": "happiness"},
        "08b10Lc": {"speaker": "08", "gender": "F", "emotion": "boredom"},
        "16a05Eb": {"speaker": "16", "gender": "F", "emotion": "disgust"},
    }
    np.testing.assert_array_equal(manifest.recordings["valence"], [4, 2, 2])
    np.testing.assert_array_equal(manifest.recordings["activation"], [4, 2, np.nan])
    assert manifest.issues.left_out["audio file with another name"] == 1
    assert set(manifest.mapping["emotion"]) == {"happiness", "boredom", "disgust"}


def test_names_of_ravdess_are_read_without_songs(tmp_path):
    touch(tmp_path, "Actor_01/03-01-05-02-01-01-01.wav", "Actor_12/03-01-08-01-02-02-12.wav")
    touch(tmp_path, "Actor_12/03-02-03-01-02-02-12.wav", "Actor_12/03-01-09-01-02-02-12.wav")
    manifest = read_ravdess(tmp_path)
    assert labels_of(manifest).to_numpy().tolist() == [
        ["01", "M", "anger"],
        ["12", "F", "surprise"],
    ]
    assert np.isnan(manifest.recordings["valence"].iloc[1])
    assert manifest.issues.left_out == {"song": 1, "unknown emotion": 1}


@pytest.fixture(scope="module")
def crema_d(tmp_path_factory):
    """CREMA-D with its real tables, and an empty file in place of each recording."""
    folder = tmp_path_factory.mktemp("crema-d")
    (folder / "processedResults").mkdir()
    shutil.copy(SHARED / "crema-d/tabulatedVotes.csv", folder / "processedResults")
    shutil.copy(SHARED / "crema-d/VideoDemographics.csv", folder)
    names = pd.read_csv(SHARED / "crema-d/wavs.csv")["name"]
    touch(folder, *("AudioWAV/" + names))
    return folder


@needs_crema_d
def test_votes_of_crema_d_are_read(crema_d):
    manifest = read_crema_d(crema_d)
    table, ratings = manifest.recordings, manifest.ratings
    assert len(table) == 7442
    assert table["speaker"].nunique() == 91
    speakers = table.drop_duplicates("speaker")
    assert speakers["gender"].value_counts().to_dict() == {"M": 48, "F": 43}
    assert len(ratings) == 68568
    assert manifest.issues.irregular == {"recording whose votes have no majority": 644}
    assert not manifest.issues.to_dict()["left_out"]
    assert ratings["valence"].between(1, 5).all()
    means = ratings.groupby("recording")["valence"].mean()
    np.testing.assert_allclose(means[table["recording"]], table["valence"], atol=1e-9)


@needs_crema_d
def test_valence_of_crema_d_is_the_mean_of_its_votes(crema_d):
    """1001_IEO_HAP_LO: three votes for happiness with a mean level of 42.7, six for neutral."""
    table = read_crema_d(crema_d).recordings.set_index("recording")
    expected = (3 * (3 + 2 * 42.6666666666667 / 100) + 6 * 3) / 9
    assert table.loc["1001_IEO_HAP_LO", "valence"] == pytest.approx(expected)


@needs_crema_d
def test_missing_audio_and_unknown_files_of_crema_d_are_counted(crema_d, tmp_path):
    shutil.copytree(crema_d / "processedResults", tmp_path / "processedResults")
    shutil.copy(crema_d / "VideoDemographics.csv", tmp_path)
    touch(tmp_path, "AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1001_XXX_ANG_XX.wav")
    left_out = read_crema_d(tmp_path).issues.left_out
    assert left_out == {"audio file without votes": 1, "recording without an audio file": 7441}
    people = tmp_path / "VideoDemographics.csv"
    people.write_text("ActorID,Sex\n1002,Female\n")
    assert read_crema_d(tmp_path).recordings["gender"].tolist() == [""], "unknown speaker"
    for damage in ("ActorID\n1001\n", "", 'ActorID,"Sex\n'):
        people.write_text(damage)
        with pytest.raises(CorpusError, match=r"VideoDemographics\.csv"):
            read_crema_d(tmp_path)
    people.unlink()
    with pytest.raises(CorpusError, match=r"VideoDemographics\.csv"):
        read_crema_d(tmp_path)


@pytest.mark.parametrize("corpus", ["emodb", "ravdess"])
def test_folders_without_recordings_are_errors(tmp_path, corpus):
    with pytest.raises(CorpusError, match="nowhere"):
        IMPORTERS[corpus](tmp_path / "nowhere")
    touch(tmp_path / "music", "song.wav")
    with pytest.raises(CorpusError, match="music"):
        IMPORTERS[corpus](tmp_path / "music")


def test_recordings_of_the_same_name_are_an_error(tmp_path):
    touch(tmp_path, "a/03a01Fa.wav", "b/03a01Fa.flac")
    with pytest.raises(CorpusError, match=r"03a01Fa\.flac"):
        read_emodb(tmp_path)


@needs_emodb
def test_command_writes_a_manifest_that_can_be_read(tmp_path, capsys):
    (tmp_path / "audio").mkdir()
    for name in ("03a01Fa.flac", "03a01Nc.flac", "08a01Na.flac", "08a01Wa.flac"):
        shutil.copy(SHARED / "emodb/wav" / name, tmp_path / "audio")
    output = tmp_path / "own"
    arguments = ["manifest", "emodb", str(tmp_path / "audio"), "--output", str(output)]
    assert main(arguments) == 0
    assert "4 recordings of 2 speakers" in capsys.readouterr().out
    corpus = read_manifest(output, "emodb", labelled=True, multitask=True)
    assert corpus.recordings["valence"].tolist() == [4, 3, 3, 2]
    assert corpus.recordings["gender"].tolist() == ["M", "M", "F", "F"]
    assert len(corpus.words) >= 4, "spans of speech"
    config = yaml.safe_load((output / "study.yaml").read_text())
    assert os.path.samefile(config["corpora"]["manifests"]["emodb"]["folder"], output)
    assert config["folds"] == {"scheme": "speakers", "groups": 2}
    assert main(arguments) == 1, "files that may have been edited are not replaced"
    assert "recordings.csv" in capsys.readouterr().err

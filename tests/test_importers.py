"""Manifests built from the file names of public corpora; test_crema_d.py has that of CREMA-D."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from emospeech.__main__ import main
from emospeech.corpora.importers import IMPORTERS, read_emodb, read_ravdess
from emospeech.corpora.manifest import read_manifest
from emospeech.runtime.errors import CorpusError

SHARED = Path(__file__).parents[2] / "shared"
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
    for name in ("03a01Fa.flac", "03a01Nc.flac", "08a01Na.flac", "09a01Wb.flac"):
        shutil.copy(SHARED / "emodb/wav" / name, tmp_path / "audio")
    output = tmp_path / "own"
    arguments = ["manifest", "emodb", str(tmp_path / "audio"), "--output", str(output)]
    assert main(arguments) == 0
    assert "4 recordings of 3 speakers" in capsys.readouterr().out
    corpus = read_manifest(output, "emodb", labelled=True, tasks=("valence", "activation"))
    assert corpus.recordings["valence"].tolist() == [4, 3, 3, 2]
    assert corpus.recordings["gender"].tolist() == ["M", "M", "F", "F"]
    assert len(corpus.words) >= 4, "spans of speech"
    config = yaml.safe_load((output / "study.yaml").read_text())
    assert os.path.samefile(config["corpora"]["manifests"]["emodb"]["folder"], output)
    assert config["folds"] == {"scheme": "speakers", "groups": 3}
    for name in ("study.yaml", "recordings.csv"):
        assert main(arguments) == 1, "files that may have been edited are not replaced"
        assert name in capsys.readouterr().err
        (output / name).unlink()
    (output / "mapping.csv").unlink()
    assert main(arguments) == 0
    assert main([*arguments, "--keep"]) == 0
    (tmp_path / "other").mkdir()
    arguments[2] = str(tmp_path / "other")
    assert main([*arguments, "--keep"]) == 1
    assert "recordings.csv:2: " in capsys.readouterr().err, "its audio is in another folder"


def test_no_study_is_offered_if_the_recordings_have_no_valence(tmp_path, capsys):
    touch(tmp_path, *(f"03-01-08-01-01-01-0{actor}.wav" for actor in range(1, 4)))
    assert main(["manifest", "ravdess", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "study.yaml" in printed.err
    assert "snakemake" not in printed.out
    assert (tmp_path / "recordings.csv").exists()
    assert not (tmp_path / "study.yaml").exists()

"""CREMA-D: its real tables with stand-ins for the recordings, and small made-up tables."""

import csv
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from emospeech.__main__ import main
from emospeech.corpora.crema_d import AUDIO, PEOPLE, VOTES, check_crema_d, read_crema_d
from emospeech.corpora.manifest import read_manifest
from emospeech.runtime.errors import CorpusError

SHARED = Path(__file__).parents[2] / "shared" / "crema-d"
SIGNS = {"Anger": -1, "Disgust": -1, "Fear": -1, "Happy": 1, "Neutral": 0, "Sad": -1}
HEADER = ["", *"ADFHNS", "fileName", "emoVote", *(f"mean{emotion}Resp" for emotion in SIGNS)]
ROWS = [
    ["100001", *(0, 0, 0, 3, 1, 0), "1001_IEO_HAP_LO", "H", *(-1, -1, -1, 50, 80, -1)],
    ["100002", *(2, 1, 0, 0, 0, 2), "1002_TIE_ANG_XX", "A:S", *(100, 25, -1, -1, -1, 10)],
    ["100003", *(0, 0, 0, 0, 4, 0), "1003_WSI_NEU_XX", "N", *(-1, -1, -1, -1, 60, -1)],
    ["100004", *(0, 0, 0, 0, 0, 0), "1001_WSI_SAD_XX", "", *(-1, -1, -1, -1, -1, -1)],
    ["200001", *(9, 0, 0, 0, 0, 0), "1001_IEO_HAP_LO", "A", *(90, -1, -1, -1, -1, -1)],
]


def write_tables(root, rows=ROWS, people=(("1001", "Male"), ("1002", "Female"))):
    (root / VOTES).parent.mkdir(parents=True, exist_ok=True)
    for path, header, table in ((VOTES, HEADER, rows), (PEOPLE, ["ActorID", "Sex"], people)):
        with open(root / path, "w", newline="") as file:
            csv.writer(file).writerows([header, *table])


@pytest.fixture
def corpus_folder(tmp_path):
    """Four recordings of three actors, one without votes, and two other files.

    The third actor is not in the table of people.
    """
    root = tmp_path / "CREMA-D"
    write_tables(root)
    (root / AUDIO).mkdir()
    for seed, name in enumerate([ROWS[0][7], ROWS[1][7], ROWS[2][7], "1001_WSI_SAD_XX", "notes"]):
        samples = 0.1 * np.random.default_rng(seed).standard_normal(8000)
        soundfile.write(root / AUDIO / f"{name}.wav", samples, 16000)
    (root / AUDIO / "._1001_IEO_HAP_LO.wav").write_bytes(b"macOS")
    return root


def test_labels_votes_and_speech_of_recordings_are_read(corpus_folder):
    corpus = read_crema_d(corpus_folder)
    table = corpus.recordings.set_index("recording")
    assert table[["speaker", "gender", "emotion"]].values.tolist() == [
        ["1001", "M", "happiness"],
        ["1002", "F", "anger"],
        ["1003", "", "neutral"],
    ]
    assert table["path"].tolist() == [f"{AUDIO}/{name}.wav" for name in table.index]
    np.testing.assert_allclose(table["valence"], [(3 * 4 + 3) / 4, (2 + 2.5 + 2 * 2.8) / 5, 3])
    assert table["raters"].tolist() == [4, 5, 4]
    assert table[["activation", "dominance"]].isna().all(axis=None)
    votes = corpus.votes.groupby("recording")["emotion"].apply(list)
    assert votes["1001_IEO_HAP_LO"] == ["happiness"] * 3 + ["neutral"]
    votes = corpus.ratings.groupby("recording")["valence"].apply(list)
    np.testing.assert_allclose(votes["1002_TIE_ANG_XX"], [1, 1, 2.5, 2.8, 2.8])
    assert corpus.words[["recording", "start", "end"]].values.tolist() == [
        [name, 0, 0.5] for name in table.index
    ]
    assert corpus.summary["left_out"] == {
        "audio file with an unknown name": 1,
        "audio file without votes": 1,
    }
    assert corpus.summary["irregular"] == {
        "recording of an actor of unknown gender": 1,
        "recording whose votes have no majority": 1,
    }
    for name in ("recordings", "words", "ratings", "votes"):
        assert getattr(read_crema_d(corpus_folder, workers=2), name).equals(getattr(corpus, name))


def test_missing_and_equal_audio_files_are_counted(corpus_folder):
    paths = sorted((corpus_folder / AUDIO).glob("100*.wav"))
    paths[0].unlink()
    shutil.copy(paths[2], paths[3])
    corpus = read_crema_d(corpus_folder)
    assert corpus.summary["recordings"] == 2
    assert corpus.summary["left_out"]["recording without an audio file"] == 1
    assert corpus.summary["irregular"]["recording with the same audio as another"] == 2


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (VOTES, "meanFearResp", "meanfearresp", "meanFearResp"),
        (VOTES, "1003_WSI_NEU_XX", "1001_IEO_HAP_LO", r":4: .*1001_IEO_HAP_LO"),
        (VOTES, "100003,0,0,0,0,4", "100003,0,0,0,0,x", r":4: .*`N` is `x`"),
        (VOTES, "-1,-1,-1,-1,60,-1", "-1,-1,-1,-1,-1,-1", r":4: .*`meanNeutralResp` is `-1`"),
        (VOTES, "50,80", "50,101", r":2: .*`meanNeutralResp` is `101`"),
        (PEOPLE, "Female", "Femme", r":3: .*`Sex` is `Femme`"),
        (PEOPLE, "Sex", "Gender", "Sex"),
        (PEOPLE, "Male", '"Male', "CSV"),
    ],
)
def test_a_damaged_table_is_an_error_that_names_it(corpus_folder, file, old, new, message):
    path = corpus_folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(CorpusError, match=rf"{path.name}.*{message}"):
        read_crema_d(corpus_folder)


@pytest.mark.parametrize("missing", [VOTES, PEOPLE, AUDIO])
def test_a_missing_file_is_an_error_that_names_it(corpus_folder, missing):
    (corpus_folder / missing).rename(corpus_folder / "lost")
    with pytest.raises(CorpusError, match=Path(missing).name):
        read_crema_d(corpus_folder)


def test_unreadable_audio_and_a_folder_without_recordings_are_errors(corpus_folder):
    (corpus_folder / AUDIO / "1002_TIE_ANG_XX.wav").write_bytes(b"version https://git-lfs")
    with pytest.raises(CorpusError, match=r"1002_TIE_ANG_XX\.wav"):
        read_crema_d(corpus_folder)
    shutil.rmtree(corpus_folder / AUDIO)
    (corpus_folder / AUDIO).mkdir()
    with pytest.raises(CorpusError, match=AUDIO):
        read_crema_d(corpus_folder)


def test_manifest_has_the_labels_of_the_reader(corpus_folder, tmp_path, capsys):
    output = tmp_path / "own"
    assert main(["manifest", "crema_d", str(corpus_folder), "--output", str(output)]) == 0
    assert "3 recordings of 3 speakers" in capsys.readouterr().out
    config = yaml.safe_load((output / "study.yaml").read_text())
    (name,) = config["corpora"]["manifests"]
    assert name != "crema_d", "the name of the release"
    assert config["models"]["names"] == ["BasicCNN", "BasicDCGAN"]
    manifest, corpus = read_manifest(output, name, labelled=True), read_crema_d(corpus_folder)
    columns = ["recording", "speaker", "gender", "emotion", "valence", "duration", "raters"]
    assert manifest.recordings[columns].equals(corpus.recordings[columns])
    assert manifest.ratings.equals(corpus.ratings)
    assert manifest.votes.equals(corpus.votes)
    assert manifest.words.equals(corpus.words)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the tables of CREMA-D in ../shared/crema-d")
def test_the_release_has_its_known_contents(tmp_path):
    """The audio is noise, and silence in the recording that is silent in the release."""
    (tmp_path / AUDIO).mkdir()
    (tmp_path / VOTES).parent.mkdir()
    shutil.copy(SHARED / "tabulatedVotes.csv", tmp_path / VOTES)
    shutil.copy(SHARED / "VideoDemographics.csv", tmp_path)
    soundfile.write(tmp_path / "silence", np.zeros(3200), 16000, format="WAV")
    noise = 0.1 * np.random.default_rng(0).standard_normal(3200)
    soundfile.write(tmp_path / "noise", noise, 16000, format="WAV")
    with open(SHARED / "wavs.csv", newline="") as file:
        for row in csv.DictReader(file):
            source = "silence" if row["name"] == "1076_MTI_SAD_XX.wav" else "noise"
            os.link(tmp_path / source, tmp_path / AUDIO / row["name"])
    corpus = read_crema_d(tmp_path, workers=2)
    check = check_crema_d(corpus)
    assert (check["result"] == "ok").all(), check
    found = check.set_index(["check", "group"])["found"]
    assert found["recordings", "all"] == "7442"
    assert found["speakers", "all"] == "91"
    assert found["votes", "all"] == "68568"
    assert found["votes without a majority", "all"] == "644"
    assert not corpus.summary["left_out"]
    irregular = corpus.summary["irregular"]
    assert irregular["recording without detected speech"] == 1
    # The proxy, added up from the file without any code of the reader.
    with open(SHARED / "tabulatedVotes.csv", newline="") as file:
        voice_rows = [row for row in csv.DictReader(file) if row[""][0] == "1"]
    expected = {}
    for row in voice_rows:
        total = votes = 0
        for emotion, sign in SIGNS.items():
            for _ in range(int(row[emotion[0]])):
                total += 3 + 2 * sign * float(row[f"mean{emotion}Resp"]) / 100
                votes += 1
        expected[row["fileName"]] = total / votes
    valence = corpus.recordings.set_index("recording")["valence"]
    np.testing.assert_allclose(valence, valence.index.map(expected), rtol=1e-12)
    means = corpus.ratings.groupby("recording")["valence"].mean()
    np.testing.assert_allclose(means, valence, rtol=1e-12)
    assert corpus.ratings["valence"].between(1, 5).all()
    partial = check_crema_d(corpus._replace(recordings=corpus.recordings[:100]))
    assert set(partial["result"]) - {"ok"}

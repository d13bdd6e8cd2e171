"""`predict` as people use it: folders, patterns and lists, JSON, progress, and Python."""

import io
import json
import os
import re
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile

import emospeech
from emospeech.__main__ import main
from emospeech.runtime.errors import InputError
from tests.test_scoring import BASIC, OTHER_CHOICES, ROOT, rows_of, trial, weights_of


@pytest.fixture
def folder(tmp_path):
    """Recordings in nested folders, other files, and hidden ones."""
    rng = np.random.default_rng(0)
    for name in (
        "b.WAV",
        "a 1.flac",
        "sub/c.wav",
        "sub/deep/[d].ogg",
        ".hidden/e.wav",
        "sub/._c.wav",
    ):
        path = tmp_path / "audio" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(
            path, 0.1 * rng.standard_normal(8000), 16000, format=path.suffix[1:].upper()
        )
    (tmp_path / "audio/notes.txt").write_text("no audio")
    return tmp_path / "audio"


@pytest.fixture
def scored(tmp_path, monkeypatch, capsys):
    """Return a function that scores recordings and returns the files in the table."""
    weights = weights_of(tmp_path / "w.safetensors", BASIC)
    monkeypatch.chdir(tmp_path)

    def files(*arguments, status=0):
        assert main(["predict", "--weights", weights, *arguments]) == status
        return [row["file"] for row in rows_of(capsys.readouterr().out)]

    return files


ALL = ["audio/a 1.flac", "audio/b.WAV", "audio/sub/c.wav", "audio/sub/deep/[d].ogg"]


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (["audio"], ALL),
        (["audio/sub/"], ["audio/sub/c.wav", "audio/sub/deep/[d].ogg"]),
        (["audio/*.[fW]*"], ALL[:2]),
        (["audio/**/*.wav"], ["audio/sub/c.wav"]),
        (["audio/s*"], ALL[2:]),  # a folder that matches
        (["audio/sub/deep/[d].ogg"], [ALL[3]]),  # a file whose name could be a pattern
        (["audio/b.WAV", "audio/b.WAV", "audio/sub"], [ALL[1], ALL[1], *ALL[2:]]),
    ],
    ids=str,
)
def test_folders_and_patterns_are_expanded(folder, scored, arguments, files):
    assert scored(*arguments) == files


def test_folders_and_patterns_without_audio_are_errors(folder, scored, capsys):
    (folder / "empty").mkdir()
    weights = ["predict", "--weights", "w.safetensors"]
    assert main([*weights, "audio/empty", "audio/*.mp3", "audio/b.WAV"]) == 1
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert [line.split(": ")[1] for line in lines[:2]] == ["audio/empty", "audio/*.mp3"]
    assert [row["file"] for row in rows_of(printed.out)] == ["audio/b.WAV"]


@pytest.mark.parametrize("way", ["-", "--files-from=-", "--files-from=list.txt"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lists_have_a_name_per_line(folder, scored, tmp_path, monkeypatch, way, end):
    names = end.join([b"audio/a 1.flac", b"", b"audio/sub", b"audio/b*"]) + end
    (tmp_path / "list.txt").write_bytes(names)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(names)))
    assert scored(way) == [ALL[0], *ALL[2:], ALL[1]]


def test_a_list_may_be_empty_or_missing(scored, tmp_path, capsys):
    (tmp_path / "list.txt").write_text("\n")
    assert scored("--files-from", "list.txt") == []
    assert scored("--files-from", "other.txt", status=1) == []
    assert main(["predict", "--weights", "w.safetensors", "--files-from", "other.txt"]) == 1
    assert capsys.readouterr().err.startswith("error: other.txt: ")


@pytest.mark.parametrize("every", [[], ["--every=200ms"]])
def test_json_has_the_values_of_the_table(folder, tmp_path, capsys, every):
    paths = [
        weights_of(tmp_path / f"{seed}.safetensors", OTHER_CHOICES, seed=seed) for seed in (0, 1)
    ]
    command = ["predict", "--weights", *paths, str(folder), *every]
    assert main(command) == 0
    table = rows_of(capsys.readouterr().out)
    assert main([*command, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [{name: str(value) for name, value in row.items()} for row in rows] == table
    assert {"expected_std", "activation_expected_std"} <= rows[0].keys()
    assert len(rows) == (12 if every else 4)


def test_a_single_network_has_no_deviation(folder, tmp_path, capsys):
    weights = weights_of(tmp_path / "w.safetensors", BASIC)
    assert main(["predict", "--weights", weights, str(folder)]) == 0
    assert "expected_std" not in rows_of(capsys.readouterr().out)[0]


@pytest.mark.parametrize("bar", [True, False], ids=["rows to a file", "rows to the terminal"])
def test_progress_is_shown_on_a_terminal_without_rows(folder, tmp_path, bar):
    weights = weights_of(tmp_path / "w.safetensors", BASIC)
    (folder / "broken.wav").write_text("no audio")
    reader, terminal = os.openpty()
    command = [sys.executable, "-m", "emospeech", "predict", "--weights", weights, "audio"]
    with open(tmp_path / "scores.csv", "w") as file:
        done = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "200"},
            stdout=file if bar else terminal,
            stderr=terminal,
        )
        os.close(terminal)
        text = b""
        try:
            while part := os.read(reader, 10_000):
                text += part
        except OSError:  # the other end is closed
            pass
        os.close(reader)
        assert done.wait() == 1
    assert (b"100%" in text) == bar
    assert b"error: audio/broken.wav: " in text
    rows = (tmp_path / "scores.csv").read_text() if bar else text.decode()
    assert [row["file"] for row in rows_of(rows) if row["p2"]] == ALL


def speech(rate=44100):
    rng = np.random.default_rng(0)
    return 0.2 * rng.standard_normal((3 * rate, 2)) * np.sin(np.arange(3 * rate) / 9000)[:, None]


@pytest.mark.parametrize("options", [{}, {"crops": 3}, {"every": 0.7}, {"every": 1, "crops": 2}])
def test_samples_are_scored_like_their_file(tmp_path, capsys, options):
    paths = [weights_of(tmp_path / f"{seed}.safetensors", BASIC, seed=seed) for seed in (0, 1)]
    soundfile.write(tmp_path / "speech.wav", speech(), 44100, subtype="PCM_16")
    arguments = [f"--{name}={value}" for name, value in options.items()]
    assert main(["predict", "--weights", *paths, str(tmp_path / "speech.wav"), *arguments]) == 0
    wanted = pd.DataFrame(rows_of(capsys.readouterr().out)).drop(columns="file")
    for dtype in ("float64", "float32", "int16", "int32"):
        samples, rate = soundfile.read(tmp_path / "speech.wav", dtype=dtype)
        found = emospeech.load(paths).predict(samples, rate, **options)
        pd.testing.assert_frame_equal(found.astype(str), wanted)
    assert found["expected"].dtype == np.float64


def test_one_channel_may_be_a_vector(tmp_path):
    networks = emospeech.load(weights_of(tmp_path / "w.safetensors", BASIC))
    mono = speech()[:, 0]
    pd.testing.assert_frame_equal(
        networks.predict(mono, 44100), networks.predict(mono[:, None], 44100)
    )


@pytest.mark.parametrize("shape", [(2, 44100), (), (3, 4, 5)])
def test_samples_of_another_shape_are_an_error(tmp_path, shape):
    networks = emospeech.load(weights_of(tmp_path / "w.safetensors", BASIC))
    with pytest.raises(InputError, match=re.escape(str(shape))):
        networks.predict(np.zeros(shape), 44100)


def test_notes_are_warnings(tmp_path):
    networks = emospeech.load(weights_of(tmp_path / "w.safetensors", BASIC))
    with pytest.warns(UserWarning, match="speech"):
        networks.predict(np.zeros(16000), 16000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        networks.predict(speech(), 44100)


def test_the_example_in_the_documentation_runs(tmp_path, monkeypatch, capsys):
    search = tmp_path / "results/search/BasicDCGAN"
    search.mkdir(parents=True)
    (search / "best.json").write_text(json.dumps(trial(0)))
    pd.DataFrame({"fold": [1, 2]}).to_csv(search / "histories.csv")
    for fold in (1, 2):
        place = tmp_path / f"results/training/BasicDCGAN/trial-0/fold-{fold}"
        place.mkdir(parents=True)
        weights_of(place / "weights.safetensors", replace(BASIC, model="BasicDCGAN"), seed=fold)
    soundfile.write(tmp_path / "speech.wav", speech(), 44100)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/scoring.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.S)
    names = {}
    exec(example, names)
    assert main(["predict", "--model=BasicDCGAN", "speech.wav"]) == 0
    printed, table = capsys.readouterr().out.split("file,", 1)
    (row,) = rows_of(f"file,{table}")
    assert printed.splitlines()[0] == row["expected"]
    assert list(names["curve"]["end"]) == [2, 3]


def test_importing_the_library_does_not_import_torch():
    script = (
        "import sys, emospeech; assert emospeech.load; print({'torch', 'numpy'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr

"""Scores of individual recordings: they equal those of the workflow, and errors are reported."""

import csv
import io
import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from safetensors.torch import load_file

from emospeech.__main__ import main
from emospeech.corpora.corpus_tables import RECORDING_COLUMNS
from emospeech.corpora.speech import find_speech
from emospeech.crops.centres import spread_centres
from emospeech.crops.gather import CropGatherer
from emospeech.evaluation import scoring
from emospeech.evaluation.scoring import find_spans, score_row
from emospeech.folds import FoldSettings, make_folds
from emospeech.models.catalogue import FAMILIES, build
from emospeech.spectrograms.extraction import in_memory_store, write_store
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import open_store
from emospeech.training.fold import LabelledCorpus
from emospeech.training.predictor import load_predictor
from emospeech.training.trial import Trial
from emospeech.training.weights import Description, read_description, save_weights
from emospeech.version import VERSION
from tests.conftest import corpus_paths
from tests.settings import VALENCE, emotion_labels, settings_of, with_keys

ROOT = Path(__file__).parents[1]
TRIAL = {"crop_width": 16, "filters": 4, "filter_size": 3, "batch_size": 8, "learning_rate": 1e-3}
# Large initial weights, so that networks without training give different predictions.
SETTINGS = settings_of(shared_units=16, latent_size=8, weight_deviation=0.3)
SPECTROGRAMS = SpectrogramSettings(rows=32)
SUMMARY = {"trial": 0, "fold": 1, "epoch": 2, "epochs": 3, "uar": 0.4}
BASIC = Description("BasicCNN", TRIAL, SPECTROGRAMS, SETTINGS, SUMMARY)
OTHER_CHOICES = Description(
    "MultitaskDCGAN",
    TRIAL | {"crop_width": 32},
    replace(SPECTROGRAMS, amplitude="crop", dtype="uint8"),
    with_keys(SETTINGS, encoding="regression", edge="shift", spectral_norm=True),
    SUMMARY,
)


NAMES = ("sad", "angry", "happy")  # not in alphabetical order
EMOTIONS = replace(
    BASIC, model="MultitaskCNN", settings=replace(SETTINGS, labels=emotion_labels(NAMES))
)


def weights_of(path, description, seed=0):
    learner = build(
        description.model,
        description.spectrograms.rows,
        description.trial,
        description.settings.models,
        seed,
        description.settings.labels,
    )
    save_weights(path, learner.network.state_dict(), description.to_dict())
    return str(path)


@pytest.fixture
def weights(tmp_path):
    return weights_of(tmp_path / "w.safetensors", BASIC)


@pytest.fixture
def speech(tmp_path):
    """Two bursts of noise, which count as speech, in a stereo file of 44.1 kHz."""
    rng, rate = np.random.default_rng(0), 44100
    samples = 1e-4 * rng.standard_normal((3 * rate, 2))
    for start, end in [(0.4, 1.3), (2.0, 2.6)]:
        part = slice(round(start * rate), round(end * rate))
        samples[part] += 0.1 * rng.standard_normal((part.stop - part.start, 2)) * [1, 0.3]
    soundfile.write(tmp_path / "speech.wav", samples, rate)
    return str(tmp_path / "speech.wav")


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def probabilities(row, prefix=""):
    return [float(row[f"{prefix}p{number}"]) for number in range(1, 6)]


def test_centres_divide_the_duration_of_the_words_equally(store):
    """Recording 3 has words from 1.0 to 1.1 s and from 1.2 to 2.9 s: six parts of 0.3 s each."""
    times = np.array([1.25, 1.55, 1.85, 2.15, 2.45, 2.75])  # after 0.15 + 0.3 i seconds of speech
    np.testing.assert_array_equal(spread_centres(store, 3, 6), np.rint(times * 62.5))
    np.testing.assert_array_equal(spread_centres(store, 3, 18)[:2], np.rint([1.05 * 62.5, 78.125]))
    # A recording without words: 0.9 s have frames 0 to 56, which make four parts of 14 frames.
    np.testing.assert_array_equal(spread_centres(store, 2, 4), [7, 21, 35, 49])


def test_a_store_in_memory_equals_one_on_disk(tmp_path, speech):
    settings = SpectrogramSettings(rows=32, dtype="uint8", amplitude="crop")
    tables = (
        pd.DataFrame({"recording": ["a"], "path": [speech]}),
        pd.DataFrame({"recording": ["a"], "start": [0.4], "end": [1.3]}),
    )
    write_store(tmp_path / "s.h5", *tables, tmp_path, settings)
    disk = open_store(tmp_path / "s.h5")
    memory = in_memory_store(speech, np.array([[0.4, 1.3]]), settings)
    for name in ("frames", "offsets", "word_start", "word_end", "word_offsets", "checksums"):
        np.testing.assert_array_equal(getattr(memory, name), getattr(disk, name))


def fold_of_crops(folder, path, times, settings):
    """A fold whose test part contains one wav once for each of `times`, each with one word.

    Its other recordings are noise, since equal audio in two parts is rejected.
    """
    count, rng = len(times), np.random.default_rng(0)
    noise = [folder / f"noise-{number}.wav" for number in range(3)]
    for file in noise:
        soundfile.write(file, 0.1 * rng.standard_normal(16000), 16000)
    recordings = pd.DataFrame({"path": [path] * count + [str(file) for file in noise]})
    recordings["recording"] = [f"r{number:02d}" for number in range(count + 3)]
    recordings["session"] = ["Ses01"] * (count + 1) + ["Ses02"] * 2
    recordings["gender"] = ["M"] * count + ["F", "M", "F"]
    recordings["speaker"] = recordings["session"] + recordings["gender"]
    recordings[["valence", "activation"]] = 3.0
    recordings["duration"] = [soundfile.info(folder / file).duration for file in recordings["path"]]
    recordings.reindex(columns=RECORDING_COLUMNS).to_csv(folder / "recordings.csv", index=False)
    words = pd.DataFrame({"recording": recordings["recording"][:count], "start": times})
    words["end"] = times
    write_store(folder / "store.h5", recordings, words, folder, settings)
    make_folds(recordings, FoldSettings(2)).to_csv(folder / "folds.csv", index=False)
    return LabelledCorpus.open(corpus_paths(folder), SETTINGS).fold(1)


@pytest.mark.parametrize("description", [BASIC, OTHER_CHOICES], ids=["plain", "other-choices"])
def test_scores_are_those_of_the_workflow(tmp_path, capsys, speech, description):
    """The test part contains the wav eight times, each with a word at the centre of a crop."""
    path = weights_of(tmp_path / "w.safetensors", description)
    spans, _ = find_speech(speech)
    assert len(spans) > 1
    grid = np.concatenate([np.arange(start, end, 1e-5) for start, end in spans])
    times = grid[((np.arange(8) + 0.5) / 8 * len(grid)).astype(int)]
    fold = fold_of_crops(tmp_path, speech, times, description.spectrograms)
    trial = Trial(0, description.trial)
    tested = load_predictor(description.model, fold, trial, path, description.settings)
    wanted = tested.predict("test", seed=1)
    assert len(tested.labels("test")) == 8
    assert main(["predict", "--weights", path, speech]) == 0
    (row,) = rows_of(capsys.readouterr().out)
    assert row["file"] == speech
    for task, values in wanted.items():
        prefix = "" if task == "valence" else f"{task}_"
        mean = values.mean(axis=0)
        assert np.ptp(mean) > 0.01, "the network should not predict a constant"
        np.testing.assert_allclose(probabilities(row, prefix), mean, atol=1e-6)
        assert float(row[f"{prefix}expected"]) == pytest.approx(mean @ [1, 2, 3, 4, 5], abs=1e-5)
    assert ("activation_p1" in row) == ("activation" in wanted)


def test_networks_are_averaged_deterministically(tmp_path, capsys, speech):
    """The second network uses other crops and spectrograms."""
    other = replace(
        BASIC, trial=TRIAL | {"crop_width": 32}, spectrograms=replace(SPECTROGRAMS, fmax=4000.0)
    )
    paths = [
        weights_of(tmp_path / "a.safetensors", BASIC),
        weights_of(tmp_path / "b.safetensors", other, seed=1),
    ]
    runs = [["--weights", path] for path in paths] + [
        ["--weights", paths[0], "--weights", paths[1]]
    ]
    out = []
    for run in [*runs, runs[-1]]:
        assert main(["predict", *run, speech]) == 0
        out.append(capsys.readouterr().out)
    first, second, both = (probabilities(rows_of(text)[0]) for text in out[:3])
    assert abs(first[0] - second[0]) > 1e-3
    np.testing.assert_allclose(both, np.mean([first, second], axis=0), atol=1e-12)
    assert out[2] == out[3]


@pytest.mark.parametrize(
    ("distribution", "pooled"),
    [
        ([0.1, 0.2, 0.4, 0.3, 0.0], "neutral"),
        ([0.25, 0.2, 0.3, 0.25, 0.0], "neutral"),  # although classes 1 and 2 have .45 in total
        ([0.0, 0.4, 0.4, 0.2, 0.0], "negative"),  # ties go to the lowest class, as in the metrics
        ([0.1, 0.1, 0.1, 0.1, 0.6], "positive"),
    ],
)
def test_the_pooled_class_contains_the_most_probable_class(distribution, pooled):
    assert score_row({"valence": np.array([distribution])}, (VALENCE,))["class3"] == pooled


def test_scores_of_emotions_are_in_the_order_of_the_classes(tmp_path, capsys, speech):
    """The description in the weights file states the order; its JSON has sorted keys."""
    path = weights_of(tmp_path / "w.safetensors", EMOTIONS)
    assert main(["predict", "--weights", path, speech]) == 0
    (row,) = rows_of(capsys.readouterr().out)
    named = [f"p_{name}" for name in NAMES]
    numbers = [f"activation_p{number}" for number in range(1, 6)]
    assert list(row) == ["file", *named, "emotion", *numbers, "activation_expected"]
    network = build(
        "MultitaskCNN", 32, TRIAL, EMOTIONS.settings.models, 0, EMOTIONS.settings.labels
    ).network
    network.load_state_dict(load_file(path))
    spans, _ = find_speech(speech)
    store = in_memory_store(speech, spans, SPECTROGRAMS)
    crops = CropGatherer(store, 16)(np.zeros(8, int), spread_centres(store, 0, 8))
    with torch.no_grad():
        logits = network.eval().classify(crops)["emotion"]
    expected = logits.softmax(1).mean(0).numpy()
    np.testing.assert_allclose([float(row[name]) for name in named], expected, atol=1e-6)
    assert np.ptp(expected) > 0.01
    assert row["emotion"] == NAMES[expected.argmax()]


def test_emotions_in_another_order_are_not_averaged(tmp_path, capsys, speech):
    labels = emotion_labels(NAMES[::-1])
    other = replace(EMOTIONS, settings=replace(SETTINGS, labels=labels))
    first = weights_of(tmp_path / "a.safetensors", EMOTIONS)
    second = weights_of(tmp_path / "b.safetensors", other)
    assert main(["predict", "--weights", first, "--weights", second, speech]) == 1
    assert capsys.readouterr().err.startswith(f"error: {second}: ")


def test_unreadable_audio_is_reported_and_other_files_are_scored(tmp_path, capsys, weights, speech):
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "text.raw").write_text("no sound")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16000)
    bad = [str(tmp_path / name) for name in ("text.wav", "text.raw", "empty.wav", "missing.wav")]
    (tmp_path / "empty folder").mkdir()
    bad += [str(tmp_path / "empty folder"), str(tmp_path / "none*.wav")]
    output = tmp_path / "new" / "scores.csv"
    command = ["predict", "--weights", weights, "--output", str(output), *bad, speech]
    assert main(command) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    *lines, last = printed.err.splitlines()
    assert len(lines) == len(bad)
    for line, path in zip(lines, bad, strict=True):
        assert line.startswith(f"error: {path}: ")
    assert "6 of 7" in last
    assert [row["file"] for row in rows_of(output.read_text())] == [speech]


def test_a_recording_whose_name_is_not_utf8_is_scored(tmp_path, capsysbinary, weights, speech):
    assert main(["predict", "--weights", weights, speech]) == 0
    scores = capsysbinary.readouterr().out.rpartition(b".wav")[2]
    named = Path(speech).rename(tmp_path / os.fsdecode(b"\xff.wav"))
    plots = tmp_path / "plots"
    assert main(["predict", "--weights", weights, str(named)]) == 0
    assert capsysbinary.readouterr().out.endswith(b"\xff.wav" + scores)
    options = ["--every=1s", "--plot", str(plots)]
    assert main(["predict", "--weights", weights, *options, str(named)]) == 0
    assert os.listdir(os.fsencode(plots)) == [b"\xff.wav.png"]


def test_silence_is_scored_with_a_note(tmp_path, capsys, weights):
    soundfile.write(tmp_path / "silence, long.wav", np.zeros(16000), 16000)
    path = str(tmp_path / "silence, long.wav")
    assert main(["predict", "--weights", weights, path]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith(f"note: {path}: no speech found")
    (row,) = rows_of(printed.out)
    assert row["file"] == path
    assert sum(probabilities(row)) == pytest.approx(1)


def failing_reader(bad, error):
    """Return a replacement for find_spans that raises `error` for the file `bad`."""

    def find(path):
        if path == bad:
            raise error
        return find_spans(path)

    return find


@pytest.mark.parametrize(
    "error",
    [
        soundfile.LibsndfileError(2, "at frame 3"),
        RuntimeError("not seekable"),
        TypeError("frames must be specified for non-seekable files"),
        PermissionError(13, "Permission denied"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_other_files_are_scored_after_any_decoder_error(
    tmp_path, capsys, monkeypatch, weights, speech, error
):
    monkeypatch.setattr(scoring, "find_spans", failing_reader("bad.wav", error))
    output = tmp_path / "scores.csv"
    command = ["predict", "--weights", weights, "--output", str(output)]
    assert main([*command, speech, "bad.wav", speech]) == 1
    assert [row["file"] for row in rows_of(output.read_text())] == [speech, speech]
    line, _ = capsys.readouterr().err.splitlines()
    assert line.startswith("error: bad.wav: ")


def test_files_after_a_gsm_file_are_scored(tmp_path, capsys, weights, speech):
    gsm = str(tmp_path / "gsm.wav")
    noise = 0.1 * np.random.default_rng(0).standard_normal(16000)
    soundfile.write(gsm, noise, 8000, subtype="GSM610")
    main(["predict", "--weights", weights, speech, gsm, speech])
    scored = [row["file"] for row in rows_of(capsys.readouterr().out)]
    assert [file for file in scored if file != gsm] == [speech, speech]


def command_line(tmp_path, names):
    """Return arguments of `predict` with file names relative to a folder."""
    return [name if name.startswith("--") else str(tmp_path / name) for name in names]


@pytest.mark.parametrize(
    "given",
    [
        ["--weights", "a.safetensors", "b.safetensors", "speech.wav", "too.wav"],
        ["--weights", "a.safetensors", "--weights", "b.safetensors", "speech.wav", "too.wav"],
        ["--weights", "a.safetensors", "b.safetensors", "--crops=8", "speech.wav", "too.wav"],
        ["speech.wav", "too.wav", "--weights", "a.safetensors", "b.safetensors"],
        ["--weights", "a.safetensors", "b.safetensors", "--", "speech.wav", "too.wav"],
        ["--weights", "a.weights", "--weights", "b.safetensors", "speech.wav", "too.wav"],
    ],
    ids=" ".join,
)
def test_several_weights_files_may_precede_the_audio(tmp_path, capsys, speech, given):
    weights_of(tmp_path / "a.safetensors", BASIC)
    weights_of(tmp_path / "b.safetensors", BASIC, seed=1)
    (tmp_path / "a.weights").symlink_to("a.safetensors")
    (tmp_path / "too.wav").symlink_to(speech)
    assert main(["predict", *command_line(tmp_path, given)]) == 0
    both, copy = (row for row in rows_of(capsys.readouterr().out))
    assert [both["file"], copy["file"]] == [speech, str(tmp_path / "too.wav")]
    single = []
    for name in "ab":
        assert main(["predict", f"--weights={tmp_path}/{name}.safetensors", speech]) == 0
        single.append(probabilities(rows_of(capsys.readouterr().out)[0]))
    np.testing.assert_allclose(probabilities(both), np.mean(single, axis=0), atol=1e-12)
    assert probabilities(both) == probabilities(copy)


@pytest.mark.parametrize(
    "given",
    [
        ["--weights=a.safetensors", "b.safetensors", "speech.wav"],
        ["--model", "BasicCNN", "b.safetensors", "speech.wav"],
        ["b.safetensors", "--weights", "a.safetensors", "speech.wav"],
    ],
    ids=" ".join,
)
def test_weights_among_the_audio_are_an_error(tmp_path, capsys, speech, given):
    assert main(["predict", *command_line(tmp_path, given)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith(f"error: {tmp_path}/b.safetensors: ")
    assert "--weights" in line


@pytest.mark.parametrize(
    "given", [["--weights", "a.safetensors", "b.safetensors"], ["--model", "BasicCNN"]]
)
def test_audio_is_required(capsys, given):
    with pytest.raises(SystemExit) as caught:
        main(["predict", *given])
    assert caught.value.code == 2
    assert "FILE" in capsys.readouterr().err


def files_in(folder):
    return {
        str(file): (file.is_symlink(), file.read_bytes())
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.mark.parametrize(
    "output",
    [
        *("speech.wav", "./speech.wav", "link.wav", "hard.wav", "w.safetensors", "a folder"),
        *("other.wav", "other.flac", "other.mp3", "other.ogg", "other.m4a", "other.safetensors"),
        "recording",
    ],
)
def test_the_output_does_not_overwrite_an_input_or_a_recording(
    tmp_path, capsys, weights, speech, output
):
    samples, rate = soundfile.read(speech)
    for suffix in ("wav", "flac", "mp3", "ogg"):
        soundfile.write(tmp_path / f"other.{suffix}", samples, rate)
    (tmp_path / "recording").write_bytes((tmp_path / "other.wav").read_bytes())
    (tmp_path / "other.m4a").write_bytes(b"\0\0\0\x20ftypM4A ")
    weights_of(tmp_path / "other.safetensors", BASIC, seed=1)
    (tmp_path / "link.wav").symlink_to(speech)
    os.link(speech, tmp_path / "hard.wav")
    (tmp_path / "a folder").mkdir()
    before = files_in(tmp_path)
    named = f"{tmp_path}/{output}"
    assert main(["predict", "--weights", weights, "--output", named, speech]) == 1
    assert files_in(tmp_path) == before
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {Path(named)}: ")


def test_an_existing_table_is_replaced_through_a_link(tmp_path, weights, speech):
    for _ in range(2):
        (tmp_path / "scores.csv").write_text("older")
        link = tmp_path / "link.csv"
        if not link.is_symlink():
            link.symlink_to("scores.csv")
        assert main(["predict", "--weights", weights, "--output", str(link), speech]) == 0
        assert link.is_symlink()
        assert rows_of((tmp_path / "scores.csv").read_text())[0]["file"] == speech


def test_the_output_may_be_a_device(weights, speech):
    """A new terminal serves as the device."""
    reader, terminal = os.openpty()
    try:
        name = os.ttyname(terminal)
        assert main(["predict", "--weights", weights, "--output", name, speech]) == 0
        text = ""
        while text.count("\n") < 2:
            text += os.read(reader, 10_000).decode()
    finally:
        os.close(reader)
        os.close(terminal)
    assert rows_of(text)[0]["file"] == speech


def run_predict(*arguments, **keys):
    command = [sys.executable, "-m", "emospeech", "predict", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | keys.pop("env", {})
    return subprocess.run(command, env=environment, stderr=subprocess.PIPE, **keys)


def test_stdout_as_output_is_appended_to(tmp_path, weights, speech):
    """A link to stdout as output has the same effect as `--output /dev/stdout >> log`."""
    link, log = tmp_path / "stdout", tmp_path / "log"
    link.symlink_to("/proc/self/fd/1")
    if not link.exists():
        pytest.skip("needs /proc")
    log.write_text("before\n")
    with log.open("a") as stdout:
        done = run_predict("--weights", weights, "--output", link, speech, stdout=stdout)
    assert done.returncode == 0, done.stderr
    assert link.is_symlink()
    first, _, table = log.read_text().partition("\n")
    assert first == "before"
    assert rows_of(table)[0]["file"] == speech


def test_file_names_outside_the_output_encoding_are_written(tmp_path, weights, speech):
    names = ["Łódź, \u4e2d.wav", "Ł silent.wav", "Ł missing.wav", "last.wav"]
    for name in (names[0], names[3]):
        (tmp_path / name).symlink_to(speech)
    soundfile.write(tmp_path / names[1], np.zeros(16000), 16000)
    encoding = {"PYTHONIOENCODING": "latin-1"}
    arguments = ["--weights", weights, *names]
    done = run_predict(*arguments, cwd=tmp_path, stdout=subprocess.PIPE, env=encoding)
    assert done.returncode == 1
    scored = [row["file"] for row in rows_of(done.stdout.decode("utf-8"))]
    assert scored == [names[0], names[1], names[3]]
    lines = done.stderr.splitlines()
    assert [line.split(b":")[0] for line in lines[:-1]] == [b"note", b"note", b"error"]


@pytest.mark.parametrize("to_file", [False, True])
def test_a_file_name_that_is_not_utf8_keeps_its_bytes(tmp_path, capsysbinary, monkeypatch, to_file):
    name = os.fsdecode(b"\xff\xe9.wav")

    class Scores:
        def columns(self, windows):
            return ["p1"]

        def score(self, *arguments):
            return [{"p1": 0.2}], []

    monkeypatch.setattr(scoring, "Ensemble", lambda weights: Scores())
    monkeypatch.chdir(tmp_path)
    output = ["--output", "scores.csv"] if to_file else []
    assert main(["predict", "--weights=w.safetensors", *output, name]) == 0
    written = (tmp_path / "scores.csv").read_bytes() if to_file else capsysbinary.readouterr().out
    assert written.splitlines()[1] == b"\xff\xe9.wav,0.2"


def trial(number):
    return dict.fromkeys(FAMILIES["CNN"].parameters, 4) | {"trial": number}


@pytest.mark.parametrize(
    ("best", "numbers"),
    [(trial(1), (1, 1)), ({"folds": {"1": trial(1), "2": trial(0)}}, (1, 0))],
    ids=["pooled", "by fold"],
)
def test_the_selected_trial_of_each_fold_is_used(tmp_path, capsys, speech, best, numbers):
    """Weights of other trials and folds are ignored."""
    search = tmp_path / "search/BasicCNN"
    search.mkdir(parents=True)
    (search / "best.json").write_text(json.dumps(best))
    pd.DataFrame({"fold": [1, 1, 2], "epoch": [1, 2, 1]}).to_csv(search / "histories.csv")
    trained = tmp_path / "training/BasicCNN"
    for number in range(2):
        for fold in (1, 2, 3):
            place = trained / f"trial-{number}/fold-{fold}"
            weights_of(place / "weights.safetensors", BASIC, seed=10 * number + fold)
    given = [
        f"--weights={trained}/trial-{number}/fold-{fold}/weights.safetensors"
        for fold, number in enumerate(numbers, 1)
    ]
    assert main(["predict", *given, speech]) == 0
    wanted = capsys.readouterr().out
    study = ["predict", "--results", str(tmp_path), speech, "--model"]
    assert main([*study, "BasicCNN"]) == 0
    assert capsys.readouterr().out == wanted
    assert main([*study, "BasicDCGAN"]) == 1
    assert "BasicDCGAN" in (error := capsys.readouterr().err)
    assert "BasicCNN" in error, "the finished models are listed"


@pytest.mark.parametrize("content", ["", "{", "{}", "[]"])
def test_a_damaged_choice_of_a_trial_is_not_a_missing_one(tmp_path, capsys, content):
    search = tmp_path / "search/BasicCNN"
    search.mkdir(parents=True)
    (search / "best.json").write_text(content)
    pd.DataFrame({"fold": [1], "epoch": [1]}).to_csv(search / "histories.csv")
    assert main(["predict", "--results", str(tmp_path), "--model", "BasicCNN", "a.wav"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {search}")
    assert "best.json" in line
    assert "damaged" in line


def weights_without_training():
    return build("BasicCNN", 32, TRIAL, SETTINGS.models, 0).network.state_dict()


def edit_description(change):
    """Return a function that writes weights with an edited description."""

    def write(path):
        weights_of(path, BASIC)
        description = read_description(path)
        change(description)
        save_weights(path, weights_without_training(), description)

    return write


def write_truncated_weights(path):
    path.write_bytes(Path(weights_of(path, BASIC)).read_bytes()[:-100])


INVALID_WEIGHTS = {
    "missing": lambda path: None,
    "text": lambda path: path.write_text("x" * 100),
    "truncated": write_truncated_weights,
    "no description": lambda path: save_weights(path, weights_without_training()),
    "description not a dict": lambda path: save_weights(path, weights_without_training(), [1]),
    "unknown model": edit_description(lambda content: content.update(model="X")),
    "unknown setting": edit_description(lambda content: content["config"]["models"].update(x=1)),
    "wrong type": edit_description(lambda content: content["trial"].update(filters="4")),
    "other size": edit_description(lambda content: content["trial"].update(filters=5)),
}


@pytest.mark.parametrize("kind", INVALID_WEIGHTS)
def test_invalid_weights_are_an_error_in_one_line(tmp_path, capsys, speech, kind):
    path = tmp_path / "w.safetensors"
    INVALID_WEIGHTS[kind](path)
    assert main(["predict", "--weights", str(path), speech]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith(f"error: {path}: ")


def test_weights_of_different_tasks_are_not_averaged(tmp_path, capsys, weights, speech):
    other = weights_of(tmp_path / "other.safetensors", OTHER_CHOICES)
    assert main(["predict", "--weights", weights, "--weights", other, speech]) == 1
    assert capsys.readouterr().err.startswith(f"error: {other}: ")


def test_a_description_is_read_back_and_written_deterministically(tmp_path, capsys):
    paths = [weights_of(tmp_path / f"{number}.safetensors", OTHER_CHOICES) for number in range(3)]
    assert len({Path(path).read_bytes() for path in paths}) == 1
    assert main(["describe", paths[0]]) == 0
    printed = json.loads(capsys.readouterr().out)
    same = Description.from_dict(printed)
    assert json.dumps(same.to_dict(), sort_keys=True) == json.dumps(printed, sort_keys=True)
    assert same.trial == OTHER_CHOICES.trial
    assert same.spectrograms == OTHER_CHOICES.spectrograms
    assert printed["tasks"]["activation"]["5"] == "very high"
    described = read_description(weights_of(tmp_path / "e.safetensors", EMOTIONS))
    assert Description.from_dict(described).settings.labels == emotion_labels(NAMES)
    assert printed["versions"]["emospeech"] == VERSION


def test_help_does_not_import_torch():
    script = """
import sys
from emospeech.__main__ import main
try:
    main(["predict", "--help"])
finally:
    assert not {"torch", "numpy"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--crops" in done.stdout


def test_a_closed_pipe_is_not_an_error(weights, speech):
    command = [sys.executable, "-m", "emospeech", "predict", "--weights", weights, speech]
    piped = f"{shlex.join(map(str, command))} | true"
    done = subprocess.run(piped, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize("crops", ["0", "-1", "x", "1.5"])
def test_crops_must_be_a_positive_integer(capsys, crops):
    with pytest.raises(SystemExit):
        main(["predict", "--model", "BasicCNN", f"--crops={crops}", "x.wav"])
    assert f"argument --crops: {crops} " in capsys.readouterr().err


def test_the_version_is_the_one_of_the_project():
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text()
    assert f"\nversion: {VERSION}\n" in (ROOT / "CITATION.cff").read_text()

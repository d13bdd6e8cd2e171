"""Scores of single recordings: the workflow's own values, and faults that are told."""

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from emospeech.__main__ import main
from emospeech.corpora.speech import SpeechSettings, find_speech
from emospeech.corpora.tables import RECORDING_COLUMNS
from emospeech.crops.centres import spread_centres
from emospeech.evaluation.scoring import score_row
from emospeech.faults import InputError
from emospeech.folds import FoldSettings, make_folds
from emospeech.models.catalogue import build
from emospeech.models.networks import NetworkSettings
from emospeech.spectrograms.memory import hold
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.shards import write_store
from emospeech.spectrograms.store import open_store
from emospeech.training.description import Description, understood
from emospeech.training.fold import load_fold
from emospeech.training.scorer import find_spans
from emospeech.training.settings import TrainingSettings
from emospeech.training.tested import load_tested
from emospeech.training.trial import PARAMETERS
from emospeech.training.weights import read_description, save_weights
from emospeech.version import VERSION

ROOT = Path(__file__).parents[1]
TRIAL = {"crop_width": 16, "filters": 4, "filter_size": 3, "batch_size": 8, "learning_rate": 1e-3}
# Large first weights, so that networks without training differ in what they say.
NETWORKS = NetworkSettings(shared_units=16, latent_size=8, weight_deviation=0.3)
TRAINING = TrainingSettings(device="cpu")
SPECTROGRAMS = SpectrogramSettings(rows=32)
SUMMARY = {"trial": 0, "fold": 1, "epoch": 2, "epochs": 3, "uar": 0.4}
BASIC = Description("BasicCNN", TRIAL, NETWORKS, SPECTROGRAMS, TRAINING, SUMMARY)
OTHER_CHOICES = Description(
    "MultitaskDCGAN",
    TRIAL | {"crop_width": 32},
    replace(NETWORKS, outputs=1, spectral_norm=True),
    replace(SPECTROGRAMS, amplitude="crop", dtype="uint8"),
    replace(TRAINING, encoding="regression", edge="shift"),
    SUMMARY,
)


def weights_of(path, description, seed=0):
    network, _ = build(
        description.model,
        description.spectrograms.rows,
        description.trial,
        description.networks,
        seed,
    )
    save_weights(path, network.state_dict(), description.told())
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


def test_centres_cut_the_time_of_the_words_into_equal_parts(store):
    """Recording 3 has words from 1.0 to 1.1 and from 1.2 to 2.9: 1.8 s, so 0.3 s around each."""
    times = np.array([1.25, 1.55, 1.85, 2.15, 2.45, 2.75])  # 0.15 + 0.3 i of 1.8, behind the pause
    np.testing.assert_array_equal(spread_centres(store, 3, 6), np.rint(times * 62.5))
    np.testing.assert_array_equal(spread_centres(store, 3, 18)[:2], np.rint([1.05 * 62.5, 78.125]))
    # Without words: 0.9 s are 57 frames, 0 to 56; the middles of four parts of 14 frames.
    np.testing.assert_array_equal(spread_centres(store, 2, 4), [7, 21, 35, 49])


def test_a_store_in_memory_holds_what_one_on_disk_does(tmp_path, speech):
    settings = SpectrogramSettings(rows=32, dtype="uint8", amplitude="crop")
    tables = (
        pd.DataFrame({"recording": ["a"], "path": [speech]}),
        pd.DataFrame({"recording": ["a"], "start": [0.4], "end": [1.3]}),
    )
    write_store(tmp_path / "s.h5", *tables, tmp_path, settings)
    disk, memory = open_store(tmp_path / "s.h5"), hold(speech, np.array([[0.4, 1.3]]), settings)
    for name in ("frames", "offsets", "word_start", "word_end", "word_offsets", "checksums"):
        np.testing.assert_array_equal(getattr(memory, name), getattr(disk, name))


def fold_of_crops(folder, path, times, settings):
    """A fold whose test part is one wav as often as there are `times`, each with its one word."""
    count = len(times)
    recordings = pd.DataFrame({"path": [path] * (count + 3)})
    recordings["recording"] = [f"r{number:02d}" for number in range(count + 3)]
    recordings["session"] = ["Ses01"] * (count + 1) + ["Ses02"] * 2
    recordings["gender"] = ["M"] * count + ["F", "M", "F"]
    recordings["speaker"] = recordings["session"] + recordings["gender"]
    recordings[["valence", "activation", "duration"]] = 3.0
    recordings.reindex(columns=RECORDING_COLUMNS).to_csv(folder / "recordings.csv", index=False)
    words = pd.DataFrame({"recording": recordings["recording"][:count], "start": times})
    words["end"] = times
    write_store(folder / "store.h5", recordings, words, folder, settings)
    make_folds(recordings, FoldSettings(2)).to_csv(folder / "folds.csv", index=False)
    paths = (folder / name for name in ("store.h5", "recordings.csv", "folds.csv"))
    return load_fold(*paths, 1)


@pytest.mark.parametrize("description", [BASIC, OTHER_CHOICES], ids=["plain", "other-choices"])
def test_scores_are_those_of_the_workflow(tmp_path, capsys, speech, description):
    """The test part is the wav eight times, each with a point for a word where a crop belongs."""
    path = weights_of(tmp_path / "w.safetensors", description)
    spans, _ = find_speech(speech, SpeechSettings())
    assert len(spans) > 1
    grid = np.concatenate([np.arange(start, end, 1e-5) for start, end in spans])
    times = grid[((np.arange(8) + 0.5) / 8 * len(grid)).astype(int)]
    fold = fold_of_crops(tmp_path, speech, times, description.spectrograms)
    parts = (0, description.trial, path, description.networks, description.training)
    tested = load_tested(description.model, fold, *parts)
    wanted = tested.predict("test", seed=1)
    assert len(tested.labels("test")) == 8
    assert main(["predict", "--weights", path, speech]) == 0
    (row,) = rows_of(capsys.readouterr().out)
    assert row["file"] == speech
    for task, values in wanted.items():
        prefix = "" if task == "valence" else f"{task}_"
        mean = values.mean(axis=0)
        assert np.ptp(mean) > 0.01, "the network should say something"
        np.testing.assert_allclose(probabilities(row, prefix), mean, atol=1e-6)
        assert float(row[f"{prefix}expected"]) == pytest.approx(mean @ [1, 2, 3, 4, 5], abs=1e-5)
    assert ("activation_p1" in row) == ("activation" in wanted)


def test_networks_are_averaged_and_a_second_run_is_the_same(tmp_path, capsys, speech):
    """The second network has other crops and another spectrogram."""
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
        ([0.25, 0.2, 0.3, 0.25, 0.0], "neutral"),  # although 1 and 2 have more together
        ([0.0, 0.4, 0.4, 0.2, 0.0], "negative"),  # of equal classes the lowest, as in the metrics
        ([0.1, 0.1, 0.1, 0.1, 0.6], "positive"),
    ],
)
def test_the_pooled_class_is_that_of_the_most_probable(distribution, pooled):
    assert score_row("x", {"valence": np.array(distribution)})["class3"] == pooled


def test_what_is_no_audio_is_told_and_the_others_go_on(tmp_path, capsys, weights, speech):
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "text.raw").write_text("no sound")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16000)
    bad = [str(tmp_path / name) for name in ("text.wav", "text.raw", "empty.wav", "missing.wav")]
    bad += [str(tmp_path)]
    output = tmp_path / "new" / "scores.csv"
    command = ["predict", "--weights", weights, "--output", str(output), *bad, speech]
    assert main(command) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    *lines, last = printed.err.splitlines()
    assert len(lines) == len(bad)
    for line, path in zip(lines, bad, strict=True):
        assert line.startswith(f"error: {path}: ")
    assert last == "5 of 6 files have no score"
    assert [row["file"] for row in rows_of(output.read_text())] == [speech]


def test_a_name_that_is_no_utf8_is_told(tmp_path, speech):
    named = Path(speech).rename(tmp_path / "\udcff.wav")
    with pytest.raises(InputError, match="is not readable as audio"):
        find_spans(str(named))


def test_silence_is_scored_and_told(tmp_path, capsys, weights):
    soundfile.write(tmp_path / "silence, long.wav", np.zeros(16000), 16000)
    path = str(tmp_path / "silence, long.wav")
    assert main(["predict", "--weights", weights, path]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith(f"note: {path}: no speech found")
    (row,) = rows_of(printed.out)
    assert row["file"] == path
    assert sum(probabilities(row)) == pytest.approx(1)


def trial(number):
    return dict.fromkeys(PARAMETERS, 4) | {"trial": number}


@pytest.mark.parametrize(
    ("best", "numbers"),
    [(trial(1), (1, 1)), ({"folds": {"1": trial(1), "2": trial(0)}}, (1, 0))],
    ids=["pooled", "by fold"],
)
def test_the_chosen_trials_of_a_study_are_taken(tmp_path, capsys, speech, best, numbers):
    """The weights of the chosen trial of each fold, and no other file that lies about."""
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
    assert "BasicDCGAN: has no chosen trial (finished models: BasicCNN)" in capsys.readouterr().err


def foreign(change):
    """Return what writes weights whose description was changed."""

    def write(path):
        weights_of(path, BASIC)
        told = read_description(path)
        change(told)
        save_weights(path, build("BasicCNN", 32, TRIAL, NETWORKS, 0)[0].state_dict(), told)

    return write


FAULTS = {
    "missing": (lambda path: None, ""),
    "no weights": (lambda path: path.write_text("x" * 100), "cannot be read as weights"),
    "cut": (
        lambda path: path.write_bytes(Path(weights_of(path, BASIC)).read_bytes()[:-100]),
        "cannot be read as weights",
    ),
    "older": (
        lambda path: save_weights(path, build("BasicCNN", 32, TRIAL, NETWORKS, 0)[0].state_dict()),
        "without a description",
    ),
    "no dict": (
        lambda path: save_weights(
            path, build("BasicCNN", 32, TRIAL, NETWORKS, 0)[0].state_dict(), [1]
        ),
        f"emospeech {VERSION} cannot use",
    ),
    "unknown model": (foreign(lambda told: told.update(model="X")), "cannot use"),
    "unknown setting": (foreign(lambda told: told["networks"].update(x=1)), "cannot use"),
    "wrong type": (foreign(lambda told: told["trial"].update(filters="4")), "cannot use"),
    "other size": (foreign(lambda told: told["trial"].update(filters=5)), "weights of this model"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_weights_that_cannot_be_used_are_told_in_one_line(tmp_path, capsys, speech, fault):
    write, problem = FAULTS[fault]
    path = tmp_path / "w.safetensors"
    write(path)
    assert main(["predict", "--weights", str(path), speech]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith(f"error: {path}: ")
    assert problem in line


def test_weights_of_different_tasks_are_not_averaged(tmp_path, capsys, weights, speech):
    other = weights_of(tmp_path / "other.safetensors", OTHER_CHOICES)
    assert main(["predict", "--weights", weights, "--weights", other, speech]) == 1
    assert "other.safetensors: predicts valence and activation, but" in capsys.readouterr().err


def test_a_description_comes_back_and_leaves_the_bytes_the_same(tmp_path, capsys):
    paths = [weights_of(tmp_path / f"{number}.safetensors", OTHER_CHOICES) for number in range(3)]
    assert len({Path(path).read_bytes() for path in paths}) == 1
    assert main(["describe", paths[0]]) == 0
    told = json.loads(capsys.readouterr().out)
    same = understood(told)
    assert json.dumps(same.told(), sort_keys=True) == json.dumps(told, sort_keys=True)
    assert same.trial == OTHER_CHOICES.trial
    assert same.spectrograms == OTHER_CHOICES.spectrograms
    assert told["tasks"]["activation"]["5"] == "very high"
    assert told["versions"]["emospeech"] == VERSION


def test_help_does_not_wait_for_torch():
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


def test_the_reader_of_a_pipe_may_leave(weights, speech):
    command = f"{sys.executable} -m emospeech predict --weights {weights} {speech} | true"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize("crops", ["0", "-1", "x", "1.5"])
def test_crops_are_counted_in_whole_numbers(capsys, crops):
    with pytest.raises(SystemExit):
        main(["predict", "--model", "BasicCNN", f"--crops={crops}", "x.wav"])
    assert "is no whole number above 0" in capsys.readouterr().err


def test_the_version_is_the_one_of_the_project():
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text()
    assert f"\nversion: {VERSION}\n" in (ROOT / "CITATION.cff").read_text()

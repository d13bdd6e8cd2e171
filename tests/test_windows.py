"""Windows of long recordings: each is scored like the same crop of the whole spectrogram."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from matplotlib.image import imread

from emospeech.__main__ import main
from emospeech.crops.windows import share_of_speech
from emospeech.evaluation.scoring import Ensemble, Scorer
from emospeech.report.figures.score_curve import draw_curve
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.transform import spectrogram
from tests.settings import VALENCE, emotion_labels, with_keys
from tests.test_scoring import BASIC, OTHER_CHOICES, ROOT, SETTINGS, TRIAL, rows_of, weights_of

RATE = 16000
LINEAR = replace(BASIC.spectrograms, frequency_scale="linear", hop_length=200, amplitude="fixed")
DESCRIPTIONS = {
    "plain": replace(BASIC, trial=TRIAL | {"crop_width": 64}),
    "shifted, scaled per crop": OTHER_CHOICES,
    "binary, fixed level": replace(
        BASIC, spectrograms=LINEAR, settings=with_keys(SETTINGS, class_loss="binary")
    ),
}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """23.3 s with changing loudness and spectrum, longer than a block of samples (16 s)."""
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("audio") / "long.wav"
    time = np.arange(round(23.3 * RATE)) / RATE
    loudness = 0.02 + 0.3 * np.sin(0.4 * time) ** 2 * (time % 3 < 2)
    tone = np.sin(2 * np.pi * time * (200 + 100 * time))
    soundfile.write(path, loudness * (tone + 0.3 * rng.standard_normal(len(time))) / 2, RATE)
    return path


def crop_by_hand(frames, centre, width, edge, floor):
    """Return the crop around a frame of a whole spectrogram, one frame after the other."""
    first = centre - width // 2
    if edge == "shift" and width <= len(frames):
        first = min(max(first, 0), len(frames) - width)
    elif edge == "shift":
        first = 0
    outside = np.full(frames.shape[1], floor, np.float32)
    places = range(first, first + width)
    return np.stack([frames[i] if 0 <= i < len(frames) else outside for i in places])


def scores_by_hand(weights, path, centres):
    """Return the class probabilities {task: (centres, 5)} of crops of the whole spectrogram."""
    scorer = Scorer.load(weights)
    settings, (width, edge) = scorer.description.spectrograms, scorer.crop_shape
    frames = settings.decode(settings.encode(spectrogram(path, settings)))
    crops = [crop_by_hand(frames, centre, width, edge, settings.bottom) for centre in centres]
    crops = torch.from_numpy(np.stack(crops))[:, None]
    if settings.amplitude == "crop":
        crops = (crops - crops.amax(dim=(2, 3), keepdim=True) + 1).clamp(min=-1)
    with torch.no_grad():
        logits = scorer.network.eval().classify(crops)
    return {task: scorer.objective.probabilities(x.double().numpy()) for task, x in logits.items()}


@pytest.mark.parametrize("every", [0.4, 2.0, 30.0])
@pytest.mark.parametrize("kind", DESCRIPTIONS)
def test_windows_are_scored_like_crops_of_the_whole_spectrogram(
    tmp_path, capsys, recording, kind, every
):
    weights = weights_of(tmp_path / "w.safetensors", DESCRIPTIONS[kind])
    assert main(["predict", "--weights", weights, str(recording), f"--every={every}s"]) == 0
    table = pd.DataFrame(rows_of(capsys.readouterr().out))
    table = table.drop(columns=["file", "class3"]).astype(float)
    starts = [start for start in np.arange(60) * every if start < 23.3]
    np.testing.assert_allclose(table["start"], starts)
    np.testing.assert_allclose(table["end"], [*starts[1:], 23.3])
    settings = DESCRIPTIONS[kind].spectrograms
    middles = (table["start"] + table["end"]) / 2
    centres = np.rint(middles * settings.sample_rate / settings.hop_length).astype(int)
    for task, wanted in scores_by_hand(weights, recording, centres).items():
        names = [f"{'' if task == 'valence' else 'activation_'}p{i}" for i in range(1, 6)]
        np.testing.assert_allclose(table[names], wanted, atol=1e-6)
        assert every > 23.3 or np.ptp(wanted, axis=0).max() > 0.01


def test_several_crops_per_window_and_networks_are_averaged(tmp_path, recording):
    paths = [
        weights_of(tmp_path / f"{index}.safetensors", description, seed=index)
        for index, description in enumerate([DESCRIPTIONS["plain"], BASIC, BASIC])
    ]
    rows, _ = Ensemble(paths).score(recording, crops=2, every=6)
    assert len(rows) == 4
    middle = np.array([1.5, 4.5, 7.5, 10.5, 13.5, 16.5, 18 + 5.3 / 4, 18 + 5.3 * 3 / 4])
    centres = np.rint(middle * 62.5).astype(int)
    single = [scores_by_hand(path, recording, centres)["valence"] for path in paths]
    single = np.reshape(single, (3, 4, 2, 5)).mean(axis=2)  # (networks, windows, classes)
    table = pd.DataFrame(rows)
    found = table[["p1", "p2", "p3", "p4", "p5"]]
    np.testing.assert_allclose(found, single.mean(axis=0), atol=1e-6)
    expected = single @ np.arange(1, 6)
    np.testing.assert_allclose(table["expected_std"], expected.std(axis=0, ddof=1), atol=1e-5)


@pytest.mark.parametrize("seconds", [0.001, 0.05, 2.0])
def test_short_recordings_have_one_window(tmp_path, seconds):
    path = tmp_path / "short.wav"
    soundfile.write(path, np.full(round(seconds * RATE), 0.1), RATE)
    weights = [weights_of(tmp_path / "w.safetensors", BASIC)]
    rows, _ = Ensemble(weights).score(path, every=2)
    assert [(row["start"], row["end"]) for row in rows] == [(0, pytest.approx(seconds))]


def test_the_share_of_speech_is_the_overlap_with_the_spans():
    rng = np.random.default_rng(0)
    edges = np.sort(rng.uniform(0, 10, 12)).round(3)
    spans = np.concatenate([edges.reshape(-1, 2), [[10, 10.5], [10.5, 11]]])
    windows = np.stack([np.arange(0, 12, 0.5), np.arange(0.5, 12.5, 0.5)], axis=1)
    grid = np.arange(0, 12, 1e-3) + 5e-4
    is_speech = ((grid[:, None] > spans[:, 0]) & (grid[:, None] < spans[:, 1])).any(axis=1)
    wanted = is_speech.reshape(len(windows), -1).mean(axis=1)
    np.testing.assert_allclose(share_of_speech(windows, spans), wanted, atol=1e-4)
    assert not share_of_speech(windows, np.empty((0, 2))).any()


WRITE = """
import sys
import numpy as np, soundfile
rng = np.random.default_rng(0)
with soundfile.SoundFile(sys.argv[1], "w", 16000, 1, "PCM_16") as file:
    for _ in range(int(sys.argv[2])):
        minute = 0.1 * rng.standard_normal(60 * 16000, np.float32)
        minute[: 20 * 16000] *= 0.01
        file.write(minute)
"""
SCORE = """
import resource, sys
from emospeech.__main__ import main
assert main(["predict", "--weights", *sys.argv[1:], "--every=2s", "--output=/dev/null"]) == 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def test_memory_does_not_grow_with_the_recording(tmp_path):
    """In half precision, the spectrogram of the additional quarter of an hour has 58 MB."""
    description = replace(BASIC, spectrograms=SpectrogramSettings(hop_length=64))
    weights = weights_of(tmp_path / "w.safetensors", description)
    peaks = []
    for minutes in (1, 16):
        path = tmp_path / f"{minutes}.wav"
        subprocess.run([sys.executable, "-c", WRITE, path, str(minutes)], check=True)
        command = [sys.executable, "-c", SCORE, weights, path]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        peaks.append(float(done.stdout))
    assert peaks[1] < peaks[0] + 30, f"{peaks} MB"


def test_curves_are_drawn_for_each_recording(tmp_path, capsys, recording):
    weights = weights_of(tmp_path / "w.safetensors", OTHER_CHOICES)
    (tmp_path / "a").mkdir()
    for name in ("one.wav", "a/one.wav", "$x_$.wav"):
        (tmp_path / name).symlink_to(recording)
    command = ["predict", "--weights", weights, str(tmp_path), "--every=1s"]
    assert main([*command, "--plot", str(tmp_path / "plots")]) == 0
    plots = tmp_path / "plots"
    names = {str(path.relative_to(plots)) for path in plots.rglob("*.png")}
    assert names == {"one.wav.png", "a/one.wav.png", "$x_$.wav.png"}
    assert np.ptp(imread(plots / "one.wav.png")) > 0.5
    with pytest.raises(SystemExit):
        main([*command[:-1], "--plot", str(plots)])
    assert "--every" in capsys.readouterr().err


def test_the_curve_shows_the_scores_of_the_table():
    table = pd.DataFrame({"start": [0.0, 60.0, 120.0], "end": [60.0, 120.0, 200.0]})
    table = table.assign(speech=[1, 0.2, 0.9], expected=[2.0, 3.0, 2.5], expected_std=0.25)
    (panel,) = draw_curve(table, "a.wav", (VALENCE,)).axes
    times, values = panel.lines[0].get_data()
    np.testing.assert_allclose(times, [0, 1, 2, 200 / 60])
    np.testing.assert_array_equal(values[:3], table["expected"])
    band = panel.collections[0].get_datalim(panel.transData)
    assert (band.y0, band.y1) == (1.75, 3.25)
    np.testing.assert_array_equal(panel.patches[0].get_data().values, [0, 1, 0])
    low, high = panel.get_ylim()
    assert 1 < low < 1.75
    assert 3.25 < high < 4


def test_the_curve_of_emotions_has_a_line_for_each_class():
    (task,) = emotion_labels(["sad", "angry"]).tasks(multitask=False)
    table = pd.DataFrame({"start": [0.0, 1.0], "end": [1.0, 2.0], "speech": 1.0})
    table = table.assign(p_sad=[0.3, 0.6], p_angry=[0.7, 0.4], emotion=["angry", "sad"])
    (panel,) = draw_curve(table, "a.wav", (task,)).axes
    assert [line.get_label() for line in panel.lines] == ["sad", "angry"]
    np.testing.assert_array_equal(panel.lines[1].get_data()[1][:2], table["p_angry"])
    assert panel.get_xlabel() == "Time (s)"


@pytest.mark.parametrize(
    ("text", "rows"), [("500ms", 47), ("2", 12), (".5min", 1), ("x", 0), ("2h", 0), ("1ms", 0)]
)
def test_durations_have_units(tmp_path, capsys, recording, text, rows):
    command = ["predict", "--weights", weights_of(tmp_path / "w.safetensors", BASIC)]
    command += [str(recording), "--every", text]
    if rows:
        assert main(command) == 0
        assert len(rows_of(capsys.readouterr().out)) == rows
        return
    with pytest.raises(SystemExit):
        main(command)
    assert f"argument --every: {text} " in capsys.readouterr().err

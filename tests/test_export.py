"""Exported networks: their outputs in other programs equal those of the library."""

import json
import re
import sys
from dataclasses import replace

import librosa
import numpy as np
import onnxruntime
import pytest
import soundfile
import torch

from emospeech.__main__ import main
from emospeech.evaluation.scoring import Scorer
from emospeech.models.catalogue import MODELS
from emospeech.training.predictor import predict
from emospeech.training.weights import Description
from tests.settings import PARAMETERS, emotion_labels, settings_of, with_keys
from tests.test_scoring import SPECTROGRAMS, SUMMARY, rows_of, weights_of

SETTINGS = settings_of(shared_units=16, latent_size=8, weight_deviation=0.5)
VARIANTS = {name: (name, SETTINGS) for name in MODELS} | {
    # The order is not that of the alphabet.
    "emotions": (
        "MultitaskCNN",
        replace(SETTINGS, labels=emotion_labels(["sad", "angry", "neutral"])),
    ),
    "regression": ("BasicCNN", with_keys(SETTINGS, encoding="regression")),
    "binary, spectral norm": (
        "MultitaskDCGAN",
        with_keys(SETTINGS, class_loss="binary", spectral_norm=True, batch_norm=False),
    ),
}


def description_of(model, settings=SETTINGS, **spectrograms):
    trial = PARAMETERS | {"filter_size": 4, "layers": 2}
    return Description(model, trial, replace(SPECTROGRAMS, **spectrograms), settings, SUMMARY)


def exported(tmp_path, description):
    """Return a weights file, and an ONNX file that the command line has made of it."""
    weights = weights_of(tmp_path / "w.safetensors", description)
    path = tmp_path / "network.onnx"
    assert main(["export", weights, "--onnx", str(path)]) == 0
    return weights, path


@pytest.mark.parametrize("variant", VARIANTS)
def test_onnx_gives_the_probabilities_of_torch(tmp_path, variant):
    model, settings = VARIANTS[variant]
    weights, path = exported(tmp_path, description_of(model, settings))
    session = onnxruntime.InferenceSession(path)
    crops = torch.rand(100, 1, 16, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    crops *= torch.linspace(0, 4, 100)[:, None, None, None]  # so that predictions differ
    scorer = Scorer.load(weights)
    wanted = predict(scorer.network, [crops], scorer.tasks, scorer.objective)
    assert [output.name for output in session.get_outputs()] == [*wanted]
    for size in (100, 1, 33):
        found = session.run(None, {"crops": crops[:size].numpy()})
        for (task, probabilities), output in zip(wanted.items(), found, strict=True):
            assert output.dtype == np.float32
            assert np.ptp(probabilities, axis=0).max() > 0.01, task
            np.testing.assert_allclose(output, probabilities[:size], atol=1e-4, err_msg=task)


def test_the_metadata_describes_crops_and_classes(tmp_path, capsys):
    description = description_of("MultitaskCNN", sample_rate=8000, fmax=3500.0, dynamic_range=60.0)
    weights, path = exported(tmp_path, description)
    metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    assert main(["describe", weights]) == 0
    assert json.loads(metadata["emospeech"]) == json.loads(capsys.readouterr().out)
    tasks = json.loads(metadata["emospeech"])["tasks"]
    assert tasks["activation"]["1"] == "very low"
    numbers = set(re.findall(r"[\d.]*\d", metadata["input"]))
    assert {"16", "32", "8000", "1024", "256", "3500", "60"} <= numbers


def test_the_metadata_names_the_classes_in_the_order_of_the_outputs(tmp_path):
    """JSON with sorted keys would list the names of the classes in another order."""
    _, path = exported(tmp_path, description_of(*VARIANTS["emotions"]))
    metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    classes = json.loads(metadata["emospeech"])["tasks"]["emotion"]
    assert [classes[f"{number}"] for number in (1, 2, 3)] == ["sad", "angry", "neutral"]


def test_the_metadata_suffices_to_score_audio(tmp_path, capsys):
    """Crops are computed with librosa, and scored by ONNX, for windows of 0.5 s."""
    weights, path = exported(tmp_path, description_of("BasicCNN"))
    session = onnxruntime.InferenceSession(path)
    metadata = json.loads(session.get_modelmeta().custom_metadata_map["emospeech"])
    spectrograms, width = metadata["config"]["spectrograms"], metadata["trial"]["crop_width"]
    rate, hop = spectrograms["sample_rate"], spectrograms["hop_length"]
    rng = np.random.default_rng(0)
    samples = (0.1 * rng.standard_normal(2 * rate) * np.hanning(2 * rate)).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", samples, rate, subtype="FLOAT")
    power = librosa.feature.melspectrogram(
        y=samples,
        sr=rate,
        n_fft=spectrograms["n_fft"],
        hop_length=hop,
        n_mels=spectrograms["rows"],
        fmin=spectrograms["fmin"],
        fmax=spectrograms["fmax"],
        pad_mode="constant",
    )
    decibels = 10 * np.log10(np.maximum(power, 1e-10)).T
    values = 1 + 2 * (decibels - decibels.max()) / spectrograms["dynamic_range"]
    centres = np.rint(np.array([0.25, 0.75, 1.25, 1.75]) * rate / hop).astype(int)
    crops = [values.clip(-1, 1)[centre - width // 2 :][:width] for centre in centres]
    (found,) = session.run(None, {"crops": np.stack(crops)[:, None].astype(np.float32)})
    assert main(["predict", "--weights", weights, str(tmp_path / "noise.wav"), "--every=0.5"]) == 0
    rows = rows_of(capsys.readouterr().out)
    wanted = [[float(row[f"p{number}"]) for number in range(1, 6)] for row in rows]
    assert np.ptp(found, axis=0).max() > 0.01
    np.testing.assert_allclose(found, wanted, atol=1e-3)  # a store has half precision


def test_the_file_depends_on_the_network_only(tmp_path):
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        files.append(exported(tmp_path / name, description_of("BasicCNN"))[1].read_bytes())
    assert files[0] == files[1]
    assert __file__.encode() not in files[0]
    assert sys.prefix.encode() not in files[0]


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_missing_packages_are_errors(tmp_path, capsys, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    weights = weights_of(tmp_path / "w.safetensors", description_of("BasicCNN"))
    path = tmp_path / "network.onnx"
    assert main(["export", weights, "--onnx", str(path)]) == 1
    assert not path.exists()
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(rf"error: {path}: .*{package}.*requirements-onnx", line)


def test_weights_are_not_replaced_by_onnx(tmp_path, capsys):
    weights = weights_of(tmp_path / "w.safetensors", description_of("BasicCNN"))
    with pytest.raises(SystemExit):
        main(["export", "network.onnx", "--onnx", weights])
    assert weights in capsys.readouterr().err
    assert main(["describe", weights]) == 0

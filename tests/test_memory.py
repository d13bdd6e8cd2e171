"""The memory request of a training run covers its measured peak without much excess."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from emospeech.models.settings import ModelSettings
from emospeech.training.memory import training_megabytes

ROOT = Path(__file__).parents[1]
TAKE_STEPS = """
import json, sys, torch
from benchmarks.measurement import peak_megabytes
from emospeech.models.catalogue import MODELS, build
from emospeech.training.checkpoint import Checkpoint, Progress
from emospeech.training.device import torch_device
from emospeech.training.engine import Engine
from tests.settings import PREDICTIVE, batch_of, settings_of

model, trial, checkpoint = json.loads(sys.argv[1])
settings = settings_of(threads=2)
torch_device(settings.training)
learner = build(model, 128, trial, settings.models, 0)
engine = Engine(learner, settings.labels.tasks(MODELS[model].multitask), 1e-4, settings)
width, size = trial["crop_width"], trial["batch_size"]
data = batch_of(model, size=size, width=width, rows=128, latent_size=100)
if model in PREDICTIVE:
    data.unlabelled = batch_of(model, size=32, width=128, rows=128).unlabelled
for _ in range(2):
    engine.step(**vars(data))
best = {name: value.clone() for name, value in learner.network.state_dict().items()}
Checkpoint(checkpoint, {}).save(engine, Progress(best=best))
print(peak_megabytes())
"""

RECURRENT = {"hidden_units": 256, "steps_ahead": 3}
TRIALS = [
    ("BasicCNN", {"crop_width": 128, "filters": 88, "filter_size": 4, "batch_size": 64}),
    ("MultitaskDCGAN", {"crop_width": 64, "filters": 32, "filter_size": 8, "batch_size": 128}),
    ("MultitaskDCGAN", {"crop_width": 128, "filters": 60, "filter_size": 3, "batch_size": 32}),
    ("BasicLSTM", {"crop_width": 128, "layers": 2, "hidden_units": 256, "batch_size": 256}),
    ("MultitaskAPC", RECURRENT | {"crop_width": 64, "layers": 2, "batch_size": 256}),
]


@pytest.mark.parametrize(("model", "trial"), TRIALS)
def test_the_request_covers_the_measured_peak(tmp_path, model, trial):
    text = json.dumps([model, trial, str(tmp_path / "checkpoint.safetensors")])
    command = [sys.executable, "-c", TAKE_STEPS, text]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    peak = float(done.stdout)
    asked = training_megabytes(model, 128, trial, ModelSettings())
    assert peak < asked < 2 * peak

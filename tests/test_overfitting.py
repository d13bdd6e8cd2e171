"""Each model can overfit 64 crops: gradients reach every part between input and labels."""

import numpy as np
import pytest
import torch

from emospeech.crops.pool import Windows
from emospeech.models.catalogue import MODELS, build
from emospeech.training.engine import Engine
from tests.settings import PARAMETERS, PREDICTIVE, settings_of, tasks_of_model

TRIAL = PARAMETERS | {"filters": 8, "filter_size": 4, "hidden_units": 64}
SETTINGS = settings_of(shared_units=64, latent_size=16)
ROWS, CROPS, STEPS = 32, 64, 400


@pytest.fixture(autouse=True)
def one_thread():
    """Use one thread: on tensors this small, several would only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", MODELS)
def test_each_model_overfits_64_crops(name):
    tasks, rng = tasks_of_model(name), torch.Generator().manual_seed(1)
    learner = build(name, ROWS, TRIAL, SETTINGS.models, seed=1)
    network = learner.network
    engine = Engine(learner, tasks, 1e-3, SETTINGS)
    crops = torch.rand(CROPS, 1, 16, ROWS, generator=rng) * 2 - 1
    classes = [torch.randint(5, (CROPS,), generator=rng) for _ in tasks]
    labels = [torch.nn.functional.one_hot(numbers, 5).float() for numbers in classes]
    unlabelled = crops
    if name in PREDICTIVE:
        everywhere = torch.ones(CROPS, 16, dtype=torch.bool)
        unlabelled = Windows(crops, everywhere, ("corpus",), (CROPS,))
    for step in range(STEPS):
        latent = torch.rand(CROPS, 16, generator=rng) * 2 - 1
        engine.step(crops, labels, unlabelled, latent)
        if step % 10:
            continue
        network.eval()
        with torch.no_grad():
            logits = network.classify(crops)
        network.train()
        pairs = zip(tasks, classes, strict=True)
        accuracy = [(logits[task.name].argmax(1) == truth).float().mean() for task, truth in pairs]
        if np.min(accuracy) == 1:
            return
    pytest.fail(f"accuracies {accuracy} after {STEPS} steps")

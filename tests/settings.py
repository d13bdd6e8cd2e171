"""Settings and parameters of training runs for tests, and batches of random crops."""

from dataclasses import fields, replace
from types import SimpleNamespace

import torch

from emospeech.crops.pool import Windows
from emospeech.labels import LabelSettings
from emospeech.models.catalogue import MODELS
from emospeech.training.settings import Settings

# Small, and for all families of models.
PARAMETERS = {
    "crop_width": 16,
    "filters": 4,
    "filter_size": 3,
    "batch_size": 8,
    "learning_rate": 1e-3,
    "layers": 1,
    "hidden_units": 8,
    "steps_ahead": 3,
}
LABELS = LabelSettings()
VALENCE, ACTIVATION = LABELS.tasks(multitask=True)
ADVERSARIAL = [name for name, model in MODELS.items() if model.family_name == "DCGAN"]
PREDICTIVE = [name for name, model in MODELS.items() if model.family_name == "APC"]


def emotion_labels(names, encoding="hard", **keys):
    """Return the label settings of emotion classes, each with its own name as its only label."""
    classes = {name: [name] for name in names}
    return LabelSettings(target="emotion", classes=classes, encoding=encoding, **keys)


def tasks_of_model(name, labels=LABELS):
    """Return the tasks that a model learns."""
    return labels.tasks(MODELS[name].multitask)


def with_keys(settings, **keys):
    """Return settings with some keys changed, each in the section that has it."""
    for section in ("crops", "labels", "models", "training", "apc"):
        part = getattr(settings, section)
        own = {field.name: keys.pop(field.name) for field in fields(part) if field.name in keys}
        settings = replace(settings, **{section: replace(part, **own)})
    return replace(settings, **keys)


def settings_of(**keys):
    """Return the default settings on the CPU with some keys changed."""
    return with_keys(Settings(), **{"device": "cpu"} | keys)


def batch_of(name, outputs=5, dtype=torch.float32, size=4, seed=0, **shape):
    """Return the arguments of a training step of a model.

    `shape` are the `width` and `rows` of a crop, and the `latent_size`.
    """
    width, rows, latent_size = ({"width": 16, "rows": 32, "latent_size": 8} | shape).values()
    tasks, rng = len(tasks_of_model(name)), torch.Generator().manual_seed(seed)
    crops, unlabelled = torch.rand(2, size, 1, width, rows, generator=rng, dtype=dtype) * 2 - 1
    labels = torch.randn(tasks, size, outputs, generator=rng, dtype=dtype).softmax(2)
    noise = torch.rand(size, latent_size, generator=rng, dtype=dtype) * 2 - 1
    if name in PREDICTIVE:
        inside = torch.rand(size, width, generator=rng) < 0.9
        unlabelled = Windows(unlabelled, inside, ("ami", "iemocap"), (1, size - 1))
    return SimpleNamespace(crops=crops, targets=list(labels), unlabelled=unlabelled, noise=noise)

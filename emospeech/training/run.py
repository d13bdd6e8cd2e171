"""A training from end to end: from a fold and a trial to weights, history and validation score."""

import ctypes
import logging
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch

from emospeech.crops.gather import CropGatherer
from emospeech.crops.pool import UnlabelledPool
from emospeech.crops.sampler import Sampler
from emospeech.models.catalogue import MODELS, build
from emospeech.spectrograms.store import check_store
from emospeech.training.album import Album
from emospeech.training.checkpoint import Checkpoint
from emospeech.training.data import LabelledPart
from emospeech.training.fit import Fitted, fit, never, stream
from emospeech.training.fold import is_store_of, labelled_parts, unlabelled_recordings
from emospeech.training.identity import identity_of
from emospeech.training.precision import allow_tf32, resolve_precision
from emospeech.training.settings import TrainingSettings

log = logging.getLogger(__name__)

# Options of mallopt(3), from malloc.h.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -2, -3, -4


@dataclass(frozen=True)
class Outcome:
    """The results of one training."""

    history: pd.DataFrame  # a row per epoch
    weights: dict[str, torch.Tensor]  # of the best epoch
    validation: dict  # the best epoch and its score, see summary_of
    draws: pd.DataFrame  # how often each recording was drawn, see DrawCounts.table
    settings: TrainingSettings  # with the precision that was used


def train_fold(
    name,
    fold,
    unlabelled,
    number,
    trial,
    networks,
    settings,
    checkpoint=None,
    code=None,
    album=None,
    halted=never,
):
    """Train model `name` on a fold with trial `number`; return an Outcome.

    `unlabelled` are the paths of the stores of the unlabelled pool, used by the DCGANs, and
    `networks` the NetworkSettings. All random numbers depend on the seed, the trial and the fold.
    With a path `checkpoint` the training goes on from what lies there, if it is of the same
    training by the same `code` (a fingerprint), and leaves its state there after each epoch. It is
    for the caller to remove it when what is returned is safe. When `halted()` turns true the state
    is left there after the step in hand, and StoppedError is raised. An Album `album` is filled
    with what the generator draws.
    """
    log.info("%s, trial %d, fold %d", name, number, fold.fold)
    device, model = torch_device(settings), MODELS[name]
    settings = replace(settings, precision=resolve_precision(settings.precision, device.type))
    place = (number, fold.fold)
    seed = int(stream(settings, *place).integers(2**63))
    built = build(name, fold.store.settings.rows, trial, networks, seed)
    modules = [part and part.to(device) for part in built]
    parts = crops_of_parts(fold, model, trial, settings, device)
    paths = unlabelled if model.adversarial else None
    sampler = sampler_of(fold, parts["train"], paths, trial, settings)
    identity = identity_of(name, fold, number, trial, networks, settings, sampler, code)
    state = Checkpoint(checkpoint, identity)
    album = Album() if album is None else album
    fitted = fit(modules, model, trial, parts, sampler, settings, place, state, album, halted)
    weights = fitted.weights
    if weights is None:  # diverged in the first epoch: the initial weights
        weights = build(name, fold.store.settings.rows, trial, networks, seed)[0].state_dict()
    summary = {"model": name, "trial": number, "fold": fold.fold} | summary_of(fitted, settings)
    return Outcome(fitted.history, weights, summary, fitted.draws, settings)


def sampler_of(fold, train, unlabelled, trial, settings):
    """Return the Sampler of a LabelledPart, with a pool where `unlabelled` is not None."""
    pool = None if unlabelled is None else unlabelled_pool(fold, unlabelled, train.gather)
    recordings, valence = train.part.recordings, train.part.labels[:, 0]
    return Sampler(
        train.gather, recordings, valence, pool, trial["batch_size"], settings.oversample
    )


def summary_of(fitted: Fitted, settings: TrainingSettings) -> dict:
    """Return the best epoch of a training, its validation UAR, and what ended the training.

    `capped` is true if the cap on epochs ended it. A diverged training has no epoch and no UAR, so
    that it cannot be chosen.
    """
    epochs = len(fitted.history)
    summary = {"epochs": epochs, "diverged": fitted.diverged, "precision": settings.precision}
    if fitted.diverged:
        return summary | {"epoch": None, "capped": False, "uar": None}
    best = fitted.history.loc[fitted.history["validation_uar"].idxmax()]
    return summary | {
        "epoch": int(best["epoch"]),
        "capped": bool(epochs - best["epoch"] < settings.patience),
        "uar": float(best["validation_uar"]),
    }


def crops_of_parts(fold, model, trial, settings, device):
    """Return {part: LabelledPart} for the tasks of a model."""
    parts = labelled_parts(fold, model.tasks)
    for name, part in parts.items():
        size = len(part.recordings)
        left_out = (fold.table["part"] == name).sum() - size
        log.info("%s: %d recordings, %d without a label left out", name, size, left_out)
    gather = CropGatherer(fold.store, trial["crop_width"], device, settings.edge)
    return {name: LabelledPart(gather, part) for name, part in parts.items()}


def unlabelled_pool(fold, paths, labelled):
    """Return the pool of all audio that may be heard unlabelled, from the stores at `paths`.

    `labelled` is the gatherer of the fold's own store, which is not opened a second time.
    """
    gatherers, allowed = [], []
    for path in map(Path, paths):
        gather = labelled
        if not is_store_of(fold, path):
            gather = CropGatherer(check_store(path), labelled.width, labelled.device, labelled.edge)
        gatherers.append(gather)
        allowed.append(unlabelled_recordings(fold, gather.store))
    return UnlabelledPool(gatherers, allowed)


def torch_device(settings):
    """Return the device of the settings and make torch deterministic and thrifty on it."""
    keep_freed_memory()
    torch.set_num_threads(settings.threads)
    name = settings.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":  # on a CPU the algorithms are deterministic, and the call takes a second
        torch.use_deterministic_algorithms(True, warn_only=True)
        allow_tf32(False)  # torch's default allows it in convolutions
    return torch.device(name)


def keep_freed_memory():
    """Let a C library that has mallopt keep what is freed, instead of giving it back at once.

    A step on a CPU frees and takes the same tensors again and again. By default glibc maps each
    anew, and the time goes into page faults.
    """
    set_memory({M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 2**26})


def set_memory(options):
    """Set options of mallopt, {number: value}, where the C library has it; return that library."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        for option, value in options.items():
            libc.mallopt(option, value)
    return libc

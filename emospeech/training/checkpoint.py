"""Checkpoints: the state of a training run after an epoch or step, from which a killed run resumes.

A checkpoint is one safetensors file. Its tensors are the state of the engine, the best weights, the
sample grids, the counts of draws and the sums of losses of an unfinished epoch. Its header contains
the history, the number of steps of that epoch, the identity of the training run and a checksum.
Random numbers are drawn for each epoch from its own key, and early stopping follows from the
history, so neither is saved. The outcome of a training run does not depend on how often it was
killed or stopped.
"""

import hashlib
import json
import logging
import os
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from emospeech.runtime.files import atomic_path
from emospeech.spectrograms.store import Store
from emospeech.training.engine import Engine
from emospeech.training.fold import Fold

log = logging.getLogger(__name__)

# Prefixes of the names of tensors.
STATE, BEST, GRID, LOSS, DRAWS = "state.", "best.", "grid.", "loss.", "draws."
MAX_SAVING_SHARE = 0.02  # of the time of a training run that is spent on checkpoints


@dataclass
class EpochProgress:
    """The steps of the current epoch that are finished."""

    steps: int = 0
    sums: dict[str, torch.Tensor] = field(default_factory=dict)  # of the losses, on the device
    seconds: float = 0.0

    def add(self, losses: Mapping[str, torch.Tensor]) -> None:
        """Add the losses of a step, {name: scalar tensor}."""
        self.steps += 1
        for name, loss in losses.items():
            # The sum stays on the device, so that no step waits for it.
            self.sums[name] = self.sums[name] + loss if name in self.sums else loss

    def means(self) -> dict[str, float]:
        """Return the mean losses of the steps."""
        if not self.sums:
            return {}
        totals = torch.stack(list(self.sums.values())).tolist()  # waits for the device once
        return {name: total / self.steps for name, total in zip(self.sums, totals, strict=True)}


@dataclass
class Progress:
    """The results of the finished epochs, and the current epoch."""

    history: list[dict] = field(default_factory=list)  # one row per epoch
    best: dict[str, torch.Tensor] | None = None  # the best weights so far
    grids: dict[int, torch.Tensor] = field(default_factory=dict)  # of the generator, by epoch
    draws: dict[str, torch.Tensor] = field(default_factory=dict)  # see DrawCounts.counts
    current: EpochProgress = field(default_factory=EpochProgress)

    def __str__(self) -> str:
        epoch = f"epoch {len(self.history)}"
        if not self.current.steps:
            return epoch
        return f"{epoch} and {self.current.steps} steps of the next"


class Checkpoint:
    """The checkpoint file of one training run; without a path nothing is saved."""

    def __init__(self, path: str | os.PathLike | None, identity: Mapping[str, object]):
        """Set the path and the identity of the training run.

        Args:
            path: The checkpoint file, or None.
            identity: All values that the outcome depends on, by name. They are stored as JSON.
        """
        self.path = None if path is None else Path(path)
        self.began = time.monotonic()
        self.saving = 0.0  # seconds spent on saving
        self.identity = {name: json.dumps(value) for name, value in identity.items()}

    def save_if_due(self, engine: Engine, progress: Progress) -> None:
        """Save unless saving has already taken more than MAX_SAVING_SHARE of the time."""
        if self.saving <= MAX_SAVING_SHARE * (time.monotonic() - self.began):
            self.save(engine, progress)

    def save(self, engine: Engine, progress: Progress) -> None:
        """Save the state of `engine` and the progress, replacing the previous checkpoint."""
        if self.path is None:
            return
        start = time.monotonic()
        tensors = {STATE + name: value for name, value in engine.state().items()}
        tensors |= {BEST + name: value for name, value in (progress.best or {}).items()}
        tensors |= {f"{GRID}{epoch}": value for epoch, value in progress.grids.items()}
        tensors |= {LOSS + name: value for name, value in progress.current.sums.items()}
        tensors |= {DRAWS + name: value for name, value in progress.draws.items()}
        tensors = {name: value.cpu().contiguous() for name, value in tensors.items()}
        current = progress.current
        text = json.dumps([progress.history, current.steps, current.seconds])
        header = {
            "identity": json.dumps(self.identity),
            "progress": text,
            "checksum": str(_checksum(text, tensors)),
        }
        with atomic_path(self.path) as temporary:
            save_file(tensors, temporary, header)
        self.saving += time.monotonic() - start

    def resume(self, engine: Engine) -> Progress:
        """Restore the state of `engine` and return the saved Progress.

        The Progress is empty if there is no checkpoint, or if it is damaged or belongs to another
        training; the log then gives the reason.
        """
        if self.path is None or not self.path.exists():
            return Progress()
        try:
            device = next(iter(engine.state().values())).device
            (history, steps, seconds), tensors = self._read(device)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            log.info("%s: not used, starting from the first epoch: %s", self.path, error)
            return Progress()
        for name, value in engine.state().items():
            value.copy_(tensors[STATE + name])
        grids = {int(epoch): grid.cpu() for epoch, grid in _with_prefix(GRID, tensors).items()}
        current = EpochProgress(steps, _with_prefix(LOSS, tensors), seconds)
        draws = {name: counts.cpu() for name, counts in _with_prefix(DRAWS, tensors).items()}
        best = _with_prefix(BEST, tensors) or None
        progress = Progress(history, best, grids, draws, current)
        log.info("resuming after %s", progress)
        return progress

    def _read(self, device: torch.device) -> tuple[list, dict[str, torch.Tensor]]:
        """Return progress and tensors; ValueError if damaged or of another training."""
        with safe_open(self.path, "pt") as file:
            header = file.metadata() or {}
            if header.keys() != {"identity", "progress", "checksum"}:
                raise ValueError("not a training checkpoint")
            found = json.loads(header["identity"])
            for name in sorted(found.keys() | self.identity.keys()):
                theirs, ours = found.get(name), self.identity.get(name)
                if theirs != ours:
                    raise ValueError(f"{name} is now {ours} and was {theirs}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header["checksum"] != str(_checksum(header["progress"], tensors)):
            raise ValueError("damaged after it was written")
        moved = {name: value.to(device) for name, value in tensors.items()}
        return json.loads(header["progress"]), moved


def _with_prefix(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the tensors whose names start with `prefix`, without the prefix."""
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _checksum(text: str, tensors: Mapping[str, torch.Tensor]) -> int:
    """Return the CRC-32 of a text and of the bytes of CPU tensors, in the order of their names."""
    total = zlib.crc32(text.encode())
    for name in sorted(tensors):
        total = zlib.crc32(tensors[name].flatten().view(torch.uint8).numpy().data, total)
    return total


def digest_of_audio(store: Store) -> str:
    """Return a digest of a store: the checksums of its frames, its recordings and words."""
    arrays = (store.checksums, store.offsets, store.word_start, store.word_end, store.word_offsets)
    return _digest(repr((store.recordings, store.settings)).encode(), *arrays)


def digest_of_labels(fold: Fold) -> str:
    """Return a digest of the part, the labels and the targets of each recording of a fold."""
    table = fold.table[["recording", "part", *fold.targets]].to_csv(index=False)
    return _digest(table.encode(), *fold.targets.values())


def _digest(*parts: bytes | np.ndarray) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(np.ascontiguousarray(part).data if isinstance(part, np.ndarray) else part)
    return digest.hexdigest()[:16]

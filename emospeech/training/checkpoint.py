"""The state of a training after an epoch or a step, so that a killed one goes on where it was.

A checkpoint is one safetensors file: the tensors of the engine, the best weights, the pages of the
album, the counts of draws and the sums of losses of an unfinished epoch, and in its header the
history, the steps of that epoch, what fixes the training (its identity) and a checksum. Random
numbers are drawn anew for each epoch from its place, and the stopping rule follows from the
history, so neither needs saving. What comes out of a training does not depend on how often it was
killed or stopped.
"""

import json
import logging
import zlib
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from emospeech.files import written_whole
from emospeech.training.progress import Begun, Progress

log = logging.getLogger(__name__)

# Prefixes of the names of tensors.
STATE, BEST, PAGE, SUM, DRAWS = "state.", "best.", "page.", "sum.", "draws."


class Checkpoint:
    """The checkpoint of one training at `path`; of none where `path` is None."""

    def __init__(self, path, identity):
        """`identity` maps names to text or numbers: all that fixes what the training gives."""
        self.path = path and Path(path)
        self.identity = {name: json.dumps(value) for name, value in identity.items()}

    def save(self, engine, progress):
        """Write the state of `engine` and where the training stands, in place of the one before."""
        if self.path is None:
            return
        tensors = {STATE + name: value for name, value in engine.state().items()}
        tensors |= {BEST + name: value for name, value in (progress.best or {}).items()}
        tensors |= {f"{PAGE}{epoch}": value for epoch, value in progress.pages.items()}
        tensors |= {SUM + name: value for name, value in progress.begun.sums.items()}
        tensors |= {DRAWS + name: value for name, value in progress.draws.items()}
        tensors = {name: value.cpu().contiguous() for name, value in tensors.items()}
        begun = progress.begun
        text = json.dumps([progress.history, begun.steps, begun.seconds])
        header = {
            "identity": json.dumps(self.identity),
            "progress": text,
            "checksum": str(_checksum(text, tensors)),
        }
        with written_whole(self.path) as beside:
            save_file(tensors, beside, header)

    def resume(self, engine):
        """Bring `engine` to where the checkpoint left it; return the Progress that was saved.

        It is at its beginning without a checkpoint, and with one that is damaged or of another
        training: the log then has a line that says why.
        """
        if self.path is None or not self.path.exists():
            return Progress()
        try:
            (history, steps, seconds), tensors = self._read(_device_of(engine))
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            log.info("%s is not used, the training starts anew: %s", self.path, error)
            return Progress()
        for name, value in engine.state().items():
            value.copy_(tensors[STATE + name])
        pages = {int(epoch): page.cpu() for epoch, page in _behind(PAGE, tensors).items()}
        begun = Begun(steps, _behind(SUM, tensors), seconds)
        draws = {name: counts.cpu() for name, counts in _behind(DRAWS, tensors).items()}
        progress = Progress(history, _behind(BEST, tensors) or None, pages, draws, begun)
        log.info("the training goes on after %s", progress)
        return progress

    def _read(self, device):
        """Return what was written; ValueError where it is damaged or of another training."""
        with safe_open(self.path, "pt") as file:
            header = file.metadata() or {}
            if header.keys() != {"identity", "progress", "checksum"}:
                raise ValueError("it is no checkpoint of a training")
            self._refuse_other(json.loads(header["identity"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header["checksum"] != str(_checksum(header["progress"], tensors)):
            raise ValueError("it was damaged after it was written")
        moved = {name: value.to(device) for name, value in tensors.items()}
        return json.loads(header["progress"]), moved

    def _refuse_other(self, found):
        for name in sorted(found.keys() | self.identity.keys()):
            theirs, ours = found.get(name), self.identity.get(name)
            if theirs != ours:
                raise ValueError(f"{name} is {ours} now, and was {theirs}")


def _device_of(engine):
    return next(iter(engine.state().values())).device


def _behind(prefix, tensors):
    """Return the tensors whose names start with `prefix`, by what follows it."""
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _checksum(text, tensors):
    """Return the CRC-32 of a text and of the bytes of tensors on a CPU, in the order of names."""
    total = zlib.crc32(text.encode())
    for name in sorted(tensors):
        total = zlib.crc32(tensors[name].flatten().view(torch.uint8).numpy(), total)
    return total

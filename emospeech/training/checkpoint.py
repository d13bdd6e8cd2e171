"""The state of a training after a whole epoch, so that a killed one goes on where it was.

A checkpoint is one safetensors file: the tensors of the engine, the best weights and the pages of
the album, and in its header the history, what fixes the training (its identity) and a checksum.
Random numbers are drawn anew for each epoch from its place, and the stopping rule follows from the
history, so neither needs saving. What comes out of a training does not depend on how often it was
killed.
"""

import json
import logging
import zlib
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from emospeech.files import written_whole

log = logging.getLogger(__name__)

STATE, BEST, PAGE = "state.", "best.", "page."  # in front of the names of tensors


class Checkpoint:
    """The checkpoint of one training at `path`; of none where `path` is None."""

    def __init__(self, path, identity):
        """`identity` maps names to text or numbers: all that fixes what the training gives."""
        self.path = path and Path(path)
        self.identity = {name: json.dumps(value) for name, value in identity.items()}

    def save(self, engine, history, best, pages):
        """Write the state after the last epoch of `history`, in place of the one before.

        `best` holds tensors by their names and `pages`, of an album, by their epochs.
        """
        if self.path is None:
            return
        tensors = {STATE + name: value for name, value in engine.state().items()}
        tensors |= {BEST + name: value for name, value in best.items()}
        tensors |= {f"{PAGE}{epoch}": value for epoch, value in pages.items()}
        tensors = {name: value.cpu().contiguous() for name, value in tensors.items()}
        text = json.dumps(history)
        header = {
            "identity": json.dumps(self.identity),
            "history": text,
            "checksum": str(_checksum(text, tensors)),
        }
        with written_whole(self.path) as beside:
            save_file(tensors, beside, header)

    def resume(self, engine):
        """Bring `engine` to where the checkpoint left it; return history, best weights and pages.

        They are [], None and {} without a checkpoint, and with one that is damaged or of another
        training: the log then has a line that says why.
        """
        if self.path is None or not self.path.exists():
            return [], None, {}
        try:
            history, tensors = self._read(next(iter(engine.state().values())).device)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            log.info("%s is not used, the training starts anew: %s", self.path, error)
            return [], None, {}
        for name, value in engine.state().items():
            value.copy_(tensors[STATE + name])
        log.info("the training goes on after epoch %d", len(history))
        pages = {int(epoch): page.cpu() for epoch, page in _behind(PAGE, tensors).items()}
        return history, _behind(BEST, tensors), pages

    def _read(self, device):
        """Return history and tensors; ValueError where they are damaged or of another training."""
        with safe_open(self.path, "pt") as file:
            header = file.metadata() or {}
            if header.keys() != {"identity", "history", "checksum"}:
                raise ValueError("it is no checkpoint of a training")
            self._refuse_other(json.loads(header["identity"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header["checksum"] != str(_checksum(header["history"], tensors)):
            raise ValueError("it was damaged after it was written")
        moved = {name: value.to(device) for name, value in tensors.items()}
        return json.loads(header["history"]), moved

    def _refuse_other(self, found):
        for name in sorted(found.keys() | self.identity.keys()):
            theirs, ours = found.get(name), self.identity.get(name)
            if theirs != ours:
                raise ValueError(f"{name} is {ours} now, and was {theirs}")


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

"""Publishes a training run while it is running, in two hidden files in the folder of its results.

`.history.csv` has the rows of history.csv so far, and `.progress.json` the values of LiveProgress.
Both are removed when the training run ends. This module does not import torch, so that
`emospeech status` starts fast.
"""

import csv
import io
import math
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_json, write_json, write_text

if TYPE_CHECKING:  # it imports torch
    from emospeech.training.checkpoint import Progress

PROGRESS, HISTORY = ".progress.json", ".history.csv"
INTERVAL = 5.0  # seconds between two updates within an epoch
MAX_WRITING_SHARE = 0.003  # of the time of a training run that is spent on these files
RECENT = 5  # epochs over which the duration of an epoch is averaged
RUNNING, STOPPED = "running", "stopped"


@dataclass(frozen=True)
class LiveProgress:
    """The progress of a training run. Values that are not known yet are None."""

    model: str
    trial: int
    fold: int
    seed: int
    steps_per_epoch: int
    patience: int
    max_epochs: int
    pretraining: int  # epochs without labels
    epoch: int = 0  # finished epochs
    steps: int = 0  # finished steps of the current epoch
    best_epoch: int = 0  # 0: none yet
    best_uar: float | None = None
    validation_uar: float | None = None  # of the last epoch
    crops_per_second: float | None = None
    epoch_seconds: float | None = None  # mean of the last epochs
    current_seconds: float = 0.0  # in the current epoch
    state: str = RUNNING
    updated: float = 0.0  # Unix time
    host: str = ""

    def seconds_left(self) -> tuple[float, float] | None:
        """Return the shortest and the longest possible time until the training run ends.

        It is shortest if the validation UAR does not increase any more, and longest if it increases
        until the maximum number of epochs. None if the duration of an epoch is not known yet.
        """
        duration = self.epoch_seconds
        if duration is None:
            if not self.steps:
                return None
            duration = self.current_seconds * self.steps_per_epoch / self.steps
        # The first epoch with labels is always the best so far.
        best = max(self.best_epoch, self.pretraining) if self.best_epoch else self.pretraining + 1
        longest = max(0, self.max_epochs - self.epoch)
        shortest = min(longest, max(0, best + self.patience - self.epoch))
        spent = self.current_seconds
        return max(0.0, shortest * duration - spent), max(0.0, longest * duration - spent)


class LiveFiles:
    """Writes the files of a training run, without spending more than MAX_WRITING_SHARE of its time.

    Without a folder nothing is written.
    """

    def __init__(self, folder: Path | None, start: LiveProgress, batch_size: int):
        """Write the first files when `update` is called.

        Args:
            folder: The folder of the results of the training run, or None.
            start: The values that do not change.
            batch_size: Labelled crops in a step.
        """
        self.folder, self.batch_size = folder, batch_size
        self.live = replace(start, host=socket.gethostname())
        self.began = self.last = time.monotonic()
        self.writing = 0.0  # seconds spent on writing
        self.epoch_began, self.first_step = self.began, 0  # of this process in the current epoch

    def begin_epoch(self, progress: "Progress") -> None:
        """Note that the steps of an epoch begin, or continue after an interruption."""
        self.epoch_began, self.first_step = time.monotonic(), progress.current.steps

    def update_if_due(self, progress: "Progress") -> None:
        """Write the progress within an epoch, if the last update is some seconds old."""
        if time.monotonic() - self.last >= INTERVAL:
            self.update(progress)

    def update(self, progress: "Progress", state: str = RUNNING) -> None:
        """Write the progress, except if writing has taken too much time so far."""
        now = time.monotonic()
        is_due = self.writing <= MAX_WRITING_SHARE * (now - self.began) or state == STOPPED
        if self.folder is None or not is_due:
            return
        self.last = now
        self.live = self._progress(progress, state)
        with suppress(OSError, InputError):  # the training run does not need these files
            write_json(self.folder / PROGRESS, asdict(self.live))
            if not progress.current.steps and progress.history:
                write_text(self.folder / HISTORY, _csv(progress.history))
        self.writing += time.monotonic() - now

    def remove(self) -> None:
        """Remove the files."""
        if self.folder is not None:
            for name in (PROGRESS, HISTORY):
                (self.folder / name).unlink(missing_ok=True)

    def _progress(self, progress, state):
        history, steps = progress.history, progress.current.steps
        uars = [row["validation_uar"] for row in history]
        known = [(uar, -epoch) for epoch, uar in enumerate(uars, start=1) if math.isfinite(uar)]
        best_uar, best_epoch = max(known, default=(None, 0))
        rate = history[-1]["crops_per_second"] if history else None
        elapsed = time.monotonic() - self.epoch_began
        if steps > self.first_step:
            rate = (steps - self.first_step) * self.batch_size / elapsed
        earlier = progress.current.seconds  # before an interruption
        recent = [row["seconds"] for row in history[-RECENT:]]
        return replace(
            self.live,
            epoch=len(history),
            steps=steps,
            best_epoch=-best_epoch,
            best_uar=best_uar,
            validation_uar=uars[-1] if uars and math.isfinite(uars[-1]) else None,
            crops_per_second=rate,
            epoch_seconds=sum(recent) / len(recent) if recent else None,
            current_seconds=earlier if state == STOPPED or not steps else earlier + elapsed,
            state=state,
            updated=time.time(),
        )


def read_live(folder: Path) -> LiveProgress | None:
    """Return the progress of a training run, None if there is none or it is not readable."""
    try:
        return LiveProgress(**read_json(folder / PROGRESS))
    except (OSError, InputError, TypeError):
        return None


def _csv(history: Sequence[Mapping]) -> str:
    """Return the text of history.csv; the module `csv` is faster than pandas for few rows."""
    text = io.StringIO()
    columns = dict.fromkeys(name for row in history for name in row)  # differ in pretraining
    writer = csv.DictWriter(text, list(columns), lineterminator="\n", restval="")
    writer.writeheader()
    for row in history:
        writer.writerow({name: "" if value != value else value for name, value in row.items()})
    return text.getvalue()

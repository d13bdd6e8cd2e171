"""Where a training stands: what it has done, beside the tensors of its engine."""

from dataclasses import dataclass, field

import torch


@dataclass
class Begun:
    """What was done of the epoch in hand."""

    steps: int = 0
    sums: dict[str, torch.Tensor] = field(default_factory=dict)  # of the losses, on the device
    seconds: float = 0.0

    def add(self, losses):
        """Count a step with its losses, {name: scalar tensor}."""
        self.steps += 1
        for name, loss in losses.items():
            # The sum stays on the device: a step does not wait.
            self.sums[name] = self.sums[name] + loss if name in self.sums else loss

    def means(self):
        """Return the mean losses of the steps, {name: number}."""
        return {name: float(total) / self.steps for name, total in self.sums.items()}


@dataclass
class Progress:
    """The epochs that are done, what was kept of them, and the epoch in hand."""

    history: list[dict] = field(default_factory=list)  # a row an epoch
    best: dict[str, torch.Tensor] | None = None  # the best weights so far
    pages: dict[int, torch.Tensor] = field(default_factory=dict)  # of the album, by epoch
    draws: dict[str, torch.Tensor] = field(default_factory=dict)  # counts, see training.draws
    begun: Begun = field(default_factory=Begun)

    def __str__(self):
        epoch = f"epoch {len(self.history)}"
        if not self.begun.steps:
            return epoch
        return f"{epoch} and {self.begun.steps} steps of the next"

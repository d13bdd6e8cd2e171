"""The batches of a training run: labelled crops (oversampled if configured) and unlabelled ones."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from emospeech.crops.centres import draw_centres
from emospeech.crops.gather import CropGatherer
from emospeech.crops.oversampling import draw_epoch, epoch_length
from emospeech.crops.pool import UnlabelledPool
from emospeech.runtime.errors import InputError


@dataclass(frozen=True)
class Sampler:
    """Draws the crops of a whole epoch, so that a step only has to cut them.

    The batch of a step depends only on the generator of the epoch and the index of the step.
    """

    gather: CropGatherer
    recordings: np.ndarray  # (n,) indices of the labelled recordings in the store
    labels: np.ndarray  # (n,) their labels of the target
    pool: UnlabelledPool | None
    batch_size: int
    unlabelled_batch_size: int
    even_classes: int | None  # number of classes to draw evenly; None: each recording once

    @property
    def steps(self) -> int:
        """The number of batches of an epoch."""
        return epoch_length(self.labels, self.even_classes) // self.batch_size

    def epoch(self, rng: np.random.Generator) -> "Epoch":
        """Draw the batches of an epoch; an incomplete last batch is dropped.

        Raises:
            InputError: The recordings do not fill a batch.
        """
        order = draw_epoch(self.labels, self.even_classes, rng)
        steps = len(order) // self.batch_size
        if not steps:
            problem = f"{self.batch_size} is larger than an epoch, which has {len(order)} crops"
            raise InputError("search.space.batch_size", f"{problem}. Use a smaller batch size.")
        order = order[: steps * self.batch_size]
        drawn = self.recordings[order]
        locations = self.gather.locate(drawn, draw_centres(self.gather.store, drawn, rng))
        shape = (steps, self.batch_size)
        return Epoch(
            self,
            torch.from_numpy(order).to(self.gather.device).view(shape),
            locations.view(*shape, -1),
            self.pool.draw(steps, self.unlabelled_batch_size, rng) if self.pool else None,
        )


@dataclass(frozen=True)
class Epoch:
    """The draws of an epoch, on the device. `epoch[step]` returns the crops of one batch."""

    sampler: Sampler
    positions: torch.Tensor  # (steps, batch_size) indices into the sampler's recordings
    locations: torch.Tensor  # (steps, batch_size, 3) of the labelled crops
    unlabelled: list[tuple[torch.Tensor, ...]] | None  # see UnlabelledPool.draw

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, step: int) -> tuple[torch.Tensor, torch.Tensor, Any]:
        """Return labelled crops, their positions, and unlabelled crops if there is a pool.

        Crops are contiguous float32 of shape (batch_size, 1, width, rows); the unlabelled ones are
        those of `UnlabelledPool.cut`.
        """
        gather, pool = self.sampler.gather, self.sampler.pool
        crops = gather.values(gather.cut(self.locations[step]))
        unlabelled = pool.cut(self.unlabelled[step]) if pool and self.unlabelled else None
        return crops, self.positions[step], unlabelled

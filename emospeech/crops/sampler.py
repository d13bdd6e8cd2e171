"""The batches of training: labelled crops, oversampled, and unlabelled ones beside them."""

from dataclasses import dataclass

import numpy as np
import torch

from emospeech.crops.centres import draw_centres
from emospeech.crops.gather import CropGatherer
from emospeech.crops.oversample import draw_epoch
from emospeech.crops.pool import UnlabelledPool
from emospeech.runtime.errors import InputError


@dataclass(frozen=True)
class Sampler:
    """Draws an epoch at a time, so that a step is left with cutting its crops.

    What a step shows depends on the generator of the epoch and the number of the step alone.
    """

    gather: CropGatherer
    recordings: np.ndarray  # (n,) numbers of the labelled recordings in the store
    valence: np.ndarray  # (n,) their labels
    pool: UnlabelledPool | None
    batch_size: int
    oversample: bool  # draw the valence classes evenly, or each recording once an epoch

    def epoch(self, rng):
        """Return the whole batches of an epoch drawn from the numpy generator `rng`.

        The last incomplete batch is left out. Raises InputError where there is no whole one.
        """
        order = self._order(rng)
        steps = len(order) // self.batch_size
        if not steps:
            problem = f"is {self.batch_size}, but an epoch holds only {len(order)} crops"
            raise InputError("search.space.batch_size", f"{problem}; take a smaller one")
        order = order[: steps * self.batch_size]
        drawn = self.recordings[order]
        places = self.gather.locate(drawn, draw_centres(self.gather.store, drawn, rng))
        shape = (steps, self.batch_size)
        return Epoch(
            self,
            torch.from_numpy(order).to(self.gather.device).view(shape),
            places.view(*shape, -1),
            self.pool and self.pool.draw(*shape, rng),
        )

    def _order(self, rng):
        """Return positions in `recordings`, in the order of an epoch."""
        if self.oversample:
            return draw_epoch(self.valence, rng)
        return rng.permutation(len(self.valence))


@dataclass(frozen=True)
class Epoch:
    """The draws of an epoch, on the device; indexed by the step."""

    sampler: Sampler
    positions: torch.Tensor  # (steps, batch_size) in the sampler's recordings
    places: torch.Tensor  # (steps, batch_size, 3)
    unlabelled: list | None  # of the pool, an item a step

    def __len__(self):
        return len(self.positions)

    def __getitem__(self, step):
        """Return crops, their positions in the labelled recordings, and unlabelled crops or None.

        Both crops are float32 of shape (batch_size, 1, width, rows), contiguous.
        """
        gather, pool = self.sampler.gather, self.sampler.pool
        crops = gather.values(gather.cut(self.places[step]))
        return crops, self.positions[step], pool and pool.cut(self.unlabelled[step])

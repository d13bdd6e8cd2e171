"""The unlabelled pool: crops around words drawn evenly from several corpora."""

import numpy as np
import torch

from emospeech.crops.centres import draw_pool, words_of
from emospeech.runtime.errors import InputError


class UnlabelledPool:
    """All words that may be heard without a label; each is as likely as any other.

    Recordings without a word stay out.
    """

    def __init__(self, gatherers, recordings):
        """`gatherers` are CropGatherers of a store each, `recordings` the numbers allowed of it."""
        if len({gather.store.settings for gather in gatherers}) > 1:
            problem = "has stores of different settings; delete them"
            raise InputError("the unlabelled pool", problem)
        pairs = zip(gatherers, recordings, strict=True)
        words = [(gather, words_of(gather.store, numbers)) for gather, numbers in pairs]
        worded = [(gather, numbers) for gather, numbers in words if len(numbers)]
        if not worded:
            raise InputError("the unlabelled pool", "holds no word; check training.unlabelled")
        self.gatherers, self.words = zip(*worded, strict=True)
        sizes = np.array([len(numbers) for numbers in self.words])
        self.shares = sizes / sizes.sum()

    def draw(self, steps, batch_size, rng):
        """Return a list over the steps: where the crops of a batch lie, for each gatherer."""
        counts = rng.multinomial(batch_size, self.shares, size=steps)  # (steps, gatherers)
        places = []
        for gather, words, count in zip(self.gatherers, self.words, counts.T, strict=True):
            drawn = draw_pool(gather.store, words, rng, count.sum())
            places.append(gather.locate(*drawn).split(count.tolist()))
        return list(zip(*places, strict=True))

    def cut(self, places):
        """Return the crops at an item of `draw`, float32 of shape (batch, 1, width, rows)."""
        pairs = zip(self.gatherers, places, strict=True)
        stored = [gather.cut(found) for gather, found in pairs if len(found)]
        return self.gatherers[0].values(torch.cat(stored) if len(stored) > 1 else stored[0])

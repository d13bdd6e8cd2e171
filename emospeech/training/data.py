"""Batches: labelled crops of one part of a fold, and unlabelled ones of a pool of corpora."""

import numpy as np
import torch

from emospeech.crops.centres import draw_centres, draw_fixed_centres, draw_pool, words_of
from emospeech.crops.gather import CropGatherer
from emospeech.crops.oversample import draw_epoch
from emospeech.faults import InputError


class UnlabelledPool:
    """Crops around words drawn evenly from several corpora."""

    def __init__(self, stores, recordings, width, device):
        """`stores` are open stores, `recordings` the numbers allowed of each."""
        self.stores = stores
        self.words = [words_of(*pair) for pair in zip(stores, recordings, strict=True)]
        self.gatherers = [CropGatherer(store, width, device) for store in stores]
        sizes = np.array([len(words) for words in self.words])
        if not sizes.sum():
            raise InputError("the unlabelled pool", "holds no word; check training.unlabelled")
        self.shares = sizes / sizes.sum()

    def draw(self, count, rng):
        """Return crops of shape (count, 1, rows, width)."""
        crops = []
        for number, share in enumerate(rng.multinomial(count, self.shares)):
            if share:
                drawn = draw_pool(self.stores[number], self.words[number], rng, share)
                crops.append(self.gatherers[number](*drawn))
        return torch.cat(crops)


class LabelledPart:
    """Crops of a labelled part with their encoded labels."""

    def __init__(self, store, part, gather):
        """`gather` cuts crops from `store`; all parts share it, and so its frames on a GPU."""
        self.store, self.part, self.gather = store, part, gather
        self.device = device = gather.frames.device
        self.targets = [torch.from_numpy(values).to(device) for values in part.targets]

    def epoch(self, batch_size, oversample, rng):
        """Return the whole batches of an epoch, (steps, batch_size) positions in the part."""
        valence = self.part.labels[:, 0]
        order = draw_epoch(valence, rng) if oversample else rng.permutation(len(valence))
        if len(order) < batch_size:
            problem = f"is {batch_size}, but an epoch holds only {len(order)} crops; take a smaller"
            raise InputError("search.space.batch_size", problem)
        return order[: len(order) - len(order) % batch_size].reshape(-1, batch_size)

    def draw(self, positions, rng):
        """Return crops around a random word of each recording, and the targets of each task."""
        recordings = self.part.recordings[positions]
        crops = self.gather(recordings, draw_centres(self.store, recordings, rng))
        return crops, [targets[positions] for targets in self.targets]

    def fixed_crops(self, seed, batch_size=256):
        """Yield the crops that evaluation sees, one a recording, in batches."""
        centres = draw_fixed_centres(self.store, self.part.recordings, seed)
        for start in range(0, len(centres), batch_size):
            batch = slice(start, start + batch_size)
            yield self.gather(self.part.recordings[batch], centres[batch])

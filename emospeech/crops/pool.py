"""The unlabelled pool: crops around words drawn uniformly from several corpora."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from emospeech.crops.centres import draw_pool, words_of
from emospeech.crops.gather import CropGatherer
from emospeech.runtime.errors import InputError
from emospeech.spectrograms.store import Store

UnlabelledStore = tuple[Store, np.ndarray]  # a store and the indices of the recordings to use


class Windows(NamedTuple):
    """Crops of a `WindowPool`, grouped by corpus."""

    crops: torch.Tensor  # float32 (batch, 1, width, rows)
    inside: torch.Tensor  # bool (batch, width), whether a column is part of the recording
    corpora: tuple[str, ...]
    counts: tuple[int, ...]  # crops of each corpus

    def of_corpus(self, index: int) -> slice:
        """Return the positions of the crops of a corpus."""
        start = sum(self.counts[:index])
        return slice(start, start + self.counts[index])


class UnlabelledPool:
    """All words that may be used without labels; all are equally likely to be drawn.

    Recordings without words are not used.
    """

    def __init__(self, gatherers: Sequence[CropGatherer], recordings: Sequence[np.ndarray]):
        """Create the pool from a gatherer and the allowed recordings (indices) of each store."""
        if len({gather.store.settings for gather in gatherers}) > 1:
            problem = "the spectrogram stores have different settings"
            raise InputError("training.unlabelled", f"{problem}. Delete them and run again.")
        pairs = zip(gatherers, recordings, strict=True)
        words = [(gather, words_of(gather.store, indices)) for gather, indices in pairs]
        words = [(gather, indices) for gather, indices in words if len(indices)]
        if not words:
            problem = "the recordings that may be used contain no words"
            raise InputError("training.unlabelled", f"{problem}. Add a corpus with words.")
        self.gatherers, self.words = zip(*words, strict=True)
        sizes = np.array([len(indices) for indices in self.words])
        self.shares = sizes / sizes.sum()
        stores = zip((gather.store for gather in gatherers), recordings, strict=True)
        self.hours = float(sum(_hours_with_words(*pair).sum() for pair in stores))

    def draw(
        self, steps: int, batch_size: int, rng: np.random.Generator
    ) -> list[tuple[torch.Tensor, ...]]:
        """Return the locations of the crops of each step, a tensor per gatherer."""
        counts = rng.multinomial(batch_size, self.shares, size=steps)  # (steps, gatherers)
        locations = []
        for gather, words, count in zip(self.gatherers, self.words, counts.T, strict=True):
            drawn = draw_pool(gather.store, words, rng, count.sum())
            locations.append(gather.locate(*drawn).split(count.tolist()))
        return list(zip(*locations, strict=True))

    def cut(self, locations: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Return the crops at `locations`, one step of `draw`: float32 (batch, 1, width, rows)."""
        pairs = zip(self.gatherers, locations, strict=True)
        stored = [gather.cut(located) for gather, located in pairs if len(located)]
        return self.gatherers[0].values(torch.cat(stored) if len(stored) > 1 else stored[0])


def limit_hours(
    stores: Sequence[UnlabelledStore], hours: float, rng: np.random.Generator
) -> list[UnlabelledStore]:
    """Return the first recordings, in an order drawn at random, that together reach `hours`.

    Recordings are not divided, and those without words do not count. The order does not depend on
    `hours`, so a pool of more hours contains one of fewer. Nor does it depend on the indices, so
    all folds take the recordings in the same order.
    """
    keys = [rng.random(len(store.recordings))[indices] for store, indices in stores]
    lengths = np.concatenate([_hours_with_words(*pair) for pair in stores])
    order = np.argsort(np.concatenate(keys), kind="stable")
    within = np.empty(len(order), bool)
    within[order] = np.cumsum(lengths[order]) - lengths[order] < hours
    ends = np.cumsum([len(indices) for _, indices in stores])[:-1]
    used = np.split(within & (lengths > 0), ends)
    return [(store, indices[mask]) for (store, indices), mask in zip(stores, used, strict=True)]


def _hours_with_words(store, indices):
    """Return the hours of each recording, (n,), and 0 for those without words."""
    frames = np.diff(store.offsets)[indices] * (np.diff(store.word_offsets)[indices] > 0)
    return frames / store.settings.frame_rate / 3600


class WindowPool(UnlabelledPool):
    """A pool whose crops come with their columns beyond the recording, and with their corpora."""

    def cut(self, locations: tuple[torch.Tensor, ...]) -> Windows:
        """Return the crops at `locations`, one step of `draw`."""
        inside = [
            gather.inside(located)
            for gather, located in zip(self.gatherers, locations, strict=True)
        ]
        corpora = tuple(gather.store.path.stem for gather in self.gatherers)
        counts = tuple(map(len, locations))
        return Windows(super().cut(locations), torch.cat(inside), corpora, counts)

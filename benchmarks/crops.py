"""Batches ready for training: against the usual Dataset and loader, and against a bare copy."""

from itertools import islice

import numpy as np
import torch
from torch.utils.data import DataLoader

from benchmarks.rows import Row, seconds_in_turn
from emospeech.crops.gather import CropGatherer
from emospeech.crops.sampler import Sampler

WIDTH, ROWS, BATCH = 128, 128, 128  # the largest crops of Table 1's space
BATCHES = 5  # of a loader, timed at a time


def rows(made_up):
    """Return the rows on crops of `MadeUp` utterances, more than fit in a processor's caches."""
    lengths = made_up.lengths
    sampler = Sampler(
        gather=CropGatherer(made_up.store(), WIDTH),
        recordings=np.arange(len(lengths)),
        valence=np.random.default_rng(0).integers(2, 10, len(lengths)) / 2,
        pool=None,
        batch_size=BATCH,
        oversample=True,
    )
    dataset = made_up.usual_crops(WIDTH)
    steps = len(sampler.epoch(np.random.default_rng(0)))
    source = torch.rand(BATCH, 1, WIDTH, ROWS)
    target = torch.empty_like(source)

    def ours():
        epoch = sampler.epoch(np.random.default_rng(1))
        for step in range(len(epoch)):
            epoch[step]

    def copies():
        for _ in range(steps):
            target.copy_(source)

    ready, copied = (seconds / steps for seconds in seconds_in_turn(ours, copies))
    loaders = {workers: loader_seconds(dataset, workers) for workers in (0, 2)}
    told = f"batches of {BATCH} crops of {WIDTH} x {ROWS}, float32, one thread"
    each = ", ".join(f"{1 / seconds:.1f} with {n} workers" for n, seconds in loaders.items())
    return [
        Row(
            "crops-vs-dataloader",
            1 / ready,
            1 / min(loaders.values()),
            "batches a second",
            f"{told}; other: Dataset over h5py and DataLoader, the better of {each}",
        ),
        Row(
            "crops-vs-copy",
            1000 * ready,
            1000 * copied,
            "milliseconds",
            f"{told}, drawing included; other: copying as many bytes within the cache",
        ),
    ]


def loader_seconds(dataset, workers):
    """Return the least seconds a batch of a loader, its start not counted."""
    loader = DataLoader(dataset, BATCH, shuffle=True, num_workers=workers)
    batches = iter(loader)
    for _ in islice(batches, 4):
        pass
    (seconds,) = seconds_in_turn(lambda: [None for _ in islice(batches, BATCHES)], rounds=4)
    return seconds / BATCHES

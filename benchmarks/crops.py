"""Speed of training batches, compared with a Dataset and DataLoader and with a plain copy."""

from itertools import islice

import numpy as np
import torch
from torch.utils.data import DataLoader

from benchmarks.measurement import Measurement, min_seconds
from benchmarks.noise import NoiseCorpus
from benchmarks.reference import CropDataset
from emospeech.crops.gather import CropGatherer
from emospeech.crops.sampler import Sampler
from emospeech.labels import POINTS

WIDTH, ROWS, BATCH = 128, 128, 128  # the largest crops of Table 1's search space
LOADER_BATCHES = 5  # per round


def measure(noise: NoiseCorpus) -> list[Measurement]:
    """Measure batches of crops from a corpus larger than the processor's caches."""
    lengths = noise.lengths
    sampler = Sampler(
        gather=CropGatherer(noise.store, WIDTH),
        recordings=np.arange(len(lengths)),
        labels=np.random.default_rng(0).integers(2, 10, len(lengths)) / 2,
        pool=None,
        batch_size=BATCH,
        unlabelled_batch_size=BATCH,
        even_classes=POINTS,
    )
    steps = len(sampler.epoch(np.random.default_rng(0)))
    source = torch.rand(BATCH, 1, WIDTH, ROWS)
    target = torch.empty_like(source)

    def sample():
        epoch = sampler.epoch(np.random.default_rng(1))
        for step in range(len(epoch)):
            epoch[step]

    def copy():
        for _ in range(steps):
            target.copy_(source)

    sampled, copied = (seconds / steps for seconds in min_seconds(sample, copy))
    dataset = noise.reference_crops(WIDTH)
    loaded = {workers: loader_seconds(dataset, workers) for workers in (0, 2)}
    rates = ", ".join(f"{1 / seconds:.1f} with {n} workers" for n, seconds in loaded.items())
    note = f"batches of {BATCH} crops of {WIDTH} x {ROWS}, float32, one thread"
    return [
        Measurement(
            "crops-vs-dataloader",
            1 / sampled,
            1 / min(loaded.values()),
            "batches per second",
            f"{note}; reference: Dataset over h5py and DataLoader, the better of {rates}",
        ),
        Measurement(
            "crops-vs-copy",
            1000 * sampled,
            1000 * copied,
            "milliseconds",
            f"{note}, including random draws; reference: copying as many bytes within the cache",
        ),
    ]


def loader_seconds(dataset: CropDataset, workers: int) -> float:
    """Return the minimum seconds per batch of a DataLoader after its start."""
    batches = iter(DataLoader(dataset, BATCH, shuffle=True, num_workers=workers))
    for _ in islice(batches, 4):
        pass
    (seconds,) = min_seconds(lambda: [None for _ in islice(batches, LOADER_BATCHES)], rounds=4)
    return seconds / LOADER_BATCHES

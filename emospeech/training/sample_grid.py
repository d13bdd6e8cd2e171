"""Samples of a generator over the epochs of a training run, for a figure next to real crops.

The grid shows the same latent vectors after epochs 1, 2, 4, 8, ... They are drawn with a separate
random key, and the running averages of the generator are not updated, so a training run with sample
grids gives the same weights as one without. A full batch is generated and its first samples are
kept. As in training, it is normalised by its own moments, since the running averages lag behind in
the first epochs.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from emospeech.crops.pool import UnlabelledStore
from emospeech.models.learner import Learner
from emospeech.runtime.rng import spawn_rng
from emospeech.training.data import make_pool
from emospeech.training.device import torch_device
from emospeech.training.fold import Fold
from emospeech.training.settings import Settings
from emospeech.training.trial import Trial

BATCH = 64  # latent vectors
SAMPLES = 8  # number of samples in a grid: the first ones of the batch
LEVELS = 255  # steps between the lowest and the highest value of a sample, as on a screen
REAL = (0, 1)  # end of the spawn key of the real crops, following trial and fold
REAL_PER_EPOCH = 2  # real crops shown next to the samples of an epoch


class SampleGrid:
    """The `grids` of one training run: {epoch: uint8 tensor (SAMPLES, width, rows)}."""

    def __init__(
        self,
        learner: Learner,
        rng: np.random.Generator,
        grids: dict[int, torch.Tensor],
    ):
        """Start from earlier `grids`; `add` samples from the generator, if there is one."""
        self.generator, self.grids = learner.generator, dict(grids)
        if self.generator is not None:
            (self.latent,) = learner.draw_noise(1, BATCH, rng)

    @torch.no_grad()
    def add(self, epoch: int, last: bool = False) -> None:
        """Add the grid of an epoch if its number is a power of two, or if it is the last one."""
        if self.generator is None or not (last or epoch & (epoch - 1) == 0):
            return
        samples = self.generator(self.latent, track=False)[:SAMPLES, 0]  # (SAMPLES, width, rows)
        self.grids[epoch] = to_levels(samples).cpu()

    def arrays(self) -> dict[str, np.ndarray]:
        """Return `epochs` (n,) and `samples`, uint8 (n, SAMPLES, width, rows); 0 is the floor."""
        grids = [self.grids[epoch].numpy() for epoch in sorted(self.grids)]
        samples = np.stack(grids) if grids else np.zeros((0, SAMPLES, 0, 0), np.uint8)
        return {"epochs": np.array(sorted(self.grids), np.int64), "samples": samples}


def to_levels(spectrograms: torch.Tensor) -> torch.Tensor:
    """Return values in [-1, 1] as whole numbers from 0 to LEVELS, a uint8 tensor."""
    return ((spectrograms + 1) * (LEVELS / 2)).round().byte()


def real_samples(
    fold: Fold, unlabelled: Sequence[UnlabelledStore], trial: Trial, settings: Settings, count: int
) -> np.ndarray:
    """Return `count` crops of the audio that a DCGAN learns from, uint8 (count, width, rows).

    They are drawn from the unlabelled pool as in the training run of the trial.
    """
    device, width = torch_device(settings.training), trial.parameters["crop_width"]
    pool = make_pool(unlabelled, settings, settings.seed, device, width)
    rng = spawn_rng(settings.seed, trial.trial_id, fold.fold_id, *REAL)
    (places,) = pool.draw(1, count, rng)
    order = rng.permutation(count)  # the pool returns the crops grouped by corpus
    return to_levels(pool.cut(places)[:, 0]).cpu().numpy()[order]


def samples_table(epochs: np.ndarray, generated: np.ndarray, real: np.ndarray) -> pd.DataFrame:
    """Return samples as a table with a row for each of their frames.

    `generated` is uint8 (epochs, samples, width, rows); `real` has REAL_PER_EPOCH crops per epoch.
    The columns are `epoch`, `source` (generated or real), `sample` and `frame` (both counted from
    1), and `row_1` upward, the levels from the lowest frequency to the highest.
    """
    real = real.reshape(len(epochs), -1, *generated.shape[2:])
    parts = [_rows(epochs, "generated", generated), _rows(epochs, "real", real)]
    return pd.concat(parts).sort_values("epoch", kind="stable", ignore_index=True)


def _rows(epochs: np.ndarray, source: str, samples: np.ndarray) -> pd.DataFrame:
    _, count, width, rows = samples.shape
    numbers = [epochs, range(1, count + 1), range(1, width + 1)]
    index = pd.MultiIndex.from_product(numbers, names=["epoch", "sample", "frame"])
    names = [f"row_{row}" for row in range(1, rows + 1)]
    table = pd.DataFrame(samples.reshape(-1, rows), index, names).reset_index()
    table.insert(1, "source", source)
    return table

"""The pictures of an album beside crops of real audio, as a table to draw a figure from."""

import pandas as pd

from emospeech.crops.gather import CropGatherer
from emospeech.training.album import levels_of
from emospeech.training.fit import stream
from emospeech.training.run import torch_device, unlabelled_pool

REAL = (0, 1)  # behind trial and fold, the place of the random numbers that draw real crops
BESIDE = 2  # real crops beside the pictures of an epoch


def real_pictures(fold, unlabelled, number, trial, settings, count):
    """Return `count` crops of the audio that a DCGAN learns from, uint8 (count, width, rows).

    They are drawn as the training of trial `number` draws them, from the pool of the stores at the
    paths `unlabelled`, and are as good as any others of its seed.
    """
    device = torch_device(settings)
    gather = CropGatherer(fold.store, trial["crop_width"], device, settings.edge)
    pool = unlabelled_pool(fold, unlabelled, gather)
    rng = stream(settings, number, fold.fold, *REAL)
    (places,) = pool.draw(1, count, rng)
    order = rng.permutation(count)  # the pool gives the crops of one corpus after the other
    return levels_of(pool.cut(places)[:, 0]).cpu().numpy()[order]


def pictures_table(epochs, generated, real):
    """Return pictures as a table with a line for each of their frames.

    `generated` is uint8 (epochs, pictures, width, rows), `real` (epochs, BESIDE, width, rows) or
    all of its crops in one line. The columns are `epoch`, `source` (generated or real), `picture`,
    `frame` (all counted from 1 but the epoch, which is as given) and `row_1` upward, the levels
    from the lowest frequency to the highest.
    """
    real = real.reshape(len(epochs), -1, *generated.shape[2:])
    parts = [_lines(epochs, "generated", generated), _lines(epochs, "real", real)]
    return pd.concat(parts).sort_values("epoch", kind="stable", ignore_index=True)


def _lines(epochs, source, pictures):
    _, count, width, rows = pictures.shape
    numbers = [epochs, range(1, count + 1), range(1, width + 1)]
    index = pd.MultiIndex.from_product(numbers, names=["epoch", "picture", "frame"])
    names = [f"row_{row}" for row in range(1, rows + 1)]
    lines = pd.DataFrame(pictures.reshape(-1, rows), index, names).reset_index()
    lines.insert(1, "source", source)
    return lines

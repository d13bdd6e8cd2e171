"""What a generator draws as it learns: the same latent vectors after epochs 1, 2, 4, 8, ...

The latent vectors come from the training's seed, but from a place of their own among its random
numbers, and the generator's running averages stay as they are: a training with an album gives the
same weights as one without. A batch is drawn, of which the first pictures are kept, since its
moments normalise it as in training; the running averages lag behind in the first epochs.
"""

import numpy as np
import torch

BATCH = 64  # latent vectors
PICTURES = 8  # of a page: the first ones of the batch
LEVELS = 255  # steps between the lowest and the highest value of a picture, as on a screen


class Album:
    """The `pages` of one training: {epoch: uint8 tensor (PICTURES, width, rows)}."""

    def __init__(self):
        self.generator, self.latent, self.pages = None, None, {}

    def open(self, generator, rng, pages):
        """Begin with a Generator (None for the CNNs, whose albums stay empty) and earlier pages.

        The latent vectors are drawn from the numpy generator `rng`, uniform on [-1, 1].
        """
        self.generator, self.pages = generator, dict(pages)
        if generator is not None:
            weight = generator.linear.weight  # (start, latent_size)
            self.latent = draw_latents((BATCH, weight.shape[1]), rng).to(weight.device)

    @torch.no_grad()
    def take(self, epoch, last=False):
        """Add the page of an epoch, if it is a power of two or the last one."""
        if self.generator is None or not (last or epoch & (epoch - 1) == 0):
            return
        drawn = self.generator(self.latent, track=False)[:PICTURES, 0]  # (PICTURES, width, rows)
        self.pages[epoch] = levels_of(drawn).cpu()

    def arrays(self):
        """Return `epochs` (n,) and `pictures`, uint8 (n, PICTURES, width, rows); 0 is the floor."""
        pages = [self.pages[epoch].numpy() for epoch in sorted(self.pages)]
        pictures = np.stack(pages) if pages else np.zeros((0, PICTURES, 0, 0), np.uint8)
        return {"epochs": np.array(sorted(self.pages), np.int64), "pictures": pictures}


def levels_of(pictures):
    """Return pictures in [-1, 1] as whole numbers from 0 to LEVELS, a uint8 tensor."""
    return ((pictures + 1) * (LEVELS / 2)).round().byte()


def draw_latents(shape, rng):
    """Return latent vectors, uniform on [-1, 1], as a float32 tensor of `shape`."""
    return torch.from_numpy(2 * rng.random(shape, np.float32) - 1)

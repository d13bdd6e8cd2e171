"""Layers with the padding and the normalisation that the models share.

A layer of stride 2 with "same" padding takes n to n / 2. Its filter of size k reaches k - 2 cells
beyond the edges in all; of an odd number, one more lies behind than before:

    k = 4:  . [a b c d e f] .          k = 5:  . [a b c d e f] . .
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

MOMENTUM = 0.1  # share of the newest batch in the running averages


def same_padding(filter_size: int) -> tuple[int, int]:
    """Return the cells of padding (before, behind) for a stride of 2 and an even input."""
    return (filter_size - 2) // 2, (filter_size - 1) // 2


class Conv2dStride2(nn.Conv2d):
    """A convolution of stride 2 with "same" padding: (n, c, w, r) to (n, filters, w/2, r/2)."""

    def __init__(self, channels: int, filters: int, filter_size: int):
        before, behind = same_padding(filter_size)
        super().__init__(channels, filters, filter_size, stride=2, padding=before)
        self.uneven = behind > before

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(F.pad(x, (0, 1, 0, 1)) if self.uneven else x)


class ConvTranspose2dStride2(nn.ConvTranspose2d):
    """A transposed convolution of stride 2, the mirror of `Conv2dStride2`: w, r to 2w, 2r."""

    def __init__(self, channels: int, filters: int, filter_size: int):
        super().__init__(
            channels, filters, filter_size, stride=2, padding=same_padding(filter_size)[0]
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        width, rows = x.shape[-2:]
        return super().forward(x)[..., : 2 * width, : 2 * rows]


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation that updates its running averages only in passes with `track`.

    Labelled, unlabelled and generated batches are each normalised by their own moments. The running
    averages, which evaluation uses, follow the labelled batches, or with
    `NetworkSettings.batch_norm_statistics` "all" the unlabelled ones too; never generated ones.
    """

    def __init__(self, channels):
        super().__init__(channels, momentum=MOMENTUM)

    def forward(self, x, track=True):
        if self.training and not track:
            return F.batch_norm(x, None, None, self.weight, self.bias, True, 0.0, self.eps)
        return super().forward(x)


class NoNorm(nn.Identity):
    """What stands in the place of `BatchNorm` where there is none."""

    def forward(self, x, track=True):
        return x


def divide_by_spectral_norm(layers, seed):
    """Make each of `layers` use its weights divided by their largest singular value.

    This is spectral normalisation (Miyato et al. 2018). The singular vectors are followed by power
    iteration: one turn a pass in training mode, none in evaluation, so that what evaluation sees
    rests on the state dict alone. Their start depends on `seed` alone.
    """
    with torch.random.fork_rng(devices=[]):  # they are drawn from torch's own random numbers
        torch.manual_seed(seed)
        for layer in layers:
            spectral_norm(layer)

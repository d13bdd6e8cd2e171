"""Layers of stride 2 with "same" padding, and batch normalisation with optional tracking.

A layer of stride 2 with "same" padding maps n to n / 2. Its filter of size k reaches k - 2 cells
beyond the edges in total; if k is odd, one more of them comes after the input than before:

    k = 4:  . [a b c d e f] .          k = 5:  . [a b c d e f] . .
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

MOMENTUM = 0.1  # weight of the newest batch in the running averages


def same_padding(filter_size: int) -> tuple[int, int]:
    """Return the cells of padding (before, after) for a stride of 2 and an even input."""
    return (filter_size - 2) // 2, (filter_size - 1) // 2


class Conv2dStride2(nn.Conv2d):
    """A convolution of stride 2 with "same" padding: (n, c, w, r) to (n, filters, w/2, r/2)."""

    def __init__(self, channels: int, filters: int, filter_size: int):
        before, after = same_padding(filter_size)
        super().__init__(channels, filters, filter_size, stride=2, padding=before)
        self.uneven = after > before

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve x of shape (n, channels, w, r)."""
        return super().forward(F.pad(x, (0, 1, 0, 1)) if self.uneven else x)


class ConvTranspose2dStride2(nn.ConvTranspose2d):
    """A transposed convolution of stride 2, the mirror of `Conv2dStride2`: w, r to 2w, 2r."""

    def __init__(self, channels: int, filters: int, filter_size: int):
        before, after = same_padding(filter_size)
        super().__init__(channels, filters, filter_size, stride=2, padding=before)
        self.uneven = after > before

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve x of shape (n, channels, w, r)."""
        x = super().forward(x)
        if self.uneven:
            # A negative padding copies the cells that remain. Batch normalisation of a view with
            # gaps, with its gradient, took two times (8 filters) to eight times as long (88
            # filters, bfloat16).
            x = F.pad(x, (0, -1, 0, -1))
        return x


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation that updates its running averages only in passes with `track`.

    Labelled, unlabelled and generated batches are each normalised by their own moments. The running
    averages, which evaluation uses, follow the labelled batches. With
    `models.batch_norm_statistics: all` they also follow the unlabelled batches. They never follow
    generated batches.
    """

    def __init__(self, channels: int):
        super().__init__(channels, momentum=MOMENTUM)

    def forward(self, x: torch.Tensor, track: bool = True) -> torch.Tensor:
        """Normalise x of shape (n, channels, w, r)."""
        if self.training and not track:
            return F.batch_norm(x, None, None, self.weight, self.bias, True, 0.0, self.eps)
        return super().forward(x)


class NoNorm(nn.Identity):
    """Replaces `BatchNorm` in networks without normalisation."""

    def forward(self, x: torch.Tensor, track: bool = True) -> torch.Tensor:
        """Return x."""
        return x


def add_spectral_norm(layers: Iterable[nn.Module], seed: int) -> None:
    """Divide the weights of layers by their largest singular value (Miyato et al. 2018).

    The singular vectors are updated by one power iteration per training pass, and by none in
    evaluation, which therefore depends on the state dict only. `seed` fixes their initial values.
    """
    with torch.random.fork_rng(devices=[]):  # the initial vectors are drawn from the global RNG
        torch.manual_seed(seed)
        for layer in layers:
            spectral_norm(layer)

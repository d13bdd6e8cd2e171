"""Layers of stride 2 and their gradients on a CPU, by short convolutions of tiles.

With x a large picture, y a small one, w the weights of a layer and U their points, and products of
matrices at each point (Lavin and Gray, CVPR 2016):

    forward         y = gather_small(spread_large(x) U)
    transposed      x = gather_large(spread_small(y) U^T)
    weight_points  dU = spread_large(x)^T spread_small(y)

A filter of 6 x 6 takes a quarter of the multiplications that it takes otherwise, one of 10 x 10 a
sixth. The products are numpy's, whose BLAS is faster than torch's on some processors.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import torch
from threadpoolctl import ThreadpoolController

from emospeech.models import tiles
from emospeech.models.toom_cook import OUTPUTS, matrices

TILES = 32  # of a chunk of pictures, whose points then stay near the processor


class Winograd:
    """The maps of layers with one filter size; pictures are (n, height, width, channels).

    Pictures and points are float32 arrays. Heights and widths of small pictures are multiples of
    OUTPUTS, and `before` counts the cells of padding in front of a large one.
    """

    def __init__(self, filter_size, before):
        self.filter_size, self.before = filter_size, before
        self.taps = (filter_size + 1) // 2  # of each phase
        self.n = OUTPUTS + self.taps - 1
        self.of_window, self.to_window, self.of_tile, self.to_tile = tiles.linear_maps(self.taps)
        across = matrices(self.taps)[2]
        self.of_filter = torch.from_numpy(np.kron(across, across).astype(np.float32))

    def points_of(self, weights):
        """Return the points (n * n, 4 * large channels, small channels) of weights, as tensors.

        Weights are (small channels, large channels, filter_size, filter_size).
        """
        small, large = weights.shape[:2]
        taps = weights.new_zeros(small, large, 2 * self.taps, 2 * self.taps)
        taps[..., : self.filter_size, : self.filter_size] = weights
        taps = taps.view(small, large, self.taps, 2, self.taps, 2).permute(2, 4, 3, 5, 1, 0)
        return (self.of_filter @ taps.reshape(self.taps**2, -1)).view(-1, 4 * large, small)

    def weights_of(self, points):
        """Return what the transpose of `points_of` makes of points: the gradient of weights."""
        large, small = points.shape[1] // 4, points.shape[2]
        taps = self.of_filter.T @ points.view(self.n**2, -1)
        taps = taps.view(self.taps, self.taps, 2, 2, large, small).permute(5, 4, 0, 2, 1, 3)
        taps = taps.reshape(small, large, 2 * self.taps, 2 * self.taps)
        return taps[..., : self.filter_size, : self.filter_size].contiguous()

    def forward(self, large, points):
        """Return the small pictures that a layer makes of large ones."""
        count, height, width, _ = large.shape
        small = np.empty((count, height // 2, width // 2, points.shape[2]), np.float32)

        def work(part, of_large, of_small):
            tiles.spread_large(self.of_window, large[part], self.before, self._square(of_large))
            np.matmul(of_large, points, out=of_small)
            tiles.gather_small(self.to_tile, self._square(of_small), small[part])

        self._share(work, large, small)
        return small

    def transposed(self, small, points):
        """Return the large pictures that the transposed layer makes of small ones."""
        count, height, width, _ = small.shape
        large = np.empty((count, 2 * height, 2 * width, points.shape[1] // 4), np.float32)
        turned = np.ascontiguousarray(points.transpose(0, 2, 1))  # twice as fast in the products

        def work(part, of_large, of_small):
            tiles.spread_small(self.of_tile, small[part], self._square(of_small))
            np.matmul(of_small, turned, out=of_large)
            tiles.gather_large(self.to_window, self._square(of_large), self.before, large[part])

        self._share(work, large, small)
        return large

    def weight_points(self, large, small):
        """Return the gradient of the points of weights.

        One of the pictures is what the layer was given, the other the gradient of what it made.
        """
        shape = self.n**2, 4 * large.shape[-1], small.shape[-1]

        def work(part, of_large, of_small, total, product):
            tiles.spread_large(self.of_window, large[part], self.before, self._square(of_large))
            tiles.spread_small(self.of_tile, small[part], self._square(of_small))
            np.matmul(of_large.transpose(0, 2, 1), of_small, out=product)
            np.add(total, product, out=total)

        def make():
            return np.zeros(shape, np.float32), np.empty(shape, np.float32)

        return sum(own[0] for own in self._share(work, large, small, make))

    def _square(self, points):
        return points.reshape(self.n, self.n, *points.shape[1:])

    def _share(self, work, large, small, make=tuple):
        """Call `work` with each chunk of the batch, on as many threads as torch has.

        It is given the slice of the batch, room for the points of its pictures and what `make` made
        for its thread; the latter is returned, of all threads. Which thread takes which chunk is
        fixed, so that sums do not depend on the pace of the threads.
        """
        count, height, width, channels = small.shape
        of_picture = height * width // OUTPUTS**2
        size = min(count, max(1, TILES // of_picture))
        depths = 4 * large.shape[-1], channels
        threads = min(torch.get_num_threads(), -(-count // size))

        def share(thread):
            rooms = [
                np.empty(self.n**2 * size * of_picture * depth, np.float32) for depth in depths
            ]
            own = make()
            for start in range(thread * size, count, threads * size):
                part = slice(start, min(start + size, count))
                shape = self.n**2, (part.stop - part.start) * of_picture
                points = [
                    room[: math.prod(shape) * depth].reshape(*shape, depth)
                    for room, depth in zip(rooms, depths, strict=True)
                ]
                work(part, *points, *own)
            return own

        with _libraries().limit(limits=1, user_api="blas"):  # the threads here are enough
            return [share(0)] if threads == 1 else list(_pool(threads).map(share, range(threads)))


@cache
def winograd(filter_size, before):
    """Return the Winograd of a filter size; its loops are compiled once."""
    return Winograd(filter_size, before)


@cache
def _pool(threads):
    return ThreadPoolExecutor(threads, thread_name_prefix="winograd")


@cache
def _libraries():
    return ThreadpoolController()

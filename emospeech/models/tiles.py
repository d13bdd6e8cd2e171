"""Between pictures and the points of short convolutions: compiled loops over tiles.

A layer of stride 2 links a large picture (height, width) to a small one of half the size. Of each
row and column of the large one, those with even and with odd numbers (its four phases) meet the
filter's even and odd taps, so the layer is a convolution of stride 1 of four times the channels.
Four by four cells of the small picture make a tile. A tile needs a window of n by n cells of each
phase, which overlaps its neighbours':

    large   before|a A b B c C d D e E f F|behind     a, b, ...: one phase; A, B, ...: the other
    window         a . b . c . d . e . f              n = 6 cells for filters of 5 and 6
    small          0   1   2   3                      the four outputs of the tile

Pictures are (n, height, width, channels) and points (n_points, n_points, tiles, channels), both
float32. The loops release Python's lock, so that threads may share a batch.
"""

from functools import cache

import numba
import numpy as np
from numba import uintp

from emospeech.models.toom_cook import OUTPUTS, matrices

STEP = 2 * OUTPUTS  # cells of the large picture from tile to tile

compiled = numba.njit(nogil=True, fastmath=True, error_model="numpy")


def linear_map(matrix):
    """Return a compiled function that sets y to matrix @ x, where rows of x and y hold channels.

    It takes (x, start of x, step from row to row, y, start of y, step, channels), with x and y flat
    and the numbers unsigned: so the compiler sees that channels lie side by side, and takes several
    at a time. It also wants the sums written out, without loops over the matrix and its zeros.
    """
    outputs, inputs = matrix.shape
    lines = ["def apply(x, from_0, x_step, y, to_0, y_step, channels):"]
    lines += [f"    from_{i} = from_{i - 1} + x_step" for i in range(1, inputs)]
    lines += [f"    to_{i} = to_{i - 1} + y_step" for i in range(1, outputs)]
    lines += ["    for c in range(channels):"]
    lines += [f"        x_{i} = x[from_{i} + c]" for i in range(inputs)]
    for row, factors in enumerate(matrix.tolist()):
        terms = [f"single({factor}) * x_{i}" for i, factor in enumerate(factors) if factor]
        lines.append(f"        y[to_{row} + c] = {' + '.join(terms)}")
    names = {"single": np.float32}
    exec("\n".join(lines), names)
    return compiled(names["apply"])


@cache
def linear_maps(taps):
    """Return the maps of a window of cells and of a tile to points, each with its transpose.

    They are for filters of `taps` taps a phase, and are handed to the loops below.
    """
    of_window, of_tile, _ = matrices(taps)
    return tuple(map(linear_map, (of_window, of_window.T, of_tile, of_tile.T)))


@compiled
def place_of(tile, picture, step):
    """Return (image, top, left) of a tile of pictures, whose tiles are `step` cells apart.

    No generator yields them: numba would never let go of the arrays that it was given.
    """
    _, height, width, _ = picture.shape
    across = width // step
    image, place = divmod(tile, (height // step) * across)
    return image, step * (place // across), step * (place % across)


@compiled
def copy_row(row, left, window):
    """Set a window to the cells of `row` from `left` on; what lies outside is 0."""
    for place in range(len(window)):
        column = left + 2 * place
        for channel in range(row.shape[1]):
            window[place, channel] = row[column, channel] if 0 <= column < len(row) else 0


@compiled
def add_row(window, left, row):
    """Add a window to the cells of `row` from `left` on; what lies outside is dropped."""
    for place in range(len(window)):
        column = left + 2 * place
        if 0 <= column < len(row):
            for channel in range(row.shape[1]):
                row[column, channel] += window[place, channel]


@compiled
def spread_large(spread, picture, before, points):
    """Set `points` to those of a large picture, by the map `spread` of a window.

    `before` counts the cells of padding in front; `points` has four times the channels.
    """
    n, (_, height, width, channels) = len(points), picture.shape
    window = np.zeros((n, channels), np.float32)
    half = np.zeros((n, n, channels), np.float32)  # (points across, rows of the window)
    cells, between, flat = picture.reshape(-1), half.reshape(-1), points.reshape(-1)
    every, line = uintp(channels), uintp(n * channels)
    far = uintp(n * points.shape[2] * points.shape[3])  # from a row of points to the next
    for tile in range(points.shape[2]):
        image, top, left = place_of(tile, picture, STEP)
        for phase in range(4):
            x = left - before + phase % 2
            for row in range(n):
                y = top - before + phase // 2 + 2 * row
                to = uintp(row * channels)
                if not 0 <= y < height:
                    half[:, row] = 0
                elif x >= 0 and x + 2 * (n - 1) < width:
                    start = uintp(((image * height + y) * width + x) * channels)
                    spread(cells, start, every + every, between, to, line, every)
                else:
                    copy_row(picture[image, y], x, window)
                    spread(window.reshape(-1), uintp(0), every, between, to, line, every)
            for point in range(n):
                to = uintp((point * points.shape[2] + tile) * points.shape[3] + phase * channels)
                spread(between, uintp(point * n * channels), every, flat, to, far, every)


@compiled
def gather_large(gather, points, before, picture):
    """Set a large picture to what the transpose of `spread_large` makes of points.

    `gather` is the transpose of the map of a window.
    """
    n, channels = len(points), picture.shape[-1]
    window = np.zeros((n, channels), np.float32)
    half = np.zeros((n, n, channels), np.float32)  # (rows of the window, points across)
    between, flat, cells = half.reshape(-1), points.reshape(-1), window.reshape(-1)
    every, line = uintp(channels), uintp(n * channels)
    far = uintp(n * points.shape[2] * points.shape[3])
    picture[:] = 0
    for tile in range(points.shape[2]):
        image, top, left = place_of(tile, picture, STEP)
        for phase in range(4):
            for point in range(n):
                start = (point * points.shape[2] + tile) * points.shape[3] + phase * channels
                to = uintp(point * channels)
                gather(flat, uintp(start), far, between, to, line, every)
            for row in range(n):
                y = top - before + phase // 2 + 2 * row
                if 0 <= y < picture.shape[1]:
                    start = uintp(row * n * channels)
                    gather(between, start, every, cells, uintp(0), every, every)
                    add_row(window, left - before + phase % 2, picture[image, y])


@compiled
def spread_small(spread, picture, points):
    """Set `points` to those of a small picture, by the map `spread` of a tile."""
    n, (_, height, width, channels) = len(points), picture.shape
    half = np.zeros((n, OUTPUTS, channels), np.float32)  # (points across, rows of the tile)
    cells, between, flat = picture.reshape(-1), half.reshape(-1), points.reshape(-1)
    every, line = uintp(channels), uintp(OUTPUTS * channels)
    far = uintp(n * points.shape[2] * channels)
    for tile in range(points.shape[2]):
        image, top, left = place_of(tile, picture, OUTPUTS)
        for row in range(OUTPUTS):
            start = uintp(((image * height + top + row) * width + left) * channels)
            spread(cells, start, every, between, uintp(row * channels), line, every)
        for point in range(n):
            start = uintp(point * OUTPUTS * channels)
            to = uintp((point * points.shape[2] + tile) * channels)
            spread(between, start, every, flat, to, far, every)


@compiled
def gather_small(gather, points, picture):
    """Set a small picture to what the transpose of `spread_small` makes of points."""
    n, (_, height, width, channels) = len(points), picture.shape
    half = np.zeros((OUTPUTS, n, channels), np.float32)  # (rows of the tile, points across)
    cells, between, flat = picture.reshape(-1), half.reshape(-1), points.reshape(-1)
    every, line = uintp(channels), uintp(n * channels)
    far = uintp(n * points.shape[2] * channels)
    for tile in range(points.shape[2]):
        image, top, left = place_of(tile, picture, OUTPUTS)
        for point in range(n):
            start = uintp((point * points.shape[2] + tile) * channels)
            gather(flat, start, far, between, uintp(point * channels), line, every)
        for row in range(OUTPUTS):
            to = uintp(((image * height + top + row) * width + left) * channels)
            gather(between, uintp(row * n * channels), every, cells, to, every, every)

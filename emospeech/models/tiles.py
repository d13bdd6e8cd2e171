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

from emospeech.models.toom_cook import OUTPUTS, matrices

STEP = 2 * OUTPUTS  # cells of the large picture from tile to tile

compiled = numba.njit(nogil=True, fastmath=True, error_model="numpy")


def linear_map(matrix):
    """Return a compiled function (x, y) that sets y to matrix @ x; the columns of x are channels.

    Its source is written out without loops over the matrix and without its zeros: only so does the
    compiler take several channels at a time.
    """
    lines = ["def apply(x, y):", "    for c in range(x.shape[1]):"]
    lines += [f"        x{i} = x[{i}, c]" for i in range(matrix.shape[1])]
    for row, factors in enumerate(matrix.tolist()):
        terms = [f"single({factor}) * x{i}" for i, factor in enumerate(factors) if factor]
        lines.append(f"        y[{row}, c] = {' + '.join(terms)}")
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
def tiles_of(picture, step):
    """Yield (tile, image, top, left) of the tiles of all pictures."""
    count, height, width, _ = picture.shape
    down, across = height // step, width // step
    for tile in range(count * down * across):
        image, place = divmod(tile, down * across)
        yield tile, image, step * (place // across), step * (place % across)


@compiled
def spread_row(spread, row, left, window, points):
    """Set `points` to those of the window of `row` from `left` on; outside of the row lies 0."""
    n, width = len(window), len(row)
    if left >= 0 and left + 2 * (n - 1) < width:
        spread(row[left : left + 2 * n - 1 : 2], points)
        return
    for place in range(n):
        column = left + 2 * place
        if 0 <= column < width:
            window[place] = row[column]
        else:
            window[place] = 0
    spread(window, points)


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
    n, channels = len(points), picture.shape[-1]
    window = np.zeros((n, channels), np.float32)
    half = np.zeros((n, n, channels), np.float32)  # (points across, rows of the window)
    for tile, image, top, left in tiles_of(picture, STEP):
        for phase in range(4):
            for row in range(n):
                y = top - before + phase // 2 + 2 * row
                if 0 <= y < picture.shape[1]:
                    x = left - before + phase % 2
                    spread_row(spread, picture[image, y], x, window, half[:, row])
                else:
                    half[:, row] = 0
            part = slice(phase * channels, (phase + 1) * channels)
            for point in range(n):
                spread(half[point], points[:, point, tile, part])


@compiled
def gather_large(gather, points, before, picture):
    """Set a large picture to what the transpose of `spread_large` makes of points.

    `gather` is the transpose of the map of a window.
    """
    n, channels = len(points), picture.shape[-1]
    window = np.zeros((n, channels), np.float32)
    half = np.zeros((n, n, channels), np.float32)  # (rows of the window, points across)
    picture[:] = 0
    for tile, image, top, left in tiles_of(picture, STEP):
        for phase in range(4):
            part = slice(phase * channels, (phase + 1) * channels)
            for point in range(n):
                gather(points[:, point, tile, part], half[:, point])
            for row in range(n):
                y = top - before + phase // 2 + 2 * row
                if 0 <= y < picture.shape[1]:
                    gather(half[row], window)
                    add_row(window, left - before + phase % 2, picture[image, y])


@compiled
def spread_small(spread, picture, points):
    """Set `points` to those of a small picture, by the map `spread` of a tile."""
    n, channels = len(points), picture.shape[-1]
    half = np.zeros((n, OUTPUTS, channels), np.float32)  # (points across, rows of the tile)
    for tile, image, top, left in tiles_of(picture, OUTPUTS):
        for row in range(OUTPUTS):
            spread(picture[image, top + row, left : left + OUTPUTS], half[:, row])
        for point in range(n):
            spread(half[point], points[:, point, tile])


@compiled
def gather_small(gather, points, picture):
    """Set a small picture to what the transpose of `spread_small` makes of points."""
    n, channels = len(points), picture.shape[-1]
    half = np.zeros((OUTPUTS, n, channels), np.float32)  # (rows of the tile, points across)
    for tile, image, top, left in tiles_of(picture, OUTPUTS):
        for point in range(n):
            gather(points[:, point, tile], half[:, point])
        for row in range(OUTPUTS):
            gather(half[row], picture[image, top + row, left : left + OUTPUTS])

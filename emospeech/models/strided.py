"""Layers of stride 2 and their mirrors, by the fastest way that a processor has for them.

All ways make the same but for rounding. On a CPU pictures lie with their channels last, which is
twice as fast as torch's usual order. There torch also takes long over pictures of one channel, the
crops, so these are put together from products of matrices; and large layers are trained by the
tiles of `winograd`. Evaluation and other processors take torch's own convolutions.
"""

import torch
import torch.nn.functional as F
from torch.nn.grad import conv2d_weight

from emospeech.models.gradients import joined
from emospeech.models.toom_cook import MOST_TAPS, OUTPUTS

TILED_FILTER_SIZES = range(3, 2 * MOST_TAPS + 1)
TILED_CHANNELS = 32  # from which the products of the tiles outweigh their making


def halved(x, weights, bias, edges):
    """Return the layer of stride 2 of x: (n, c, w, r) to (n, filters, w/2, r/2).

    `weights` are (filters, c, k, k); `edges` counts the cells of padding (before, behind).
    """
    if not _usual_on_cpu(x):
        return plain_halved(x, weights, bias, edges)
    x = _channels_last(x)
    if _by_tiles(x, weights, x.shape[-2] // 2, x.shape[-1] // 2):
        return _tiled(x, weights, bias, edges[0], "forward", "transposed")
    if weights.shape[1] > 1 or not x.requires_grad:
        return plain_halved(x, weights, bias, edges)
    made = plain_halved(x.detach(), weights, bias, edges)
    return joined(made, None, (x, lambda gradient, w: one_channel(gradient, w, edges[0]), weights))


def doubled(x, weights, bias, edges):
    """Return the transposed layer of x: (n, c, w, r) to (n, filters, 2w, 2r).

    `weights` are (c, filters, k, k); `edges` are those of the layer that this one mirrors.
    """
    if not _usual_on_cpu(x):
        return plain_doubled(x, weights, bias, edges)
    x = _channels_last(x)
    if _by_tiles(x, weights, *x.shape[-2:]):
        return _tiled(x, weights, bias, edges[0], "transposed", "forward")
    if weights.shape[1] > 1:
        return plain_doubled(x, weights, bias, edges)
    made = one_channel(x.detach(), weights.detach(), edges[0])
    return joined(
        made,
        bias,
        (x, lambda gradient, weights: plain_halved(gradient, weights, None, edges), weights),
        (weights, lambda gradient, x: _weights(gradient, x, edges), x),
    )


def one_channel(small, weights, before):
    """Return pictures (n, 1, 2w, 2r) from small ones (n, c, w, r): the transpose of `halved`.

    Each cell of a small picture adds `weights` (c, 1, k, k), weighted by its channels, to a patch.
    """
    count, channels, width, rows = small.shape
    size = weights.shape[-1]
    reach = (size - 1) // 2
    patches = weights.view(channels, -1).T @ small.flatten(2)  # (n, k * k, w * r)
    patches = patches.view(count, size, size, width, rows)
    # The picture as its four phases, so that the cells to add lie side by side.
    sums = patches.new_zeros(count, 2, 2, width + reach, rows + reach)
    for i in range(size):
        for j in range(size):
            across, down = slice(i // 2, i // 2 + width), slice(j // 2, j // 2 + rows)
            sums[:, i % 2, j % 2, across, down] += patches[:, i, j]
    picture = sums.permute(0, 3, 1, 4, 2).reshape(count, 1, 2 * sums.shape[3], 2 * sums.shape[4])
    inside = (slice(before, before + 2 * length) for length in (width, rows))
    return picture[:, :, *inside]


def plain_halved(x, weights, bias, edges):
    """Return torch's own convolution of stride 2."""
    before, behind = edges
    if before == behind:
        return F.conv2d(x, weights, bias, stride=2, padding=before)
    return F.conv2d(F.pad(x, (before, behind, before, behind)), weights, bias, stride=2)


def plain_doubled(x, weights, bias, edges):
    """Return torch's own transposed convolution of stride 2, cut to twice the size of x."""
    width, rows = x.shape[-2:]
    made = F.conv_transpose2d(x, weights, bias, stride=2, padding=edges[0])
    return made[..., : 2 * width, : 2 * rows]


def _weights(large, small, edges):
    """Return the gradient of the weights between large and small pictures."""
    before, behind = edges
    large = F.pad(large, (before, behind, before, behind))
    size = large.shape[-1] - 2 * (small.shape[-1] - 1)
    return conv2d_weight(large, (small.shape[1], large.shape[1], size, size), small, stride=2)


def _usual_on_cpu(x):
    """Whether x is on a CPU and in the precision that the ways here are made for."""
    return x.device.type == "cpu" and not torch.is_autocast_enabled("cpu")


def _channels_last(x):
    """Return x with its channels last in memory.

    Of a single channel torch cannot tell, and takes the usual order, unless its stride says so.
    """
    if x.shape[1] == 1:
        x = x.contiguous()
        return x.as_strided(x.shape, (x.stride(0), 1, x.stride(2), 1))
    return x.contiguous(memory_format=torch.channels_last)


def _by_tiles(x, weights, small_width, small_rows):
    """Whether a layer is trained by tiles: a large one, in float32."""
    return (
        torch.is_grad_enabled()
        and x.dtype == weights.dtype == torch.float32
        and min(weights.shape[:2]) >= TILED_CHANNELS
        and weights.shape[-1] in TILED_FILTER_SIZES
        and small_width % OUTPUTS == small_rows % OUTPUTS == 0
    )


def _tiled(x, weights, bias, before, way, back):
    """Return what `Winograd.<way>` makes of x, and the bias; <back> is its transpose."""
    # Here, since it brings a compiler, which takes a second to import.
    from emospeech.models.winograd import winograd

    tiles = winograd(weights.shape[-1], before)
    with torch.no_grad():
        points = tiles.points_of(weights)

    def applied(name, pictures, points):
        return _picture(getattr(tiles, name)(_array(pictures), points.numpy()))

    def towards_x(gradient, points):
        return applied(back, gradient, points)

    def towards_weights(gradient, x):
        large, small = (x, gradient) if way == "forward" else (gradient, x)
        made = tiles.weight_points(_array(large), _array(small))
        return tiles.weights_of(torch.from_numpy(made))

    made = applied(way, x, points)
    return joined(made, bias, (x, towards_x, points), (weights, towards_weights, x))


def _array(x):
    """Return a tensor (n, c, w, r) as an array (n, w, r, c)."""
    return x.detach().permute(0, 2, 3, 1).contiguous().numpy()


def _picture(array):
    """Return an array (n, w, r, c) as a tensor (n, c, w, r).

    It shares the memory, but is no view, whose changes in place would be costly to follow.
    """
    values = torch.from_numpy(array).permute(0, 3, 1, 2)
    return torch.empty(0).set_(values.untyped_storage(), 0, values.shape, values.stride())

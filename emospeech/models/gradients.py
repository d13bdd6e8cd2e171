"""Gradients of our own making, of which only those are computed that a caller asks for."""

import torch


def joined(made, bias, *gradients):
    """Add the bias to `made` in place and return it, with gradients towards what made it.

    `made` is (n, channels, width, rows), the bias (channels,) or None, whose gradient is torch's.
    Each of `gradients` is (of what, how, from what): for a tensor `value`, a function `how` and a
    tensor `needed` the gradient of `value` is how(gradient of the sum, needed).
    """
    # Detached, or what one gradient needs would itself count as asked for through it.
    zeros = [_Zero.apply(of, made.shape, how, needed.detach()) for of, how, needed in gradients]
    if bias is not None:
        made.add_(bias.detach().view(-1, 1, 1))
        zeros.append(_Zero.apply(bias, made.shape, lambda gradient: gradient.sum((0, 2, 3))))
    return _Join.apply(made, *zeros)


class _Join(torch.autograd.Function):
    """The sum of a tensor and of zeros that take no room but have gradients.

    Each gradient hangs on its own zeros, so that those are computed that a caller asks for and no
    others: the generator's update needs none of the discriminator's weights.
    """

    @staticmethod
    def forward(ctx, made, *zeros):
        ctx.count = len(zeros)
        ctx.mark_dirty(made)  # it is returned as it is, and as no view, so that it may be changed
        return made

    @staticmethod
    def backward(ctx, gradient):
        return (gradient,) * (1 + ctx.count)


class _Zero(torch.autograd.Function):
    """Zeros of a shape that take no room, for `_Join`.

    The gradient of `value` is gradient(that of the zeros, *needed).
    """

    @staticmethod
    def forward(ctx, value, shape, gradient, *needed):
        ctx.gradient = gradient
        ctx.count = len(needed)
        ctx.save_for_backward(*needed)
        return value.new_zeros(()).expand(shape)

    @staticmethod
    def backward(ctx, of_zeros):
        return ctx.gradient(of_zeros, *ctx.saved_tensors), None, None, *(None,) * ctx.count

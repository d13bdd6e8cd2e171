"""Adam (Kingma and Ba 2015) on gradients that are handed over.

It is torch's own fused kernel, behind the functional form of torch.optim.Adam. The class itself
would import torch's compiler, which takes longer than a small training and is not used.
"""

import torch
from torch.optim.adam import adam

EPSILON = 1e-8  # against a division by 0, as in the paper of Adam


class Adam:
    """The moments of some parameters, and the update that they make."""

    def __init__(self, parameters, learning_rate, beta1, beta2):
        self.parameters = list(parameters)
        self.rates = {"lr": learning_rate, "beta1": beta1, "beta2": beta2}
        self.moments = [[torch.zeros_like(p) for p in self.parameters] for _ in range(2)]
        # Counted where the parameters lie, as the kernel asks for: nothing waits for a GPU.
        self.steps = [torch.zeros((), device=p.device) for p in self.parameters]

    def state(self):
        """Return the tensors that the next update depends on beside the parameters, as in use."""
        return [*self.moments[0], *self.moments[1], *self.steps]

    @torch.no_grad()
    def step(self, gradients):
        """Move the parameters against `gradients`, a tensor for each, in their order."""
        adam(
            self.parameters,
            [_like(*pair) for pair in zip(self.parameters, gradients, strict=True)],
            *self.moments,
            [],  # of AMSGrad, a variant
            self.steps,
            fused=True,
            amsgrad=False,
            weight_decay=0,
            eps=EPSILON,
            maximize=False,
            **self.rates,
        )


def _like(parameter, gradient):
    """Return the gradient in the memory layout of its parameter, as the fused kernel needs it."""
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)

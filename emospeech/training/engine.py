"""One training step: each part of a model is updated, in the paper's order or jointly."""

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any

import torch
from torch.optim.adam import adam

from emospeech.labels import Task
from emospeech.models.learner import Learner, Update
from emospeech.training.device import reduced_precision
from emospeech.training.losses import objective_of
from emospeech.training.settings import Settings

JOINT = "joint"  # the update for the sum of all losses that are not in `Learner.separate`
ADAM_EPSILON = 1e-8  # avoids a division by 0, as in the paper of Adam


class Adam:
    """Adam (Kingma and Ba 2015) for gradients that the caller computes.

    It is torch's fused kernel, called through the functional form of torch.optim.Adam. The class
    itself imports torch's compiler, which is not needed and takes longer than a small training run.
    """

    def __init__(self, parameters: Iterable[torch.Tensor], learning_rate: float, betas: tuple):
        self.parameters = list(parameters)
        self.learning_rate, self.betas = learning_rate, betas
        self.moments = [[torch.zeros_like(p) for p in self.parameters] for _ in range(2)]
        # On the device of the parameters, as the kernel requires, so that no step waits for a GPU.
        self.steps = [torch.zeros((), device=p.device) for p in self.parameters]

    def state(self) -> list[torch.Tensor]:
        """Return the optimiser state: the tensors in use, not copies."""
        return [*self.moments[0], *self.moments[1], *self.steps]

    @torch.no_grad()
    def step(self, gradients: Iterable[torch.Tensor]) -> None:
        """Update the parameters with `gradients`, one tensor per parameter, in the same order."""
        adam(
            self.parameters,
            [_with_layout(*pair) for pair in zip(self.parameters, gradients, strict=True)],
            self.moments[0],
            self.moments[1],
            [],  # state of AMSGrad, which is not used
            self.steps,
            fused=True,
            amsgrad=False,
            weight_decay=0,
            eps=ADAM_EPSILON,
            maximize=False,
            lr=self.learning_rate,
            beta1=self.betas[0],
            beta2=self.betas[1],
        )


def _with_layout(parameter: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Return the gradient in the memory layout of its parameter, as the fused kernel needs it."""
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)


class Engine:
    """The networks of a model, with an optimiser for each update.

    The updates of a step are `separate`, as in the paper: first those for unlabelled speech
    (generator and discriminator; or APC), then one for each task (the target first), which
    changes the trunk, the shared layer and the task's head. `Learner` describes the others.

    `joint` is an alternative because the authors of the paper suspect that alternating between the
    tasks "might have created instabilities". The updates of `Learner.separate` (generator, APC)
    come first, then one for the sum of the other losses, which changes all other parts.
    """

    def __init__(
        self, learner: Learner, tasks: tuple[Task, ...], learning_rate: float, settings: Settings
    ):
        training = settings.training
        self.learner, self.network = learner, learner.network
        self.tasks = [task.name for task in tasks]
        # Which updates a step has; pretraining has one kind only.
        self.uses_unlabelled, self.uses_labels = True, True
        self.joint = training.update == JOINT
        self.task_loss = objective_of(settings).loss
        self.precision = training.precision
        self.device_type = next(self.network.parameters()).device.type
        updated = learner.unlabelled_parameters()
        updated |= {task: self.network.classifier_parameters(task) for task in self.tasks}
        if self.joint:
            separate = {name: updated.pop(name) for name in learner.separate}
            joined = {parameter for parameters in updated.values() for parameter in parameters}
            ordered = [parameter for parameter in self.network.parameters() if parameter in joined]
            updated = separate | {JOINT: ordered}
        betas = (training.beta1, training.beta2)
        self.optimisers = {
            name: Adam(parameters, learning_rate, betas) for name, parameters in updated.items()
        }

    def state(self) -> dict[str, torch.Tensor]:
        """Return all tensors that the next step depends on, {name: tensor}.

        They are the tensors in use: copying values into them restores the state of the engine.
        """
        named = {
            f"{part}.{name}": value
            for part, network in self.learner.modules.items()
            for name, value in network.state_dict().items()
        }
        for update, optimiser in self.optimisers.items():
            moments = enumerate(optimiser.state())
            named |= {f"adam.{update}.{index}": value for index, value in moments}
        return named

    def is_finite(self) -> bool:
        """Return whether all weights, running averages and moments are finite."""
        # Reduced on the device, so that the epoch waits for it once and not for each tensor.
        return bool(torch.stack([value.isfinite().all() for value in self.state().values()]).all())

    def step(
        self,
        crops: torch.Tensor,
        targets: list[torch.Tensor],
        unlabelled: Any = None,
        noise: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Update every part once.

        Args:
            crops: Labelled crops (batch, 1, width, rows).
            targets: A tensor (batch, outputs) for each task.
            unlabelled: Unlabelled crops, see `Learner.unlabelled_updates`.
            noise: Random input of the networks, see `Learner.draw_noise`.

        Returns:
            The losses, {name: scalar tensor}, and what the updates log.
        """
        with reduced_precision(self.precision, self.device_type):
            losses, summed = {}, []
            for update in self._updates(crops, targets, unlabelled, noise):
                if self.joint and update.name not in self.learner.separate:
                    summed.append(update.loss)
                else:
                    self._update(update.name, update.loss, update.keep_graph)
                losses |= {update.name: update.loss.detach(), **update.logged}
            if summed:
                self._update(JOINT, reduce(torch.add, summed))
            return losses

    def _updates(self, crops, targets, unlabelled, noise) -> Iterator[Update]:
        """Yield the updates of a step.

        Each loss is computed on demand, with the weights after the previous update.
        """
        if self.uses_unlabelled:
            yield from self.learner.unlabelled_updates(unlabelled, noise)
        if self.uses_labels:
            by_task = dict(zip(self.tasks, targets, strict=True))
            for tasks in [self.tasks] if self.joint else [(task,) for task in self.tasks]:
                logits = self.network.classify(crops, tasks)
                for task in tasks:
                    yield Update(task, self.task_loss(logits[task], by_task[task]))

    def _update(self, name: str, loss: torch.Tensor, keep_graph: bool = False) -> None:
        optimiser = self.optimisers[name]
        # Only gradients of the parameters of this update are computed.
        gradients = torch.autograd.grad(loss, optimiser.parameters, retain_graph=keep_graph)
        optimiser.step(gradients)

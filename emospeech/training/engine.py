"""One training step: each part of a model is updated, in the paper's order or jointly."""

from collections.abc import Iterable, Iterator
from functools import reduce

import torch
from torch.optim.adam import adam

from emospeech.models.networks import Generator, Network
from emospeech.training.device import reduced_precision
from emospeech.training.losses import fake_loss, objective_of, real_loss
from emospeech.training.settings import Settings

JOINT = "joint"  # the update of all parts but the generator
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

    The updates of a step are `separate`, as in the paper: generator, discriminator, then each task
    (valence, activation). The update of a task changes the trunk, the shared layer and the task's
    head. The discriminator's update changes the trunk and the real/fake head, and the generator's
    update only the generator. With `joint`, the generator is updated first, then all other parts on
    the sum of the other losses. The paper suspects that swapping the tasks "might have created
    instabilities".
    """

    def __init__(
        self,
        network: Network,
        generator: Generator | None,
        tasks: tuple[str, ...],
        learning_rate: float,
        settings: Settings,
    ):
        training = settings.training
        self.network, self.generator, self.tasks = network, generator, tasks
        self.joint = training.update == JOINT
        self.task_loss = objective_of(settings).loss
        self.precision = training.precision
        self.device_type = next(network.parameters()).device.type
        updated: dict[str, Iterable[torch.Tensor]] = {}
        if generator is not None:
            updated["generator"] = generator.parameters()
        if self.joint:
            updated[JOINT] = network.parameters()
        else:
            if generator is not None:
                updated["discriminator"] = network.discriminator_parameters()
            updated |= {task: network.classifier_parameters(task) for task in tasks}
        betas = (training.beta1, training.beta2)
        self.optimisers = {
            name: Adam(parameters, learning_rate, betas) for name, parameters in updated.items()
        }

    def state(self) -> dict[str, torch.Tensor]:
        """Return all tensors that the next step depends on, {name: tensor}.

        They are the tensors in use: copying values into them restores the state of the engine.
        """
        networks = {"network": self.network, "generator": self.generator}
        named = {
            f"{part}.{name}": value
            for part, network in networks.items()
            if network is not None
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
        unlabelled: torch.Tensor | None = None,
        latent: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Update every part once.

        Args:
            crops: Labelled crops (batch, 1, width, rows).
            targets: A tensor (batch, outputs) for each task.
            unlabelled: Unlabelled crops, of the same shape as `crops`; used by the DCGANs.
            latent: Input of the generator (batch, latent_size).

        Returns:
            The losses, {name: scalar tensor}.
        """
        with reduced_precision(self.precision, self.device_type):
            losses, fake_logits = {}, None
            if self.generator is not None:
                # The discriminator's update uses this pass too: the network does not change in
                # between, and each loss is differentiated for its own parameters only.
                fake_logits = self.network.discriminate(self.generator(latent))
                loss = real_loss(fake_logits)
                losses["generator"] = self._update("generator", loss, keep_graph=True)
            others = self._other_losses(crops, targets, unlabelled, fake_logits)
            if self.joint:
                parts = dict(others)
                self._update(JOINT, reduce(torch.add, parts.values()))
                return losses | {name: loss.detach() for name, loss in parts.items()}
            return losses | {name: self._update(name, loss) for name, loss in others}

    def _other_losses(self, crops, targets, unlabelled, fake_logits) -> Iterator[tuple]:
        """Yield (name, loss) of the discriminator and the tasks.

        Each loss is computed on demand, with the weights after the previous update.
        """
        if fake_logits is not None:
            real_logits = self.network.discriminate(unlabelled, self.network.tracks_unlabelled)
            yield "discriminator", real_loss(real_logits) + fake_loss(fake_logits)
        by_task = dict(zip(self.tasks, targets, strict=True))
        for tasks in [self.tasks] if self.joint else [(task,) for task in self.tasks]:
            logits = self.network.classify(crops, tasks)
            for task in tasks:
                yield task, self.task_loss(logits[task], by_task[task])

    def _update(self, name: str, loss: torch.Tensor, keep_graph: bool = False) -> torch.Tensor:
        optimiser = self.optimisers[name]
        # Only gradients of the parameters of this update are computed.
        gradients = torch.autograd.grad(loss, optimiser.parameters, retain_graph=keep_graph)
        optimiser.step(gradients)
        return loss.detach()

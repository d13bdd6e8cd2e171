"""One step of training: every part of a model is updated, in the paper's order or jointly."""

import torch

from emospeech.training.adam import Adam
from emospeech.training.device import reduced_precision
from emospeech.training.losses import fake_loss, objective_of, real_loss

JOINT = "joint"  # the update of all but the generator


class Engine:
    """The networks of a model with an optimiser for each update.

    The updates of a step are `separate`, as the paper has them: generator, discriminator, then
    each task (valence, activation). A classifier's update reaches the trunk, the shared layer and
    its own head; the discriminator's the trunk and the real/fake head; the generator's the
    generator alone. Or they are `joint`: the generator, then all else on the sum of the other
    losses, since the paper suspects that swapping the tasks "might have created instabilities".
    """

    def __init__(self, network, generator, tasks, learning_rate, settings):
        self.network, self.generator, self.tasks = network, generator, tasks
        self.joint = settings.update == JOINT
        self.task_loss = objective_of(settings).loss
        self.precision = settings.precision
        self.device_type = next(network.parameters()).device.type
        updated = {} if generator is None else {"generator": generator.parameters()}
        if self.joint:
            updated[JOINT] = network.parameters()
        else:
            if generator is not None:
                updated["discriminator"] = network.discriminator_parameters()
            updated |= {task: network.classifier_parameters(task) for task in tasks}
        self.optimisers = {
            name: Adam(parameters, learning_rate, settings.beta1, settings.beta2)
            for name, parameters in updated.items()
        }

    def state(self):
        """Return all tensors that the next step depends on, {name: tensor}.

        They are those in use and no copies: what is written into them is where the engine goes on.
        """
        networks = {"network": self.network, "generator": self.generator}
        named = {
            f"{place}.{name}": value
            for place, network in networks.items()
            if network is not None
            for name, value in network.state_dict().items()
        }
        for update, optimiser in self.optimisers.items():
            moments = enumerate(optimiser.state())
            named |= {f"adam.{update}.{number}": value for number, value in moments}
        return named

    def is_finite(self) -> bool:
        """Return whether all weights, averages and moments are finite numbers."""
        return all(bool(torch.isfinite(value).all()) for value in self.state().values())

    def step(self, crops, labels, unlabelled=None, latent=None):
        """Update every part once and return the losses, {name: scalar tensor}.

        crops and unlabelled are (batch, 1, width, rows), latent is (batch, latent_size) and labels
        holds a tensor (batch, outputs) for each task.
        """
        with reduced_precision(self.precision, self.device_type):
            return self._step(crops, labels, unlabelled, latent)

    def _step(self, crops, labels, unlabelled, latent):
        losses, judged = {}, None
        if self.generator is not None:
            # The network does not change before the next update, so its pass over the fakes serves
            # that too: the gradients of either loss are taken for their own parameters only.
            judged = self.network.discriminate(self.generator(latent))
            losses["generator"] = self._update("generator", real_loss(judged), keep_graph=True)
        others = self._other_losses(crops, labels, unlabelled, judged)
        if self.joint:
            parts = dict(others)
            self._update(JOINT, sum(parts.values()))
            return losses | {name: loss.detach() for name, loss in parts.items()}
        return losses | {name: self._update(name, loss) for name, loss in others}

    def _other_losses(self, crops, labels, unlabelled, judged):
        """Yield the names and losses of discriminator and tasks.

        Each is computed when it is asked for, with the weights that the update before has left.
        """
        if judged is not None:
            real = self.network.discriminate(unlabelled, self.network.tracks_unlabelled)
            yield "discriminator", real_loss(real) + fake_loss(judged)
        truth = dict(zip(self.tasks, labels, strict=True))
        for tasks in [self.tasks] if self.joint else [(task,) for task in self.tasks]:
            logits = self.network.classify(crops, tasks)
            for task in tasks:
                yield task, self.task_loss(logits[task], truth[task])

    def _update(self, name, loss, keep_graph=False):
        optimiser = self.optimisers[name]
        # Gradients of these parameters only: none is computed for what the update must not touch.
        gradients = torch.autograd.grad(loss, optimiser.parameters, retain_graph=keep_graph)
        optimiser.step(list(gradients))
        return loss.detach()

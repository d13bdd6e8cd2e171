"""One step of training: each part of the model is updated once, in the paper's order."""

import torch

from emospeech.training.losses import class_loss, fake_loss, real_loss


class Engine:
    """The networks of a model with an optimiser for each loss.

    The updates of a step: generator, discriminator, then each task (valence, activation). A
    classifier's update reaches the trunk, the shared layer and its own head; the discriminator's
    the trunk and the real/fake head; the generator's the generator alone.
    """

    def __init__(self, network, generator, tasks, learning_rate, settings):
        self.network, self.generator, self.tasks = network, generator, tasks
        betas = (settings.beta1, settings.beta2)
        updated = {task: network.classifier_parameters(task) for task in tasks}
        if generator is not None:
            updated["generator"] = list(generator.parameters())
            updated["discriminator"] = network.discriminator_parameters()
        self.optimisers = {
            name: torch.optim.Adam(parameters, learning_rate, betas, fused=True)
            for name, parameters in updated.items()
        }

    def step(self, crops, labels, unlabelled=None, latent=None):
        """Update every part once and return the losses, {name: scalar tensor}.

        crops and unlabelled are (batch, 1, rows, width), latent is (batch, latent_size) and labels
        holds a tensor (batch, 5) for each task.
        """
        losses = {}
        if self.generator is not None:
            losses |= self._play(unlabelled, latent)
        for task, truth in zip(self.tasks, labels, strict=True):
            loss = class_loss(self.network.classify(crops, (task,))[task], truth)
            losses[task] = self._update(task, loss)
        return losses

    def _play(self, real, latent):
        """Update the generator, then the discriminator on the same fakes, which it sees detached.

        The discriminator does not change in between, so its pass over the fakes serves both: the
        gradients of either loss are taken for their own parameters only.
        """
        judged = self.network.judge(self.generator(latent), real=False)
        generator_loss = self._update("generator", real_loss(judged), keep_graph=True)
        loss = real_loss(self.network.judge(real, real=True)) + fake_loss(judged)
        return {"generator": generator_loss, "discriminator": self._update("discriminator", loss)}

    def _update(self, name, loss, keep_graph=False):
        optimiser = self.optimisers[name]
        parameters = optimiser.param_groups[0]["params"]
        # Gradients of these parameters only: none is computed for what the update must not touch.
        gradients = torch.autograd.grad(loss, parameters, retain_graph=keep_graph)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        optimiser.step()
        return loss.detach()

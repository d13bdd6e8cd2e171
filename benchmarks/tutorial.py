"""A plain training loop, as the DCGAN tutorials have it, on the same networks and losses."""

import torch
from torch.utils.data import DataLoader

from emospeech.training.losses import fake_loss, real_loss, softmax_loss


class Tutorial:
    """Generator, discriminator and a classifier a task, one after the other, with `backward()`."""

    def __init__(self, network, generator, tasks, trial, device):
        self.network, self.generator, self.tasks, self.device = network, generator, tasks, device
        adam = lambda parameters: torch.optim.Adam(  # noqa: E731
            parameters, lr=trial["learning_rate"], betas=(0.5, 0.999)
        )
        self.batch_size = trial["batch_size"]
        self.adams = {task: adam(network.classifier_parameters(task)) for task in tasks}
        if generator is not None:
            self.adams["generator"] = adam(generator.parameters())
            self.adams["discriminator"] = adam(network.discriminator_parameters())

    def epoch(self, labelled, unlabelled):
        """Train an epoch on Datasets of (crop, labels) and of crops; return the summed losses."""
        sums = dict.fromkeys(self.adams, 0.0)
        loaders = [DataLoader(labelled, self.batch_size, shuffle=True, drop_last=True)]
        if self.generator is not None:
            loaders.append(DataLoader(unlabelled, self.batch_size, shuffle=True, drop_last=True))
        for (crops, labels), *real in zip(*loaders, strict=False):
            if self.generator is not None:
                self._play(real[0].to(self.device), sums)
            for number, task in enumerate(self.tasks):
                logits = self.network.classify(crops.to(self.device))[task]
                loss = softmax_loss(logits, labels[:, number].to(self.device))
                self._update(task, loss, sums)
        return sums

    def _play(self, real, sums):
        size = self.generator.linear.in_features
        latent = torch.rand(len(real), size, device=self.device) * 2 - 1
        fake = self.generator(latent)
        self._update("generator", real_loss(self.network.judge(fake, real=False)), sums)
        judged = self.network.judge(fake.detach(), real=False)
        loss = real_loss(self.network.judge(real, real=True)) + fake_loss(judged)
        self._update("discriminator", loss, sums)

    def _update(self, name, loss, sums):
        self.network.zero_grad()
        if self.generator is not None:
            self.generator.zero_grad()
        loss.backward()
        self.adams[name].step()
        sums[name] += loss.item()

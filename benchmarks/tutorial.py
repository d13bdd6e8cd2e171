"""A plain training loop, as the DCGAN tutorials have it, on networks of the same layers and losses.

Tensors are float32 in torch's default memory format, and the C library uses its own defaults.
"""

import torch
from torch.utils.data import DataLoader

from emospeech.training.device import (
    M_MMAP_MAX,
    M_MMAP_THRESHOLD,
    M_TOP_PAD,
    M_TRIM_THRESHOLD,
    set_memory,
)
from emospeech.training.losses import fake_loss, real_loss, softmax_loss

# What glibc comes to by itself.
USUAL_MEMORY = {
    M_MMAP_MAX: 65536,
    M_MMAP_THRESHOLD: 32 * 2**20,
    M_TOP_PAD: 128 * 2**10,
    M_TRIM_THRESHOLD: 64 * 2**20,
}


def use_usual_memory():
    """Undo `emospeech.training.device.keep_freed_memory`, and give back what it has kept."""
    libc = set_memory(USUAL_MEMORY)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


class Tutorial:
    """Generator, discriminator and a classifier a task, one after the other, with `backward()`."""

    def __init__(self, network, generator, tasks, trial, device):
        self.network, self.generator, self.tasks, self.device = network, generator, tasks, device
        for part in (network, generator):
            if part is not None:
                part.to(memory_format=torch.contiguous_format)
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
        use_usual_memory()
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
        self._update("generator", real_loss(self.network.discriminate(fake)), sums)
        judged = self.network.discriminate(fake.detach())
        loss = real_loss(
            self.network.discriminate(real, self.network.tracks_unlabelled)
        ) + fake_loss(judged)
        self._update("discriminator", loss, sums)

    def _update(self, name, loss, sums):
        self.network.zero_grad()
        if self.generator is not None:
            self.generator.zero_grad()
        loss.backward()
        self.adams[name].step()
        sums[name] += loss.item()

"""Reference implementations as in tutorials: librosa, a Dataset over HDF5, a DCGAN training loop.

Tensors are float32 in torch's default memory format. The training loop uses the default settings of
the C library and of torch, with which a GPU rounds the inputs of convolutions to TF32.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from emospeech.models.dcgan import fake_loss, real_loss
from emospeech.models.learner import Learner
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.device import (
    M_MMAP_MAX,
    M_MMAP_THRESHOLD,
    M_TOP_PAD,
    M_TRIM_THRESHOLD,
    set_memory,
)
from emospeech.training.losses import softmax_loss

# The values to which glibc adjusts its limits.
DEFAULT_MALLOC = {
    M_MMAP_MAX: 65536,
    M_MMAP_THRESHOLD: 32 * 2**20,
    M_TOP_PAD: 128 * 2**10,
    M_TRIM_THRESHOLD: 64 * 2**20,
}


def extract(files: Sequence[Path], path: Path, settings: SpectrogramSettings) -> None:
    """Write the spectrogram of each file to an HDF5 dataset, (frames, rows) float32."""
    import librosa  # not on the machine of benchmarks.gpu

    with h5py.File(path, "w", locking=False) as store:
        for index, file in enumerate(files):
            audio, _ = librosa.load(file, sr=settings.sample_rate)
            power = librosa.feature.melspectrogram(
                y=audio,
                sr=settings.sample_rate,
                n_fft=settings.n_fft,
                hop_length=settings.hop_length,
                n_mels=settings.rows,
                pad_mode="constant",
            )
            decibels = librosa.power_to_db(power, ref=np.max, top_db=settings.dynamic_range)
            store.create_dataset(str(index), data=1 + 2 * decibels.T / settings.dynamic_range)


class CropDataset(Dataset):
    """A crop around a random point of a random word of each recording, read one at a time."""

    def __init__(self, path: Path, words: Sequence | np.ndarray, frame_rate: float, width: int):
        """Set the parameters; `words` contains (start, end) in seconds for each recording."""
        self.path, self.words, self.frame_rate, self.width = path, words, frame_rate, width
        self.file = None

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, index: int) -> torch.Tensor:
        """Return a crop of shape (1, width, rows)."""
        if self.file is None:  # opened in the worker, since an open file does not survive a fork
            self.file = h5py.File(self.path, "r", locking=False)
        frames: Any = self.file[str(index)]
        start, end = random.choice(self.words[index])
        centre = round(random.uniform(start, end) * self.frame_rate)
        first = min(centre, len(frames) - 1) - self.width // 2
        crop = frames[max(first, 0) : first + self.width]
        before = max(-first, 0)
        after = self.width - before - len(crop)
        crop = np.pad(crop, ((before, after), (0, 0)), constant_values=-1)
        return torch.from_numpy(crop).unsqueeze(0)


def restore_default_malloc() -> None:
    """Undo `emospeech.training.device.keep_freed_memory` and release the memory it kept."""
    libc = set_memory(DEFAULT_MALLOC)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


@contextmanager
def default_gpu_settings() -> Iterator[None]:
    """Undo the settings of a GPU by `emospeech.training.device.torch_device` inside the block."""
    tf32, deterministic = (
        torch.backends.cudnn.allow_tf32,
        torch.are_deterministic_algorithms_enabled(),
    )
    torch.backends.cudnn.allow_tf32 = True
    torch.use_deterministic_algorithms(False)
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = tf32
        torch.use_deterministic_algorithms(deterministic, warn_only=True)


class Tutorial:
    """A training loop that updates generator, discriminator and classifiers in turn."""

    def __init__(self, learner: Learner, tasks: Sequence[str], trial: dict, device: str):
        self.network: Any = learner.network
        self.generator = learner.generator
        self.tasks, self.device, self.batch_size = tasks, device, trial["batch_size"]
        parameters = {task: self.network.classifier_parameters(task) for task in self.tasks}
        parameters |= learner.unlabelled_parameters()
        self.networks = nn.ModuleList(learner.modules.values())
        self.networks.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
        self.optimizers = {
            name: torch.optim.Adam(own, lr=trial["learning_rate"], betas=(0.5, 0.999))
            for name, own in parameters.items()
        }

    def epoch(self, labelled: Dataset, unlabelled: Dataset) -> dict[str, float]:
        """Train on datasets of (crop, labels) and of crops; return the summed losses."""
        restore_default_malloc()
        sums = dict.fromkeys(self.optimizers, 0.0)
        loaders = [DataLoader(labelled, self.batch_size, shuffle=True, drop_last=True)]
        if self.generator is not None:
            loaders.append(DataLoader(unlabelled, self.batch_size, shuffle=True, drop_last=True))
        for (crops, labels), *real in zip(*loaders, strict=False):
            if self.generator is not None:
                self._update_adversaries(self.generator, real[0].to(self.device), sums)
            for index, task in enumerate(self.tasks):
                logits = self.network.classify(crops.to(self.device))[task]
                loss = softmax_loss(logits, labels[:, index].to(self.device))
                self._update(task, loss, sums)
        return sums

    def _update_adversaries(self, generator, real, sums):
        latent = torch.rand(len(real), generator.linear.in_features, device=self.device) * 2 - 1
        fake = generator(latent)
        self._update("generator", real_loss(self.network.discriminate(fake)), sums)
        fake_logits = self.network.discriminate(fake.detach())
        real_logits = self.network.discriminate(real)
        self._update("discriminator", real_loss(real_logits) + fake_loss(fake_logits), sums)

    def _update(self, name, loss, sums):
        self.networks.zero_grad()
        loss.backward()
        self.optimizers[name].step()
        sums[name] += loss.item()

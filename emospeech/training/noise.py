"""Training runs on spectrograms of noise, for measurements."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from emospeech.crops.gather import CropGatherer
from emospeech.crops.sampler import Sampler
from emospeech.models.catalogue import MODELS, build
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import Store, offsets_of
from emospeech.training.checkpoint import EpochProgress
from emospeech.training.data import make_pool
from emospeech.training.device import torch_device
from emospeech.training.engine import Engine
from emospeech.training.settings import Settings
from emospeech.training.trainer import train_epoch

UTTERANCE_SECONDS = 4.46  # mean of IEMOCAP
WORDS, WORD_SECONDS = 10, 0.3  # of each recording
BLOCK = 2**16  # frames, which are repeated


def noise_store(
    settings: SpectrogramSettings, hours: float, seconds: float = UTTERANCE_SECONDS
) -> Store:
    """Return a store in memory with `hours` of recordings whose mean length is `seconds`."""
    rng, count = np.random.default_rng(0), round(hours * 3600 / seconds)
    durations = rng.uniform(0.5, 1.5, count) * seconds
    starts = rng.uniform(0, durations[:, None] - WORD_SECONDS, (count, WORDS)).ravel()
    offsets = offsets_of((durations * settings.frame_rate).astype(int))
    noise = settings.encode(rng.uniform(-1, 1, (BLOCK, settings.rows)))
    frames = np.resize(noise, (offsets[-1] + 1, settings.rows))
    frames[-1:] = settings.floor_frame()
    return Store(
        frames=frames,
        offsets=offsets,
        recordings=tuple(f"utterance-{index:06d}" for index in range(count)),
        word_start=starts,
        word_end=starts + WORD_SECONDS,
        word_offsets=WORDS * np.arange(count + 1),
        checksums=np.zeros(count, np.uint32),
        settings=settings,
        irregular=np.zeros(count, np.uint8),
        path=Path("noise.h5"),  # names the corpus; there is no such file
    )


class NoiseRun:
    """A training run on all recordings of a store, with random targets and without a fold.

    `engine`, `sampler` and `targets` are arguments of `train_epoch`.
    """

    def __init__(self, model: str, trial: Mapping, steps: int, store: Store, settings: Settings):
        """Build a model with the parameters of a trial; prepare epochs of `steps` steps."""
        device, labels = torch_device(settings.training), settings.labels
        learner = build(model, store.settings.rows, trial, settings.models, 0, labels).to(device)
        tasks = labels.tasks(MODELS[model].multitask)
        self.engine = Engine(learner, tasks, trial["learning_rate"], settings)
        recordings, self.n_crops = np.arange(len(store.recordings)), steps * trial["batch_size"]
        kind, width, size = learner.unlabelled_pool(trial, settings.apc)
        pool = None
        if MODELS[model].unlabelled:
            pool = make_pool([(store, recordings)], settings, 0, device, width, kind)
        self.sampler = Sampler(
            gather=CropGatherer(store, trial["crop_width"], device, settings.crops.edge),
            recordings=np.resize(recordings, self.n_crops),
            labels=np.ones(self.n_crops),
            pool=pool,
            batch_size=trial["batch_size"],
            unlabelled_batch_size=size,
            even_classes=None,
        )
        rng = np.random.default_rng(0)
        targets = (rng.dirichlet(np.ones(labels.outputs(task)), self.n_crops) for task in tasks)
        self.targets = [torch.from_numpy(values).float().to(device) for values in targets]

    def train(self) -> None:
        """Train an epoch."""
        progress = EpochProgress()
        train_epoch(self.engine, self.sampler, self.targets, np.random.default_rng(0), progress)
        progress.means()  # waits until a GPU has finished, as at the end of an epoch

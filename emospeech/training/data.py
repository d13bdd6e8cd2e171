"""The data of a training on the device: labelled crops, the unlabelled pool, their sampler."""

import logging
from collections.abc import Iterator
from pathlib import Path

import torch

from emospeech.crops.centres import draw_fixed_centres
from emospeech.crops.gather import CropGatherer
from emospeech.crops.pool import UnlabelledPool
from emospeech.crops.sampler import Sampler
from emospeech.models.catalogue import Model
from emospeech.spectrograms.store import check_store
from emospeech.training.fold import (
    Fold,
    Part,
    is_store_of,
    labelled_parts,
    unlabelled_recordings,
)
from emospeech.training.settings import TrainingSettings

log = logging.getLogger(__name__)


class LabelledPart:
    """A labelled part of a fold with its targets on the device, a tensor for each task."""

    def __init__(self, gather: CropGatherer, part: Part):
        """`gather` cuts the crops; the parts of a fold share it and its frames on a GPU."""
        self.gather, self.part = gather, part
        self.targets = [torch.from_numpy(values).to(gather.device) for values in part.targets]

    def fixed_crops(
        self, seed: int, number: int = 0, batch_size: int = 256
    ) -> Iterator[torch.Tensor]:
        """Yield the evaluated crops in batches: of each recording the one with this `number`."""
        centres = draw_fixed_centres(self.gather.store, self.part.recordings, seed, number)
        for start in range(0, len(centres), batch_size):
            batch = slice(start, start + batch_size)
            yield self.gather(self.part.recordings[batch], centres[batch])


def sampler_of(
    fold: Fold,
    train: LabelledPart,
    unlabelled: list[Path] | None,
    trial: dict,
    settings: TrainingSettings,
) -> Sampler:
    """Return the Sampler of the training part, with an unlabelled pool unless it is None."""
    pool = None if unlabelled is None else unlabelled_pool(fold, unlabelled, train.gather)
    recordings, valence = train.part.recordings, train.part.labels[:, 0]
    return Sampler(
        train.gather, recordings, valence, pool, trial["batch_size"], settings.oversample
    )


def labelled_crops(
    fold: Fold, model: Model, trial: dict, settings: TrainingSettings, device: torch.device
) -> dict[str, LabelledPart]:
    """Return {part: LabelledPart} for the tasks of a model."""
    parts = labelled_parts(fold, model.tasks)
    for name, part in parts.items():
        size = len(part.recordings)
        left_out = (fold.table["part"] == name).sum() - size
        log.info("%s: %d recordings, %d without a label left out", name, size, left_out)
    gather = CropGatherer(fold.store, trial["crop_width"], device, settings.edge)
    return {name: LabelledPart(gather, part) for name, part in parts.items()}


def unlabelled_pool(fold: Fold, paths: list[Path], labelled: CropGatherer) -> UnlabelledPool:
    """Return the pool of all audio that may be used without labels, from the stores at `paths`.

    `labelled` is the gatherer of the fold's own store, which is not opened a second time.
    """
    gatherers, allowed = [], []
    for path in map(Path, paths):
        gather = labelled
        if not is_store_of(fold, path):
            gather = CropGatherer(check_store(path), labelled.width, labelled.device, labelled.edge)
        gatherers.append(gather)
        allowed.append(unlabelled_recordings(fold, gather.store))
    return UnlabelledPool(gatherers, allowed)

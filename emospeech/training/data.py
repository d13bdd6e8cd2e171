"""The data of a training run on its device: labelled parts, unlabelled pool, counts of draws."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch

from emospeech.crops.centres import draw_fixed_centres
from emospeech.crops.gather import CropGatherer
from emospeech.crops.pool import UnlabelledPool, UnlabelledStore, limit_hours
from emospeech.crops.sampler import Epoch, Sampler
from emospeech.labels import Task, label_table
from emospeech.models.catalogue import Model
from emospeech.runtime.rng import spawn_rng
from emospeech.spectrograms.store import Store
from emospeech.training.fold import Fold, Part
from emospeech.training.settings import Settings
from emospeech.training.trial import LABELLED, UNLABELLED, VALIDATION, Trial

log = logging.getLogger(__name__)

BATCH = 256  # evaluation crops
DRAW_COLUMNS = ["use", "corpus", "recording", "draws"]


class LabelledPart:
    """A labelled part of a fold with its targets on the device, one tensor per task."""

    def __init__(self, gather: CropGatherer, part: Part):
        """Cut crops with `gather`. All parts of a fold share it, so a GPU holds the frames once."""
        self.gather, self.part = gather, part
        self._fixed: dict[tuple[int, int], torch.Tensor] = {}  # locations by seed and crop
        self.targets = [torch.from_numpy(values).to(gather.device) for values in part.targets]

    def fixed_crops(self, seed: int, crop: int = 0) -> Iterator[torch.Tensor]:
        """Yield the evaluation crops in batches: crop number `crop` of each recording."""
        for locations in self._fixed_locations(seed, crop).split(BATCH):
            yield self.gather.values(self.gather.cut(locations))

    def masked_crops(self, seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the first evaluation crops, and which of their columns are in the recording."""
        for locations in self._fixed_locations(seed).split(BATCH):
            yield self.gather.values(self.gather.cut(locations)), self.gather.inside(locations)

    def _fixed_locations(self, seed, crop=0):
        if (seed, crop) not in self._fixed:
            centres = draw_fixed_centres(self.gather.store, self.part.recordings, seed, crop)
            self._fixed[seed, crop] = self.gather.locate(self.part.recordings, centres)
        return self._fixed[seed, crop]


def load_parts(
    fold: Fold, model: Model, trial: Trial, settings: Settings, device: torch.device
) -> dict[str, LabelledPart]:
    """Return {part: LabelledPart} of a fold for the tasks of a model."""
    parts = fold.labelled_parts(settings.labels.tasks(model.multitask))
    for name, part in parts.items():
        size = len(part.recordings)
        excluded = (fold.table["part"] == name).sum() - size
        log.info("%s: %d recordings, %d without a label excluded", name, size, excluded)
    gather = CropGatherer(fold.store, trial.parameters["crop_width"], device, settings.crops.edge)
    return {name: LabelledPart(gather, part) for name, part in parts.items()}


def make_pool(
    stores: Sequence[UnlabelledStore],
    settings: Settings,
    seed: int,
    device: torch.device,
    width: int,
    kind: type[UnlabelledPool] = UnlabelledPool,
) -> UnlabelledPool:
    """Return the pool of `stores`, with crops of `width` frames.

    `training.unlabelled_hours` limits it to recordings whose order depends on `seed`, the seed of
    the training run.
    """
    if (hours := settings.training.unlabelled_hours) is not None:
        stores = limit_hours(stores, hours, spawn_rng(seed))
    gatherers = [CropGatherer(store, width, device, settings.crops.edge) for store, _ in stores]
    return kind(gatherers, [recordings for _, recordings in stores])


class DrawCounts:
    """How often each recording was drawn in the finished epochs: evidence for the leak checks.

    The counts come from the positions in the stores that the crops of each batch were cut from,
    not from the lists of recordings that should be drawn.
    """

    def __init__(self, sampler: Sampler, counts: dict[str, torch.Tensor] | None = None):
        """`counts` are those before an interruption of the training run, {source: int64 tensor}."""
        pooled = sampler.pool.gatherers if sampler.pool else ()
        self.gatherers = {LABELLED: sampler.gather}
        self.gatherers |= {f"{UNLABELLED}.{index}": gather for index, gather in enumerate(pooled)}
        self.counts = counts or {
            source: torch.zeros(len(gather.store.recordings), dtype=torch.int64)
            for source, gather in self.gatherers.items()
        }

    def add(self, epoch: Epoch) -> None:
        """Count the crops of all batches of an epoch."""
        drawn = [epoch.locations.flatten(0, 1)]
        if epoch.unlabelled is not None:
            drawn += [torch.cat(places) for places in zip(*epoch.unlabelled, strict=True)]
        for (source, gather), places in zip(self.gatherers.items(), drawn, strict=True):
            self.counts[source] += torch.from_numpy(gather.count_by_recording(places))

    def table(
        self, parts: dict[str, LabelledPart], tasks: tuple[Task, ...], epochs: int
    ) -> pd.DataFrame:
        """Return draws.csv: a row for each use and recording with at least one draw.

        The columns are DRAW_COLUMNS and the labels of `tasks`, which are empty for unlabelled
        draws. In each of the `epochs` every recording of the validation part is used once.
        """
        store = self.gatherers[LABELLED].store
        tables = [
            _draw_rows(source.partition(".")[0], gather.store, self.counts[source].numpy())
            for source, gather in self.gatherers.items()
        ]
        validated = np.zeros(len(store.recordings), np.int64)
        validated[parts["validation"].part.recordings] = epochs
        tables.append(_draw_rows(VALIDATION, store, validated))
        labels = []
        for use, part in ((LABELLED, parts["train"].part), (VALIDATION, parts["validation"].part)):
            names = [store.recordings[index] for index in part.recordings]
            table = label_table(part.labels, tasks)
            labels.append(table.assign(use=use, corpus=_corpus(store), recording=names))
        keys = ["use", "corpus", "recording"]  # corpora may have recordings of the same name
        return pd.concat(tables).merge(pd.concat(labels), "left", keys, validate="1:1")


def _corpus(store: Store) -> str:
    return store.path.stem if store.path else ""


def _draw_rows(use: str, store: Store, counts: np.ndarray) -> pd.DataFrame:
    drawn = np.flatnonzero(counts)
    names = [store.recordings[index] for index in drawn]
    rows = {"use": use, "corpus": _corpus(store), "recording": names, "draws": counts[drawn]}
    return pd.DataFrame(rows, columns=DRAW_COLUMNS)

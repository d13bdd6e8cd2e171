"""How often each recording was drawn in a training, as evidence for the leak checks.

The counts come from the places in the stores that the crops of each batch were cut from, and not
from the lists of recordings that were meant to be drawn.
"""

import numpy as np
import pandas as pd
import torch

from emospeech.crops.sampler import Epoch, Sampler
from emospeech.training.data import LabelledPart
from emospeech.training.trial import LABELLED, UNLABELLED, VALIDATION

COLUMNS = ["use", "corpus", "recording", "draws"]


class DrawCounts:
    """The draws of all finished epochs of a training, by use and store."""

    def __init__(self, sampler: Sampler, counts: dict[str, torch.Tensor] | None = None):
        """`counts` are those of an earlier run of the same training, {source: int64 tensor}."""
        pooled = sampler.pool.gatherers if sampler.pool else ()
        self.gatherers = {LABELLED: sampler.gather}
        self.gatherers |= {f"{UNLABELLED}.{number}": gather for number, gather in enumerate(pooled)}
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
        self, parts: dict[str, LabelledPart], tasks: tuple[str, ...], epochs: int
    ) -> pd.DataFrame:
        """Return draws.csv: a row for each use and recording with at least one draw.

        The columns are COLUMNS and the labels of `tasks`, which are empty for unlabelled draws. In
        each of the `epochs` every recording of the validation part is used once.
        """
        stores = {source: gather.store for source, gather in self.gatherers.items()}
        tables = [
            _rows(source.partition(".")[0], stores[source], np.flatnonzero(counts), counts)
            for source, counts in ((source, c.numpy()) for source, c in self.counts.items())
        ]
        validated = parts["validation"].part.recordings
        counts = np.full(len(stores[LABELLED].recordings), epochs)
        tables.append(_rows(VALIDATION, stores[LABELLED], validated, counts))
        labels = pd.concat(
            [_labels(use, parts[part].part, stores[LABELLED], tasks) for use, part in USED_PARTS]
        )
        return pd.concat(tables).merge(labels, "left", ["use", "recording"], validate="1:1")


USED_PARTS = ((LABELLED, "train"), (VALIDATION, "validation"))


def _rows(use, store, numbers, counts):
    corpus = store.path.stem if store.path else ""
    names = [store.recordings[number] for number in numbers]
    rows = {"use": use, "corpus": corpus, "recording": names, "draws": counts[numbers]}
    return pd.DataFrame(rows, columns=COLUMNS)


def _labels(use, part, store, tasks):
    names = [store.recordings[number] for number in part.recordings]
    table = pd.DataFrame(part.labels, columns=list(tasks))
    return table.assign(use=use, recording=names)

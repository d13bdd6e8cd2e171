"""A labelled part of a fold on the device: its labels, and the crops that evaluation sees."""

import torch

from emospeech.crops.centres import draw_fixed_centres
from emospeech.labels import fuzzy


class LabelledPart:
    """A labelled part with its fuzzy labels, a tensor (n, 5) for each task."""

    def __init__(self, gather, part):
        """`gather` cuts the crops; all parts of a fold share it, and so its frames on a GPU."""
        self.gather, self.part = gather, part
        self.fuzzy = [torch.from_numpy(fuzzy(column)).to(gather.device) for column in part.labels.T]

    def fixed_crops(self, seed, batch_size=256):
        """Yield the crops that evaluation sees, one a recording, in batches."""
        centres = draw_fixed_centres(self.gather.store, self.part.recordings, seed)
        for start in range(0, len(centres), batch_size):
            batch = slice(start, start + batch_size)
            yield self.gather(self.part.recordings[batch], centres[batch])

"""A labelled part of a fold on the device: its labels, and the crops that evaluation sees."""

import torch

from emospeech.crops.centres import draw_fixed_centres


class LabelledPart:
    """A labelled part with its encoded labels, a tensor for each task."""

    def __init__(self, gather, part):
        """`gather` cuts the crops; all parts of a fold share it, and so its frames on a GPU."""
        self.gather, self.part = gather, part
        self.targets = [torch.from_numpy(values).to(gather.device) for values in part.targets]

    def fixed_crops(self, seed, number=0, batch_size=256):
        """Yield the crops that evaluation sees in batches: of each recording that of `number`."""
        centres = draw_fixed_centres(self.gather.store, self.part.recordings, seed, number)
        for start in range(0, len(centres), batch_size):
            batch = slice(start, start + batch_size)
            yield self.gather(self.part.recordings[batch], centres[batch])

"""Crops cut from a store for a whole batch at once, by index arithmetic.

            recording (lines first .. last of the store)
        |==================================================|
                 |---------------+---------------|
           centre - width/2    centre       centre + width/2 - 1

The centre line is column width / 2 of the crop. Columns beyond the recording show floor; or, with
the edge `shift`, the crop is moved inside as far as the recording is long enough.
"""

import numpy as np
import torch

from emospeech.spectrograms.settings import FLOOR


class CropGatherer:
    """Cuts crops of `width` frames from a store whose frames lie on `device`.

    On a CPU they stay in the file, whose pages all jobs share.
    """

    def __init__(self, store, width, device="cpu", edge="floor"):
        self.store, self.width, self.edge = store, width, edge
        self.frames = torch.from_numpy(store.frames).to(device)  # (lines, rows)
        self.columns = torch.arange(width, device=device)

    @property
    def device(self):
        return self.frames.device

    def __call__(self, recordings, centres):
        """Return the crops as float32 of shape (batch, 1, width, rows).

        `recordings` are numbers of recordings in the store, `centres` frames counted from the
        start of each; both are integer arrays of shape (batch,).
        """
        return self.values(self.cut(self.locate(recordings, centres)))

    def locate(self, recordings, centres):
        """Return where crops lie: lines of the store, int64 of shape (batch, 3), on the device.

        They are the line of the crop's first column, and the first and last of its recording.
        """
        first, end = self.store.offsets[recordings], self.store.offsets[recordings + 1]
        start = first + centres - self.width // 2
        if self.edge == "shift":
            start = start.clip(max=end - self.width).clip(min=first)
        places = torch.from_numpy(start), torch.from_numpy(first), torch.from_numpy(end - 1)
        return torch.stack(places, dim=1).to(self.device)

    def cut(self, places):
        """Return the crops at `places` in the store's type, (batch, width, rows)."""
        start, first, last = places.unsqueeze(2).unbind(1)  # (batch, 1) each
        lines = start + self.columns  # (batch, width)
        # What lies beyond the recording comes from the last line of the store, which is floor.
        lines = lines.where((lines >= first) & (lines <= last), len(self.frames) - 1)
        # index_select copies whole lines; indexing by brackets takes ten times as long.
        return self.frames.index_select(0, lines.flatten()).view(*lines.shape, -1)

    def count_by_recording(self, places: torch.Tensor) -> np.ndarray:
        """Return how many of the crops at `places` lie in each recording, int64 (recordings,)."""
        first = places[:, 1].cpu().numpy()  # line of the store where the crop's recording begins
        numbers = np.searchsorted(self.store.offsets, first, side="right") - 1
        return np.bincount(numbers, minlength=len(self.store.recordings))

    def values(self, stored):
        """Return crops in the store's type as float32 in [-1, 1], (batch, 1, width, rows)."""
        settings = self.store.settings
        crops = stored.float().unsqueeze(1)
        if settings.dtype == "uint8":
            crops.mul_(settings.step).add_(settings.bottom)
        if settings.amplitude == "crop":
            loudest = crops.amax(dim=(2, 3), keepdim=True)
            # A crop with nothing but floor in it stays floor.
            crops = torch.where(loudest > settings.bottom, crops + (1 - loudest), FLOOR)
            crops.clamp_(min=FLOOR)
        return crops

"""Crops of a whole batch, cut from a store by index arithmetic.

            recording (frames first .. last of the store)
        |==================================================|
                 |---------------+---------------|
           centre - width/2    centre       centre + width/2 - 1

The centre is column width / 2 of the crop. Columns outside the recording have the floor value. With
the edge `shift`, the crop is moved inside the recording if that is long enough.
"""

import numpy as np
import torch

from emospeech.spectrograms.settings import FLOOR
from emospeech.spectrograms.store import Store


class CropGatherer:
    """Cuts crops of `width` frames from a store whose frames are on `device`.

    On a CPU they stay in the file, whose pages are shared by all jobs.
    """

    def __init__(
        self, store: Store, width: int, device: torch.device | str = "cpu", edge: str = "floor"
    ):
        self.store, self.width, self.edge = store, width, edge
        self.frames = torch.from_numpy(store.frames).to(device)  # (frames, rows)
        self.columns = torch.arange(width, device=device)

    @property
    def device(self) -> torch.device:
        """The device of the frames and crops."""
        return self.frames.device

    def __call__(self, recordings: np.ndarray, centres: np.ndarray) -> torch.Tensor:
        """Return crops, float32 of shape (batch, 1, width, rows).

        `recordings` are indices in the store and `centres` frames counted from the start of each;
        both are integer arrays of shape (batch,).
        """
        return self.values(self.cut(self.locate(recordings, centres)))

    def locate(self, recordings: np.ndarray, centres: np.ndarray) -> torch.Tensor:
        """Return the locations of crops, int64 of shape (batch, 3), on the device.

        A location is the first frame of the crop, which may be outside its recording, and the first
        and last frame of the recording, as indices of frames in the store.
        """
        first, end = self.store.offsets[recordings], self.store.offsets[recordings + 1]
        start = first + centres - self.width // 2
        if self.edge == "shift":
            start = start.clip(max=end - self.width).clip(min=first)
        locations = torch.from_numpy(start), torch.from_numpy(first), torch.from_numpy(end - 1)
        return torch.stack(locations, dim=1).to(self.device)

    def cut(self, locations: torch.Tensor) -> torch.Tensor:
        """Return the crops at `locations` in the store's data type, (batch, width, rows)."""
        start, first, last = locations.unsqueeze(2).unbind(1)  # (batch, 1) each
        frames = start + self.columns  # (batch, width)
        # The last frame of the store has the floor value.
        frames = frames.where((frames >= first) & (frames <= last), len(self.frames) - 1)
        # index_select copies whole frames and is ten times faster than indexing with brackets.
        return self.frames.index_select(0, frames.flatten()).view(*frames.shape, -1)

    def count_by_recording(self, locations: torch.Tensor) -> np.ndarray:
        """Return the number of crops per recording, int64 (recordings,), from their locations."""
        first = locations[:, 1].cpu().numpy()  # frame of the store where the recording begins
        recordings = np.searchsorted(self.store.offsets, first, side="right") - 1
        return np.bincount(recordings, minlength=len(self.store.recordings))

    def values(self, stored: torch.Tensor) -> torch.Tensor:
        """Return crops in the store's data type as float32 in [-1, 1], (batch, 1, width, rows)."""
        settings = self.store.settings
        crops = stored.float().unsqueeze(1)
        if settings.dtype == "uint8":
            crops.mul_(settings.step).add_(settings.bottom)
        if settings.amplitude == "crop":
            maximum = crops.amax(dim=(2, 3), keepdim=True)
            # A crop that only has floor values keeps them.
            crops = torch.where(maximum > settings.bottom, crops + (1 - maximum), FLOOR)
            crops.clamp_(min=FLOOR)
        return crops

"""Crops of a whole batch, cut from a store by index arithmetic.

            recording (frames first .. last of the store)
        |==================================================|
                 |---------------+---------------|
           centre - width/2    centre       centre + width/2 - 1

The centre is column width / 2 of the crop. Columns outside the recording have the floor value. With
the edge `shift`, the crop is moved inside the recording if that is long enough.
"""

import logging
from functools import cache

import numpy as np
import torch

from emospeech.crops.locations import locate_crops
from emospeech.spectrograms.settings import FLOOR, SpectrogramSettings
from emospeech.spectrograms.store import Store

log = logging.getLogger(__name__)

GPU_SHARE = 0.8  # of the free memory of a GPU that the frames of a store may take


@cache
def frames_on_gpu(store: Store, device: torch.device) -> torch.Tensor:
    """Return the frames of a store on a GPU, or in host memory if they do not fit there.

    The training runs of a job share them.
    """
    frames, (free, _) = torch.from_numpy(store.frames), torch.cuda.mem_get_info(device)
    if store.frames.nbytes <= GPU_SHARE * free:
        return frames.to(device)
    sizes = f"{store.frames.nbytes / 1e9:.1f} GB of frames and {free / 1e9:.1f} GB free on the GPU"
    log.warning("%s: %s, so the frames stay in host memory, which is slower", store.path, sizes)
    return frames


class CropGatherer:
    """Cuts crops of `width` frames from a store, on `device`.

    For a CPU the frames stay in the file, whose pages are shared by all jobs.
    """

    def __init__(
        self, store: Store, width: int, device: torch.device | str = "cpu", edge: str = "floor"
    ):
        self.store, self.width, self.edge = store, width, edge
        self.device = torch.device(device)
        on_cpu = self.device.type == "cpu"
        frames = torch.from_numpy(store.frames) if on_cpu else frames_on_gpu(store, self.device)
        self.frames = frames  # (frames, rows)
        self.columns = torch.arange(width, device=frames.device)

    def __call__(self, recordings: np.ndarray, centres: np.ndarray) -> torch.Tensor:
        """Return crops, float32 of shape (batch, 1, width, rows).

        `recordings` are indices in the store and `centres` frames counted from the start of each;
        both are integer arrays of shape (batch,).
        """
        return self.values(self.cut(self.locate(recordings, centres)))

    def locate(self, recordings: np.ndarray, centres: np.ndarray) -> torch.Tensor:
        """Return the locations of crops, on the device of the frames; see `locate_crops`."""
        located = locate_crops(self.store, recordings, centres, self.width, self.edge)
        return torch.from_numpy(located).to(self.frames.device)

    def cut(self, locations: torch.Tensor) -> torch.Tensor:
        """Return the crops at `locations` in the store's data type, (batch, width, rows)."""
        indices = locations[:, :1] + self.columns  # (batch, width)
        # The last frame of the store has the floor value.
        indices = indices.where(self._within(locations, indices), len(self.frames) - 1)
        # index_select copies whole frames and is ten times faster than indexing with brackets.
        crops = self.frames.index_select(0, indices.flatten()).view(*indices.shape, -1)
        if crops.device.type == self.device.type:
            return crops
        return crops.pin_memory().to(self.device, non_blocking=True)

    def inside(self, locations: torch.Tensor) -> torch.Tensor:
        """Return which columns of the crops are part of the recording, bool (batch, width)."""
        inside = self._within(locations, locations[:, :1] + self.columns)
        return inside.to(self.device, non_blocking=True)

    def count_by_recording(self, locations: torch.Tensor) -> np.ndarray:
        """Return the number of crops per recording, int64 (recordings,), from their locations."""
        first = locations[:, 1].cpu().numpy()  # frame of the store where the recording begins
        recordings = np.searchsorted(self.store.offsets, first, side="right") - 1
        return np.bincount(recordings, minlength=len(self.store.recordings))

    def values(self, stored: torch.Tensor) -> torch.Tensor:
        """Return crops in the store's data type as float32 in [-1, 1], (batch, 1, width, rows)."""
        return crop_values(stored, self.store.settings)

    def _within(self, locations, indices):
        """Return which frames of the store, (batch, width), are part of the recordings."""
        return (indices >= locations[:, 1:2]) & (indices <= locations[:, 2:])


def crop_values(stored: torch.Tensor, settings: SpectrogramSettings) -> torch.Tensor:
    """Return crops as float32 in [-1, 1], (batch, 1, width, rows).

    `stored` (batch, width, rows) are their values in a store with these settings.
    """
    crops = stored.float().unsqueeze(1)
    if settings.dtype == "uint8":
        crops.mul_(settings.step).add_(settings.bottom)
    if settings.amplitude == "crop":
        maximum = crops.amax(dim=(2, 3), keepdim=True)
        # A crop that only has floor values keeps them.
        crops = torch.where(maximum > settings.bottom, crops + (1 - maximum), FLOOR)
        crops.clamp_(min=FLOOR)
    return crops

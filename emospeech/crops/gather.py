"""Crops cut from a store for a whole batch at once, by index arithmetic.

            recording (frames offset .. offset + length)
        |==================================================|
                 |---------------+---------------|
           centre - width/2    centre       centre + width/2 - 1

The centre line is column width / 2 of the crop. Columns beyond the recording are floor.
"""

import torch

from emospeech.spectrograms.transform import FLOOR


class CropGatherer:
    """Cuts crops of `width` frames from a store whose frames lie on `device`."""

    def __init__(self, store, width, device="cpu"):
        self.frames = torch.from_numpy(store.frames).to(device)  # (frames, rows)
        self.offsets = torch.from_numpy(store.offsets).to(device)
        self.columns = torch.arange(width, device=device) - width // 2

    def __call__(self, recordings, centres):
        """Return the crops as float32 of shape (batch, 1, rows, width).

        `recordings` are numbers of recordings in the store, `centres` frames counted from the
        start of each; both are integer arrays of shape (batch,).
        """
        device = self.frames.device
        recordings = torch.as_tensor(recordings, device=device)
        first = self.offsets[recordings][:, None]
        last = self.offsets[recordings + 1][:, None] - 1
        wanted = first + torch.as_tensor(centres, device=device)[:, None] + self.columns
        inside = (wanted >= first) & (wanted <= last)  # (batch, width)
        crops = self.frames[wanted.clamp(first, last)].float()  # (batch, width, rows)
        crops = torch.where(inside[..., None], crops, FLOOR)
        return crops.transpose(1, 2).unsqueeze(1).contiguous()

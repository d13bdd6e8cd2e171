"""The usual way, as tutorials have it: librosa file by file, and a Dataset that reads HDF5."""

import random

import h5py
import librosa
import numpy as np
import torch
from torch.utils.data import Dataset


def extract(files, path, settings):
    """Write the spectrogram of each file to a dataset of its own, (frames, rows) float32."""
    with h5py.File(path, "w", locking=False) as store:
        for number, file in enumerate(files):
            audio, _ = librosa.load(file, sr=settings.sample_rate)
            power = librosa.feature.melspectrogram(
                y=audio,
                sr=settings.sample_rate,
                n_fft=settings.n_fft,
                hop_length=settings.hop_length,
                n_mels=settings.rows,
                pad_mode="constant",
            )
            decibels = librosa.power_to_db(power, ref=np.max, top_db=settings.dynamic_range)
            store.create_dataset(str(number), data=1 + 2 * decibels.T / settings.dynamic_range)


class Crops(Dataset):
    """A crop around a random point of a random word of each recording, one at a time."""

    def __init__(self, path, words, frame_rate, width):
        """`words` holds an array of (start, end) in seconds for each recording."""
        self.path, self.words, self.frame_rate, self.width = path, words, frame_rate, width
        self.file = None

    def __len__(self):
        return len(self.words)

    def __getitem__(self, number):
        if self.file is None:  # in the worker: an open file does not survive a fork
            self.file = h5py.File(self.path, "r", locking=False)
        frames = self.file[str(number)]
        start, end = random.choice(self.words[number])
        centre = round(random.uniform(start, end) * self.frame_rate)
        first = min(centre, len(frames) - 1) - self.width // 2
        crop = frames[max(first, 0) : first + self.width]
        before = max(-first, 0)
        behind = self.width - before - len(crop)
        crop = np.pad(crop, ((before, behind), (0, 0)), constant_values=-1)
        return torch.from_numpy(crop).unsqueeze(0)  # (1, width, rows)

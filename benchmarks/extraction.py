"""Speed of spectrogram extraction and size of stores, compared with librosa and a lower bound."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import rfft
from scipy.signal.windows import hann
from scipy.sparse import csr_array

from benchmarks import reference
from benchmarks.corpora import Audio
from benchmarks.measurement import Measurement, min_seconds
from emospeech.spectrograms.extraction import write_store
from emospeech.spectrograms.filter_bank import filter_bank
from emospeech.spectrograms.settings import SpectrogramSettings

SETTINGS = SpectrogramSettings()
TILE = 128  # windows at once, the fastest of 64 to 1024
AMI_HOURS = 99.92


def measure(corpora: list[Audio], folder: Path) -> list[Measurement]:
    """Measure the extraction of corpora to stores below `folder`."""
    seconds = sum(audio.seconds for audio in corpora)
    files = [file for audio in corpora for file in audio.files]

    def extract(workers=1):
        for audio in corpora:
            store = folder / "store.h5"
            write_store(store, audio.recordings, audio.words, audio.root, SETTINGS, workers)

    librosa, transform, one, two = min_seconds(
        lambda: reference.extract(files, folder / "librosa.h5", SETTINGS),
        lambda: transform_only(files),
        extract,
        lambda: extract(workers=2),
        rounds=3,
    )
    store_bytes = (folder / "store.h5").stat().st_size / corpora[-1].seconds * 3600
    wav_bytes = sum(file.stat().st_size for file in files) / seconds * 3600
    scale = AMI_HOURS * 3600 / seconds
    note = f"{seconds / 3600:.2f} h of speech in {len(files)} wavs, from file to store"
    return [
        Measurement(
            "extraction-vs-librosa",
            seconds / one,
            seconds / librosa,
            "seconds of audio per second",
            f"{note}, one thread; reference: librosa file by file, one HDF5 dataset per file",
        ),
        Measurement(
            "extraction-vs-floor",
            one,
            transform,
            "seconds",
            "one thread; reference: decode, real FFT and filter bank of the same files, no output",
        ),
        Measurement(
            "extraction-2-cores",
            seconds / two,
            seconds / one,
            "seconds of audio per second",
            "two processes; reference: one",
        ),
        Measurement(
            "bytes-per-hour",
            store_bytes,
            wav_bytes,
            "bytes",
            "store of float16 frames with words; reference: the wavs, 16 bit at 16 kHz",
        ),
        Measurement(
            "ami-100-hours",
            two * scale,
            librosa * scale,
            "seconds",
            f"extrapolated from {seconds / 3600:.2f} h to AMI's {AMI_HOURS} h: two processes;"
            " reference: librosa file by file",
        ),
    ]


def transform_only(files: list[Path]) -> None:
    """Decode, transform and filter the files without any output: a lower bound."""
    window = hann(SETTINGS.n_fft, sym=False).astype(np.float32)
    filters = csr_array(filter_bank(SETTINGS))
    for file in files:
        audio, _ = soundfile.read(file, dtype="float32", always_2d=True)
        windows = sliding_window_view(audio[:, 0], SETTINGS.n_fft)[:: SETTINGS.hop_length]
        for start in range(0, len(windows), TILE):
            bins: Any = rfft(windows[start : start + TILE] * window, overwrite_x=True)
            _ = filters @ np.ascontiguousarray((bins.real**2 + bins.imag**2).T)

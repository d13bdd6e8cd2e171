"""From wav to store: against librosa, against the bare transform, on two cores, at 100 hours."""

import numpy as np
import soundfile
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import rfft
from scipy.signal.windows import hann
from scipy.sparse import csr_array

from benchmarks import usual
from benchmarks.rows import Row, seconds_in_turn
from emospeech.spectrograms.extraction import write_store
from emospeech.spectrograms.filter_bank import filter_bank
from emospeech.spectrograms.settings import SpectrogramSettings

SETTINGS = SpectrogramSettings()
TILE = 128  # windows at a time, the fastest of 64 to 1024
AMI_HOURS = 99.92


def rows(corpora, folder):
    """Return the rows on extraction from a list of `Audio`; stores are written to `folder`."""
    seconds = sum(audio.seconds for audio in corpora)
    files = [file for audio in corpora for file in audio.files]

    def ours(workers=1):
        for audio in corpora:
            store = folder / "store.h5"
            write_store(store, audio.recordings, audio.words, audio.root, SETTINGS, workers)

    usually, bare, alone, together = seconds_in_turn(
        lambda: usual.extract(files, folder / "librosa.h5", SETTINGS),
        lambda: transform_only(files),
        ours,
        lambda: ours(workers=2),
        rounds=3,
    )
    told = f"{seconds / 3600:.2f} h of speech in {len(files)} wavs, from file to store"
    size = (folder / "store.h5").stat().st_size / corpora[-1].seconds * 3600
    wavs = sum(file.stat().st_size for file in files) / seconds * 3600
    hours = AMI_HOURS * 3600 / seconds
    return [
        Row(
            "extraction-vs-librosa",
            seconds / alone,
            seconds / usually,
            "seconds of audio a second",
            f"{told}, one thread; other: librosa file by file, a dataset a file",
        ),
        Row(
            "extraction-vs-floor",
            alone,
            bare,
            "seconds",
            "one thread; other: decode, real FFT and filter bank of the same files, nothing kept",
        ),
        Row(
            "extraction-2-cores",
            seconds / together,
            seconds / alone,
            "seconds of audio a second",
            "two processes; other: one",
        ),
        Row(
            "bytes-per-hour",
            size,
            wavs,
            "bytes",
            "store of float16 frames with words; other: the wavs, 16 bit at 16 kHz",
        ),
        Row(
            "ami-100-hours",
            together * hours,
            usually * hours,
            "seconds",
            f"extrapolated from {seconds / 3600:.2f} h to AMI's {AMI_HOURS} h: two processes;"
            " other: librosa file by file",
        ),
    ]


def transform_only(files):
    """Decode, transform and filter the files and keep nothing: what cannot be left out."""
    window = hann(SETTINGS.n_fft, sym=False).astype(np.float32)
    filters = csr_array(filter_bank(SETTINGS))
    for file in files:
        audio, _ = soundfile.read(file, dtype="float32", always_2d=True)
        windows = sliding_window_view(audio[:, 0], SETTINGS.n_fft)[:: SETTINGS.hop_length]
        for start in range(0, len(windows), TILE):
            bins = rfft(windows[start : start + TILE] * window, overwrite_x=True)
            filters @ np.ascontiguousarray((bins.real**2 + bins.imag**2).T)

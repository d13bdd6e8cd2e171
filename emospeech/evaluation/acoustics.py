"""Statistics of acoustic features per recording, the input of the classical baselines.

The features are contours over frames of 64 ms every 16 ms, as in the spectrograms. Their statistics
represent a whole recording, or the crop that evaluation takes from it, like the functionals of
Schuller et al. (2009).
"""

from pathlib import Path

import numpy as np
import pandas as pd

from emospeech.crops.centres import draw_fixed_centres
from emospeech.crops.locations import locate_crops
from emospeech.runtime.import_lock import import_lock
from emospeech.spectrograms.audio_stream import stream_samples
from emospeech.spectrograms.store import Store

with import_lock("librosa"):
    import librosa.core.pitch
    import librosa.feature.spectral

SAMPLE_RATE = 16_000  # Hz
WINDOW, HOP = 1024, 256  # samples
MFCCS = 13
MEL_BANDS = 40
PITCH_MIN, PITCH_MAX = 60, 400  # Hz
PERCENTILES = (10, 50, 90)
FLOOR = 1e-5  # added to the RMS, about -100 dBFS; keeps the logarithm of silence finite


def contours(samples: np.ndarray) -> dict[str, np.ndarray]:
    """Return {feature: values (frames,)} of mono samples at SAMPLE_RATE.

    Pitch is estimated by YIN and kept for the louder half of the frames, since it is meaningless in
    silence.
    """
    samples = np.pad(samples, (0, max(WINDOW - len(samples), 0)))
    power = np.abs(librosa.stft(samples, n_fft=WINDOW, hop_length=HOP)) ** 2
    amplitude = np.sqrt(power)
    mel = librosa.feature.melspectrogram(S=power, sr=SAMPLE_RATE, n_mels=MEL_BANDS)
    mfccs = librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=MFCCS)
    level = np.log(librosa.feature.rms(y=samples, frame_length=WINDOW, hop_length=HOP)[0] + FLOOR)
    pitch = librosa.yin(
        samples, fmin=PITCH_MIN, fmax=PITCH_MAX, sr=SAMPLE_RATE, frame_length=WINDOW, hop_length=HOP
    )
    centroid = librosa.feature.spectral_centroid(S=amplitude, sr=SAMPLE_RATE)
    bandwidth = librosa.feature.spectral_bandwidth(S=amplitude, sr=SAMPLE_RATE, centroid=centroid)
    crossings = librosa.feature.zero_crossing_rate(samples, frame_length=WINDOW, hop_length=HOP)
    return {f"mfcc_{order}": values for order, values in enumerate(mfccs)} | {
        "level": level,
        "level_change": np.diff(level),
        "log_pitch": np.log(pitch)[level >= np.median(level)],
        "zero_crossings": crossings[0],
        "centroid": centroid[0],
        "bandwidth": bandwidth[0],
        "rolloff": librosa.feature.spectral_rolloff(S=amplitude, sr=SAMPLE_RATE)[0],
    }


def statistics(samples: np.ndarray) -> dict[str, float]:
    """Return log duration, and mean, standard deviation and PERCENTILES of each contour."""
    found = {"log_duration": np.log(max(len(samples), 1) / SAMPLE_RATE)}
    for name, values in contours(samples).items():
        found |= {f"{name}_mean": values.mean(), f"{name}_deviation": values.std()}
        percentiles = np.percentile(values, PERCENTILES)
        found |= {f"{name}_{q}": value for q, value in zip(PERCENTILES, percentiles, strict=True)}
    return found


def crop_spans(store: Store, seed: int, width: int, edge: str) -> np.ndarray:
    """Return start and end of a crop of each recording of a store, float64 (n, 2) in seconds.

    The crops have the centres that evaluation uses, so a test recording has the same crop as with a
    network whose crop width is `width` frames. Frame i covers the times (i - .5) / frame_rate to
    (i + .5) / frame_rate. A crop may extend beyond its recording.
    """
    everything = np.arange(len(store.recordings))
    centres = draw_fixed_centres(store, everything, seed)
    start, first, _ = locate_crops(store, everything, centres, width, edge).T
    begin = start - first - 0.5
    return np.stack([begin, begin + width], axis=1) / store.settings.frame_rate


def measure(path: Path, start: float, end: float) -> tuple[dict[str, float], dict[str, float]]:
    """Return the statistics of an audio file, and those of a span of it.

    Raises CorpusError if the file is not audio.

    Args:
        path: The file.
        start: Start of the span in seconds.
        end: Its end in seconds.
    """
    samples = np.concatenate(list(stream_samples(path, SAMPLE_RATE)))
    first, length = round(start * SAMPLE_RATE), round((end - start) * SAMPLE_RATE)
    return statistics(samples), statistics(samples[max(first, 0) : first + length])


def acoustics_tables(
    recordings: pd.DataFrame, root: Path, spans: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return acoustics.csv and acoustics_crop.csv: `recording` and its statistics.

    Args:
        recordings: The table recordings.csv, whose paths are relative to `root`.
        root: The folder of the corpus.
        spans: The crop of each recording, see `crop_spans`.
    """
    items = zip(recordings["path"], spans, strict=True)
    rows = [measure(root / path, *span) for path, span in items]
    whole, crops = (pd.DataFrame([row[i] for row in rows]) for i in range(2))
    for table in (whole, crops):
        table.insert(0, "recording", recordings["recording"].to_numpy())
    return whole, crops

"""A recording as some hundred statistics of classical acoustic features, for the baseline.

Frames of 64 ms every 16 ms, as in the spectrograms; the features are those of librosa. Statistics
over the frames stand for the whole recording, as in the functionals of Schuller et al. (2009).
"""

import numpy as np
import pandas as pd

from emospeech.runtime.import_lock import import_lock
from emospeech.runtime.processes import ordered_map
from emospeech.spectrograms.audio_stream import stream_samples

with import_lock("librosa"):
    import librosa.core.pitch
    import librosa.feature.spectral

SAMPLE_RATE = 16_000  # Hz
WINDOW, HOP = 1024, 256  # samples
COEFFICIENTS = 13  # of the cepstrum
MELS = 40
LOWEST_PITCH, HIGHEST_PITCH = 60, 400  # Hz, of voices
PERCENTILES = (10, 50, 90)
QUIET = 1e-5  # about -100 dB of full scale: keeps the logarithm of silence finite


def contours(samples):
    """Return {feature: its value in each frame} of mono samples at SAMPLE_RATE.

    The pitch is that of Yin in every frame; half the frames, the louder ones, are kept of it, as
    it means little where nobody speaks.
    """
    if len(samples) < WINDOW:
        samples = np.pad(samples, (0, WINDOW - len(samples)))
    power = np.abs(librosa.stft(samples, n_fft=WINDOW, hop_length=HOP)) ** 2
    mel = librosa.feature.melspectrogram(S=power, sr=SAMPLE_RATE, n_mels=MELS)
    cepstrum = librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=COEFFICIENTS)
    level = np.log(librosa.feature.rms(y=samples, frame_length=WINDOW, hop_length=HOP)[0] + QUIET)
    pitch = librosa.yin(
        samples,
        fmin=LOWEST_PITCH,
        fmax=HIGHEST_PITCH,
        sr=SAMPLE_RATE,
        frame_length=WINDOW,
        hop_length=HOP,
    )
    amplitude = np.sqrt(power)
    crossings = librosa.feature.zero_crossing_rate(samples, frame_length=WINDOW, hop_length=HOP)
    found = {f"mfcc_{number}": values for number, values in enumerate(cepstrum)}
    return found | {
        "level": level,
        "level_change": np.diff(level),
        "log_pitch": np.log(pitch)[level >= np.median(level)],
        "zero_crossings": crossings[0],
        "centroid": librosa.feature.spectral_centroid(S=amplitude, sr=SAMPLE_RATE)[0],
        "bandwidth": librosa.feature.spectral_bandwidth(S=amplitude, sr=SAMPLE_RATE)[0],
        "rolloff": librosa.feature.spectral_rolloff(S=amplitude, sr=SAMPLE_RATE)[0],
    }


def statistics(samples):
    """Return {feature and statistic: number}: mean, deviation and PERCENTILES of each contour."""
    found = {"log_duration": np.log(max(len(samples), 1) / SAMPLE_RATE)}
    for name, values in contours(samples).items():
        found[f"{name}_mean"] = values.mean()
        found[f"{name}_deviation"] = values.std()
        for percent, value in zip(PERCENTILES, np.percentile(values, PERCENTILES), strict=True):
            found[f"{name}_{percent}"] = value
    return found


def measure(path):
    """Return the statistics of an audio file; CorpusError where it is none."""
    return statistics(np.concatenate(list(stream_samples(path, SAMPLE_RATE))))


def acoustics_table(recordings, root, workers):
    """Return a row `recording` and its statistics for each of `recordings`, below folder `root`."""
    paths = [root / path for path in recordings["path"]]
    table = pd.DataFrame(ordered_map(measure, paths, workers))
    table.insert(0, "recording", recordings["recording"].to_numpy())
    return table

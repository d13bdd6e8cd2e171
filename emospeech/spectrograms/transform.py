"""From an audio file to its spectrogram: 128 rows of decibels between -1 and 1.

The paper takes windows of 1024 samples at 16 kHz and pictures of 128 rows. A 1024-point transform
has 513 bins, so the rows are mel bands here, or means of equal parts of the linear axis.
"""

from dataclasses import dataclass
from itertools import chain

import librosa
import numpy as np
import soundfile
import soxr

from emospeech.faults import CorpusError

BLOCK = 2**20  # samples read at a time: 65 s at 16 kHz, so memory does not grow with the recording
AMIN = 1e-10  # power below which a bin is silence, as in librosa.power_to_db
FLOOR = -1.0  # value of a cell `dynamic_range` dB or more below the maximum
LOUDEST = 1e6  # of a wav of floats, which may pass 1 but not so far


@dataclass(frozen=True)
class SpectrogramSettings:
    """What fixes a spectrogram; the defaults are the paper's where it states them."""

    sample_rate: int = 16000  # Hz
    n_fft: int = 1024  # samples of a window, 64 ms
    hop_length: int = 256  # samples between frames, 16 ms
    rows: int = 128
    frequency_scale: str = "mel"  # or "linear"
    fmin: float = 0.0  # Hz
    fmax: float = 8000.0  # Hz
    dynamic_range: float = 80.0  # dB below the maximum of the recording

    @property
    def frame_rate(self):
        """Frames a second."""
        return self.sample_rate / self.hop_length


def count_frames(path, settings):
    """Return the number of frames of an audio file, from its header: 1 + samples // hop_length."""
    with _opened(path) as audio:
        return 1 + _samples(audio, settings) // settings.hop_length


def spectrogram(path, settings):
    """Return the spectrogram of an audio file, float32 of shape (frames, rows) in [-1, 1].

    Frame i is centred on sample i * hop_length; the audio counts as silent beyond its ends. A cell
    is 1 + 2 * max(10 log10(power / maximum), -dynamic_range) / dynamic_range. Files with several
    channels are averaged, other sampling rates resampled. Raises CorpusError for what is no audio.
    """
    filters = filter_bank(settings)  # (rows, bins)
    power = np.concatenate([_power(block, filters, settings) for block in _windows(path, settings)])
    return to_unit_range(power[: count_frames(path, settings)], settings)  # (frames, rows)


def filter_bank(settings):
    """Return the weights that take power bins to rows, float32 of shape (rows, 1 + n_fft / 2)."""
    if settings.frequency_scale == "mel":
        return librosa.filters.mel(
            sr=settings.sample_rate,
            n_fft=settings.n_fft,
            n_mels=settings.rows,
            fmin=settings.fmin,
            fmax=settings.fmax,
        )
    frequencies = librosa.fft_frequencies(sr=settings.sample_rate, n_fft=settings.n_fft)
    bins = np.flatnonzero((frequencies >= settings.fmin) & (frequencies <= settings.fmax))
    filters = np.zeros((settings.rows, len(frequencies)), np.float32)
    for row, part in enumerate(np.array_split(bins, settings.rows)):
        filters[row, part] = 1 / len(part)
    return filters


def to_unit_range(power, settings):
    """Return power as decibels below its maximum, mapped from [-dynamic_range, 0] to [-1, 1]."""
    maximum = power.max()
    if maximum <= AMIN:  # digital silence: all floor, not all maximum
        return np.full_like(power, FLOOR)
    decibels = 10 * np.log10(np.maximum(power, AMIN) / maximum)
    return np.clip(1 + 2 * decibels / settings.dynamic_range, FLOOR, 1).astype(np.float32)


def _power(block, filters, settings):
    """Return the filtered power of the whole windows in `block`, (frames, rows)."""
    bins = librosa.stft(
        block, n_fft=settings.n_fft, hop_length=settings.hop_length, center=False
    )  # (bins, frames)
    return (filters @ (bins.real**2 + bins.imag**2)).T


def _windows(path, settings):
    """Yield the samples in blocks of whole windows; joined, they make all frames in order."""
    edge = np.zeros(settings.n_fft // 2, np.float32)
    held = edge
    for chunk in chain(_chunks(path, settings), [edge]):
        held = np.concatenate([held, chunk])
        n_frames = (len(held) - settings.n_fft) // settings.hop_length + 1
        if n_frames > 0:
            yield held[: (n_frames - 1) * settings.hop_length + settings.n_fft]
            held = held[n_frames * settings.hop_length :]


def _chunks(path, settings):
    """Yield the audio as mono float32 at the rate of the settings, piece by piece."""
    with _opened(path) as audio:
        resampler = soxr.ResampleStream(audio.samplerate, settings.sample_rate, 1)
        left = _samples(audio, settings)
        read = 0
        for block in audio.blocks(BLOCK, dtype="float32", always_2d=True):
            read += len(block)
            chunk = block.mean(axis=1)
            if not np.abs(chunk).max(initial=0) < LOUDEST:  # true of NaN as well
                raise CorpusError(path, "holds samples that are no sound; fetch it again")
            if audio.samplerate != settings.sample_rate:
                chunk = resampler.resample_chunk(chunk, last=read == audio.frames)
            chunk = chunk[:left]
            left -= len(chunk)
            yield chunk
        if read != audio.frames:
            raise CorpusError(path, f"ends after {read} of {audio.frames} samples; fetch it again")
        yield np.zeros(left, np.float32)  # a resampled end may fall a sample short


def _samples(audio, settings):
    """Return the number of samples of an open file at the rate of the settings."""
    return audio.frames * settings.sample_rate // audio.samplerate


def _opened(path):
    try:
        return soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        raise CorpusError(path, f"cannot be read as audio ({error}); fetch it again") from error

"""A source-filter formant synthesizer that works on overlapping frames.

The voice source is a train of band-limited pulses at the integer crossings of the accumulated
phase, with jitter in time and shimmer in amplitude. Each windowed frame of the sources P (pulses)
and N (noise) is filtered by the vocal tract V, the glottis G and the frication filter F, and the
frames are overlap-added:

    Y(f) = V(f) [voicing G(f) P(f) + aspiration N(f)] + frication F(f) N(f)

The code does not loop over samples, so a second of speech is synthesized in milliseconds.
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft

SAMPLE_RATE = 16000
HOP_LENGTH = 128  # 8 ms
WINDOW_LENGTH = 2 * HOP_LENGTH
N_FFT = 512  # leaves 16 ms after the window for the vocal tract's response to decay
FREQUENCIES = np.arange(N_FFT // 2 + 1, dtype=np.float32) * (SAMPLE_RATE / N_FFT)
_DELAY = np.exp(-2j * np.pi * FREQUENCIES / SAMPLE_RATE).astype(np.complex64)
_TAPS = np.arange(-7, 9)


@dataclass(frozen=True)
class Tracks:
    """Synthesis parameters in frames of `HOP_LENGTH` samples; arrays of shape (frames,)."""

    f0: np.ndarray  # Hz
    voicing: np.ndarray  # amplitudes of the voice source, the aspiration and the frication noise
    aspiration: np.ndarray
    frication: np.ndarray
    formants: np.ndarray  # Hz, shape (frames, 5)
    bandwidths: np.ndarray  # Hz, shape (frames, 5)
    centre: np.ndarray  # Hz, of the frication noise's spectrum
    width: np.ndarray  # Hz, its standard deviation
    tilt: np.ndarray  # dB per octave of the voice source above 500 Hz
    first_harmonic: np.ndarray  # dB, its boost
    brightness: np.ndarray  # dB, the boost of 2.5 to 5 kHz
    jitter: float  # standard deviation of a pulse's time, in periods
    shimmer: float  # relative standard deviation of a pulse's amplitude


def _pulse_train(f0, jitter, shimmer, rng):
    """Return band-limited pulses and the phase in cycles for `f0` in Hz, all of shape (samples,).

    A pulse is placed where the phase crosses an integer, shifted by `jitter` periods and scaled by
    1 plus `shimmer`, each times a standard normal draw.
    """
    phase = np.cumsum(f0) / SAMPLE_RATE
    times = np.interp(np.arange(1, int(phase[-1]) + 1), phase, np.arange(len(f0)))
    period = SAMPLE_RATE / f0[times.astype(int)]
    times = times + jitter * period * rng.standard_normal(len(times))
    amplitude = np.sqrt(period) * (1 + shimmer * rng.standard_normal(len(times)))
    sample = np.floor(times).astype(int)
    distance = _TAPS - (times - sample)[:, None]  # (pulses, taps)
    taps = np.sinc(distance) * np.cos(np.pi * distance / len(_TAPS)) ** 2
    indices = np.clip(sample[:, None] + _TAPS, 0, len(f0) - 1)
    weights = amplitude[:, None] * taps
    return np.bincount(indices.ravel(), weights.ravel(), minlength=len(f0)), phase


def _tract_response(formants, bandwidths):
    """Return the response of a cascade of resonators, complex, shape (frames, N_FFT / 2 + 1).

    Each pair of poles r exp(+-i theta) has r = exp(-pi bandwidth / rate) and theta =
    2 pi formant / rate, and gain 1 at 0 Hz (Klatt, 1980).
    """
    radius = np.exp(-np.pi * bandwidths / SAMPLE_RATE)
    first = (-2 * radius * np.cos(2 * np.pi * formants / SAMPLE_RATE)).astype(np.float32)
    second = (radius**2).astype(np.float32)
    gain = np.prod(1 + first + second, axis=1).astype(np.float32)
    denominator = np.ones((len(formants), len(_DELAY)), np.complex64)
    for one, two in zip(first.T, second.T, strict=True):
        denominator *= 1 + one[:, None] * _DELAY + two[:, None] * _DELAY**2
    return gain[:, None] / denominator


def _glottal_response(tracks):
    """Return the magnitude of the glottal source, shape (frames, N_FFT / 2 + 1)."""
    octaves = 0.5 * np.log2(1 + (FREQUENCIES / 500) ** 2)
    level = _column(tracks.tilt) * octaves
    harmonic = np.exp(-2 * (FREQUENCIES / _column(tracks.f0) - 1) ** 2)
    level += _column(tracks.first_harmonic) * harmonic
    return np.exp(level * np.float32(np.log(10) / 20))


def _frication_response(tracks):
    """Return the magnitude of the frication noise, shape (frames, N_FFT / 2 + 1)."""
    distance = (FREQUENCIES - tracks.centre[:, None]) / tracks.width[:, None]
    return _column(tracks.frication) * np.exp(-0.5 * distance.astype(np.float32) ** 2)


def render(tracks: Tracks, n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return `n_samples` of speech at 16 kHz as float32, not normalized.

    `tracks` must have ceil(n_samples / HOP_LENGTH) + 1 frames.
    """
    n_frames = len(tracks.f0)
    f0 = np.interp(np.arange(n_samples) / HOP_LENGTH, np.arange(n_frames), tracks.f0)
    pulses, phase = _pulse_train(f0, tracks.jitter, tracks.shimmer, rng)
    noise = rng.standard_normal(n_samples, dtype=np.float32)
    noise *= (0.8 + 0.4 * np.cos(2 * np.pi * phase)).astype(np.float32)
    pulses, noise = _spectra(pulses, n_frames), _spectra(noise, n_frames)
    band = np.exp(-0.5 * ((FREQUENCIES - 3700) / 900) ** 2)
    bright = np.exp(np.outer(tracks.brightness * np.log(10) / 20, band).astype(np.float32))
    voiced = pulses * (_glottal_response(tracks) * _column(tracks.voicing))
    voiced += noise * _column(tracks.aspiration)
    spectrum = voiced * _tract_response(tracks.formants, tracks.bandwidths) * bright
    spectrum += noise * _frication_response(tracks)
    return _overlap_add(fft.irfft(spectrum, N_FFT, axis=1), n_samples)


def _column(track):
    return track[:, None].astype(np.float32)


def _spectra(signal, n_frames) -> np.ndarray:
    """Return the spectra of windowed frames, frame i centred on sample i x hop."""
    padded = np.pad(signal.astype(np.float32), (HOP_LENGTH, WINDOW_LENGTH))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_LENGTH)[::HOP_LENGTH]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_LENGTH) / WINDOW_LENGTH)
    return np.asarray(fft.rfft(frames[:n_frames] * window.astype(np.float32), N_FFT, axis=1))


def _overlap_add(frames, n_samples):
    """Sum (frames, N_FFT) blocks one hop apart, from the centre of the first window."""
    n_frames, parts = len(frames), N_FFT // HOP_LENGTH
    total = np.zeros((n_frames + parts, HOP_LENGTH), np.float32)
    for part, block in enumerate(np.split(frames, parts, axis=1)):
        total[part : part + n_frames] += block
    return total.ravel()[HOP_LENGTH : HOP_LENGTH + n_samples]

"""Parameter tracks in, speech out: pulses and noise through a vocal tract, frame by frame.

The voice source is a train of band-limited pulses at the integer crossings of the accumulated
phase, with jitter in time and shimmer in amplitude. Every windowed frame of source is multiplied
by the response of the glottis, the formants and the friction, and the frames are overlap-added:

    Y(f) = V(f) [voicing G(f) P(f) + aspiration N(f)] + frication F(f) N(f)

There is no loop over samples, so a second of speech takes some milliseconds.
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft

SAMPLE_RATE = 16000
HOP_LENGTH = 128  # 8 ms
WINDOW_LENGTH = 2 * HOP_LENGTH
N_FFT = 512  # the tract may ring for 16 ms after the window
FREQUENCIES = np.arange(N_FFT // 2 + 1, dtype=np.float32) * (SAMPLE_RATE / N_FFT)
_DELAY = np.exp(-2j * np.pi * FREQUENCIES / SAMPLE_RATE).astype(np.complex64)
_TAPS = np.arange(-7, 9)


@dataclass(frozen=True)
class Tracks:
    """Synthesis parameters at frames of `HOP_LENGTH` samples, arrays of shape (frames,).

    `f0` in Hz; `voicing`, `aspiration`, `frication` amplitudes; `formants` and `bandwidths` in
    Hz, shape (frames, 5); `centre` and `width` of the friction in Hz; `tilt` in dB an octave
    above 500 Hz; `hump` the level of the first harmonic and `bright` that of 2.5 to 5 kHz, in
    dB; `jitter` and `shimmer` are relative standard deviations, one number each.
    """

    f0: np.ndarray
    voicing: np.ndarray
    aspiration: np.ndarray
    frication: np.ndarray
    formants: np.ndarray
    bandwidths: np.ndarray
    centre: np.ndarray
    width: np.ndarray
    tilt: np.ndarray
    hump: np.ndarray
    bright: np.ndarray
    jitter: float
    shimmer: float


def pulse_train(f0, jitter, shimmer, rng):
    """Return band-limited pulses for `f0` (Hz a sample), and the phase in cycles, both (samples,).

    A pulse lies wherever the phase passes a whole number, moved by `jitter` periods (one
    standard deviation) and scaled by 1 plus `shimmer` times a normal draw.
    """
    phase = np.cumsum(f0) / SAMPLE_RATE
    marks = np.interp(np.arange(1, int(phase[-1]) + 1), phase, np.arange(len(f0)))
    period = SAMPLE_RATE / f0[marks.astype(int)]
    marks = marks + jitter * period * rng.standard_normal(len(marks))
    amplitude = np.sqrt(period) * (1 + shimmer * rng.standard_normal(len(marks)))
    whole = np.floor(marks).astype(int)
    distance = _TAPS - (marks - whole)[:, None]  # (pulses, taps)
    taps = np.sinc(distance) * np.cos(np.pi * distance / len(_TAPS)) ** 2
    places = np.clip(whole[:, None] + _TAPS, 0, len(f0) - 1)
    weights = amplitude[:, None] * taps
    return np.bincount(places.ravel(), weights.ravel(), minlength=len(f0)), phase


def tract_response(formants, bandwidths):
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


def glottal_response(tracks):
    """Return the magnitude of the glottal source, shape (frames, N_FFT / 2 + 1)."""
    octaves = 0.5 * np.log2(1 + (FREQUENCIES / 500) ** 2)
    f0 = tracks.f0[:, None].astype(np.float32)
    level = tracks.tilt[:, None].astype(np.float32) * octaves
    level += tracks.hump[:, None].astype(np.float32) * np.exp(-2 * (FREQUENCIES / f0 - 1) ** 2)
    return np.exp(level * np.float32(np.log(10) / 20))


def friction_response(tracks):
    """Return the magnitude of the friction noise, shape (frames, N_FFT / 2 + 1)."""
    centre, width = tracks.centre[:, None], tracks.width[:, None]
    distance = ((FREQUENCIES - centre) / width).astype(np.float32)
    return tracks.frication[:, None].astype(np.float32) * np.exp(-0.5 * distance**2)


def _framed(signal, n_frames):
    """Windowed frames of `signal`, frame i centred on sample i x hop, shape (frames, window)."""
    padded = np.pad(signal.astype(np.float32), (HOP_LENGTH, WINDOW_LENGTH))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_LENGTH)[::HOP_LENGTH]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_LENGTH) / WINDOW_LENGTH)
    return frames[:n_frames] * window.astype(np.float32)


def _overlap_added(frames, n_samples):
    """The sum of (frames, N_FFT) blocks that start a hop apart, from the first frame's centre."""
    n_frames, parts = len(frames), N_FFT // HOP_LENGTH
    total = np.zeros((n_frames + parts, HOP_LENGTH), np.float32)
    for part, block in enumerate(np.split(frames, parts, axis=1)):
        total[part : part + n_frames] += block
    return total.ravel()[HOP_LENGTH : HOP_LENGTH + n_samples]


def render(tracks, n_samples, rng):
    """Return `n_samples` of speech at 16 kHz as float32, in no set level.

    `tracks` must hold one frame for each `HOP_LENGTH` samples begun, and one more.
    """
    n_frames = len(tracks.f0)
    f0 = np.interp(np.arange(n_samples) / HOP_LENGTH, np.arange(n_frames), tracks.f0)
    pulses, phase = pulse_train(f0, tracks.jitter, tracks.shimmer, rng)
    noise = rng.standard_normal(n_samples, dtype=np.float32)
    noise *= (0.8 + 0.4 * np.cos(2 * np.pi * phase)).astype(np.float32)
    pulses = fft.rfft(_framed(pulses, n_frames), N_FFT, axis=1)
    noise = fft.rfft(_framed(noise, n_frames), N_FFT, axis=1)
    bump = np.exp(-0.5 * ((FREQUENCIES - 3700) / 900) ** 2)
    bright = np.exp(np.outer(tracks.bright * np.log(10) / 20, bump).astype(np.float32))
    voiced = pulses * (glottal_response(tracks) * tracks.voicing[:, None].astype(np.float32))
    voiced += noise * tracks.aspiration[:, None].astype(np.float32)
    spectrum = voiced * tract_response(tracks.formants, tracks.bandwidths) * bright
    spectrum += noise * friction_response(tracks)
    return _overlap_added(fft.irfft(spectrum, N_FFT, axis=1), n_samples)

"""Speakers, and how valence and activation change their voice.

Both change properties that any second of speech reveals: the tilt of the spectrum, its brightness
around 3.7 kHz, the formants (spread lips shorten the vocal tract), breathiness, the level and range
of the fundamental frequency, and the contrast of stress. Speakers differ in all of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.ndimage import convolve1d

from emospeech.runtime.rng import named_rng
from emospeech.synthetic.segments import FRAMES_PER_SECOND, Segment
from emospeech.synthetic.synthesizer import HOP_LENGTH, SAMPLE_RATE, Tracks, render

NOISE_FLOOR = -62.0  # dB relative to the speech


@dataclass(frozen=True)
class Speaker:
    """A speaker's neutral voice; see `Tracks` for the other units."""

    f0: float
    span: float  # semitones of a pitch accent
    tract: float  # factor on the formants; larger for a shorter vocal tract
    tilt: float
    first_harmonic: float
    breath: float  # dB, the level of the aspiration noise
    brightness: float


@dataclass(frozen=True)
class Affect:
    """Expressed valence and activation: 0 is neutral, -1 and 1 are the ends of the rating scale."""

    valence: float = 0.0
    activation: float = 0.0


def draw_speaker(seed: int, name: str, female: bool) -> Speaker:
    """Return the voice that the seed assigns to the speaker `name`."""
    normal = named_rng(seed, "speaker", name).standard_normal(7)
    return Speaker(
        f0=(200.0 if female else 115.0) * 2 ** (0.12 * normal[0]),
        span=2.5 + 0.3 * normal[1],
        tract=(1.16 if female else 1.0) * (1 + 0.025 * normal[2]),
        tilt=-7.5 + 0.5 * normal[3],
        first_harmonic=4.0 + normal[4],
        breath=-34.0 + 1.5 * normal[5],
        brightness=2.0 + normal[6],
    )


def speak(
    segments: list[Segment], n_samples: int, speaker: Speaker, affect: Affect, rng: Generator
) -> np.ndarray:
    """Return the segments as `n_samples` of speech at 16 kHz, float32, not normalized."""
    return render(_tracks(segments, n_samples, speaker, affect, rng), n_samples, rng)


def _tracks(segments, n_samples, speaker, affect, rng):
    valence, activation = affect.valence, affect.activation
    phones = [phone for segment in segments for phone in segment.word.phones]
    starts = np.array([start for segment in segments for start in segment.bounds[:-1]])
    times = np.arange(-(-n_samples // HOP_LENGTH) + 1) / (SAMPLE_RATE / HOP_LENGTH)  # seconds
    current = np.searchsorted(starts, times * FRAMES_PER_SECOND + 1e-9, side="right") - 1
    current = np.maximum(current, 0)

    def smooth_targets(name):
        targets = np.array([getattr(phone, name) for phone in phones], dtype=float)
        return _smooth(targets[current], 3)

    stressed = [stressed for segment in segments for stressed in segment.word.stressed]
    stress = _smooth(np.array(stressed, dtype=float)[current], 9)
    contrast = 1.5 + 1.5 * activation + 0.5 * valence  # dB between stressed and unstressed
    level = 10 ** (contrast * (stress - 0.5) / 20)
    span = speaker.span * 2 ** (0.6 * activation + 0.5 * valence)
    melody = _melody(segments, times, span, rng) + 2.0 * activation + 1.2 * valence
    formants = np.array([[*phone.formants, 3500.0, 4500.0] for phone in phones])
    smile = 1 + valence * np.array([0.03, 0.07, 0.06, 0.04, 0.03])  # spread lips
    formants = _smooth(formants[current], 7) * speaker.tract * smile
    formants[:, 0] *= 1 + 0.06 * activation  # the mouth opens wider in louder speech
    breath = 10 ** ((speaker.breath - 5 * valence - 2 * activation) / 20)
    first_harmonic = speaker.first_harmonic - 2.5 * activation - 1.0 * valence
    return Tracks(
        f0=np.clip(speaker.f0 * 2 ** (_smooth(melody, 3) / 12), 50, 600),
        voicing=smooth_targets("voicing") * level,
        aspiration=smooth_targets("aspiration") * level * breath * 12,
        frication=smooth_targets("frication") * 0.35 * 10 ** (2.5 * activation / 20),
        formants=formants,
        bandwidths=50 + 0.05 * formants,
        centre=smooth_targets("centre") * (1 + 0.03 * valence),
        width=smooth_targets("width"),
        tilt=speaker.tilt + 2.0 * activation + 0.6 * valence + 0.5 * stress,
        first_harmonic=np.full(len(times), first_harmonic),
        brightness=np.full(len(times), speaker.brightness + 7.0 * valence),
        jitter=0.006 * 2 ** (-0.8 * valence + 0.3 * activation),
        shimmer=0.04 * 2 ** (-0.8 * valence),
    )


def _smooth(track, frames):
    window = np.hanning(frames + 2)[1:-1]
    return convolve1d(track, window / window.sum(), axis=0, mode="nearest")


def _melody(segments, times, span, rng):
    """Return semitones relative to the speaker's f0: declination, pitch accents and drift."""
    accented = [segment for segment in segments if any(segment.word.stressed)]
    heights = [span * rng.uniform(0.3, 1.7) for _ in accented]
    melody = np.full(len(times), -0.5 * span)
    for segment, height in zip(accented, heights, strict=True):
        peak = segment.bounds[segment.word.stressed.index(True)] / FRAMES_PER_SECOND + 0.06
        near = slice(*np.searchsorted(times, (peak - 0.4, peak + 0.4)))
        melody[near] += height * np.exp(-0.5 * ((times[near] - peak) / 0.09) ** 2)
    knots = np.arange(0, times[-1] + 2, 0.5)
    drift = np.interp(times, knots, 0.5 * rng.standard_normal(len(knots)))
    return melody + drift - 0.8 * np.minimum(times / 4, 1.5)


def normalize_level(signal: np.ndarray, rng: Generator) -> np.ndarray:
    """Return the signal at a random level with recording noise, within full scale.

    The geometric mean of RMS and peak is set to a random level, so that neither reveals how loudly
    the utterance was spoken.
    """
    rms, peak = np.sqrt(np.mean(signal**2)) + 1e-9, np.max(np.abs(signal)) + 1e-9
    level = 10 ** (rng.normal(-22, 3) / 20)
    signal = signal * np.float32(level / np.sqrt(rms * peak))
    noise = level * 10 ** (rng.normal(NOISE_FLOOR, 4) / 20)
    signal += np.float32(noise) * rng.standard_normal(len(signal), dtype=np.float32)
    return signal * np.float32(min(1.0, 0.98 / np.max(np.abs(signal))))

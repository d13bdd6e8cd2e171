"""Affect and a layout in, synthesis parameters out: how a feeling sounds in this corpus.

Valence and activation act on what can be seen in any second of speech: the tilt of the spectrum,
its brightness around 3.7 kHz, the formants (spread lips shorten the tract), breathiness, the
level and range of the fundamental and the contrast of stress. Speakers differ in all of them.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import convolve1d

from emospeech.synthetic.draws import generator
from emospeech.synthetic.layout import FRAMES_PER_SECOND
from emospeech.synthetic.voice import HOP_LENGTH, SAMPLE_RATE, Tracks, render

TRACK_RATE = SAMPLE_RATE / HOP_LENGTH  # frames of parameters a second


@dataclass(frozen=True)
class Speaker:
    """A voice: `f0` in Hz, `span` of its accents in semitones, `tract` a factor on the formants,
    `tilt` in dB an octave, `hump`, `breath` and `bright` in dB."""

    f0: float
    span: float
    tract: float
    tilt: float
    hump: float
    breath: float
    bright: float


@dataclass(frozen=True)
class Affect:
    """What is heard: valence and activation, 0 being neutral and -1 and 1 the ends of the scale."""

    valence: float = 0.0
    activation: float = 0.0


def speaker_voice(seed, name, female):
    """Return the `Speaker` that `seed` gives to `name`."""
    rng = generator(seed, "speaker", name)
    normal = rng.standard_normal(7)
    return Speaker(
        f0=(200.0 if female else 115.0) * 2 ** (0.12 * normal[0]),
        span=2.5 + 0.3 * normal[1],
        tract=(1.16 if female else 1.0) * (1 + 0.025 * normal[2]),
        tilt=-7.5 + 0.5 * normal[3],
        hump=4.0 + normal[4],
        breath=-34.0 + 1.5 * normal[5],
        bright=2.0 + normal[6],
    )


def _smoothed(track, frames):
    window = np.hanning(frames + 2)[1:-1]
    return convolve1d(track, window / window.sum(), axis=0, mode="nearest")


def _stretches(segments):
    """All phones of the segments with their first frames (10 ms) and stress, in order."""
    phones = [phone for segment in segments for phone in segment.phones]
    starts = [start for segment in segments for start in segment.bounds[:-1]]
    stress = [stressed for segment in segments for stressed in segment.stressed]
    return phones, np.array(starts, dtype=float), np.array(stress, dtype=float)


def _melody(segments, times, span, rng):
    """Semitones around the speaker's level: declination, an accent a stressed syllable, drift."""
    peaks, heights = [], []
    for segment in segments:
        if any(segment.stressed):
            first = segment.stressed.index(True)
            peaks.append(segment.bounds[first] / FRAMES_PER_SECOND + 0.06)
            heights.append(span * rng.uniform(0.3, 1.7))
    melody = np.full(len(times), -0.5 * span)
    for peak, height in zip(peaks, heights, strict=True):
        inside = slice(*np.searchsorted(times, (peak - 0.4, peak + 0.4)))
        melody[inside] += height * np.exp(-0.5 * ((times[inside] - peak) / 0.09) ** 2)
    drift = np.interp(times, np.arange(0, times[-1] + 2, 0.5), _steps(rng, times[-1]))
    return melody + drift - 0.8 * np.minimum(times / 4, 1.5)


def _steps(rng, seconds):
    return 0.5 * rng.standard_normal(len(np.arange(0, seconds + 2, 0.5)))


def _formants(phones, at, speaker, affect):
    """Formants and bandwidths in Hz, both (frames, 5); a smile lifts the second and third most."""
    targets = np.array([[*phone.formants, 3500.0, 4500.0] for phone in phones])
    smile = 1 + affect.valence * np.array([0.03, 0.07, 0.06, 0.04, 0.03])
    formants = _smoothed(targets[at], 7) * speaker.tract * smile
    open_mouth = 1 + 0.06 * affect.activation  # a louder voice opens the mouth: the first rises
    formants[:, 0] *= open_mouth
    return formants, 50 + 0.05 * formants


def parameter_tracks(segments, n_samples, speaker, affect, rng):
    """Return the `Tracks` of `segments` spoken by `speaker` with `affect`, for `n_samples`."""
    valence, activation = affect.valence, affect.activation
    phones, starts, stress = _stretches(segments)
    n_frames = -(-n_samples // HOP_LENGTH) + 1
    times = np.arange(n_frames) / TRACK_RATE
    at = np.searchsorted(starts, times * FRAMES_PER_SECOND + 1e-9, side="right") - 1
    at = np.maximum(at, 0)

    def track(name):
        return np.array([getattr(phone, name) for phone in phones], dtype=float)[at]

    contrast = 1.5 + 1.5 * activation + 0.5 * valence  # dB of a stressed syllable
    level = 10 ** (contrast * (_smoothed(stress[at], 9) - 0.5) / 20)
    span = speaker.span * 2 ** (0.6 * activation + 0.5 * valence)
    melody = _melody(segments, times, span, rng) + 2.0 * activation + 1.2 * valence
    formants, bandwidths = _formants(phones, at, speaker, affect)
    breath = 10 ** ((speaker.breath - 5 * valence - 2 * activation) / 20)
    return Tracks(
        f0=np.clip(speaker.f0 * 2 ** (_smoothed(melody, 3) / 12), 50, 600),
        voicing=_smoothed(track("voicing"), 3) * level,
        aspiration=_smoothed(track("aspiration"), 3) * level * breath * 12,
        frication=_smoothed(track("frication"), 3) * 0.35 * 10 ** (2.5 * activation / 20),
        formants=formants,
        bandwidths=bandwidths,
        centre=_smoothed(track("centre"), 3) * (1 + 0.03 * valence),
        width=_smoothed(track("width"), 3),
        tilt=speaker.tilt + 2.0 * activation + 0.6 * valence + 0.5 * (_smoothed(stress[at], 9)),
        hump=np.full(n_frames, speaker.hump - 2.5 * activation - 1.0 * valence),
        bright=np.full(n_frames, speaker.bright + 7.0 * valence),
        jitter=0.006 * 2 ** (-0.8 * valence + 0.3 * activation),
        shimmer=0.04 * 2 ** (-0.8 * valence),
    )


def speak(segments, n_samples, speaker, affect, rng):
    """Return the waveform of `segments` as float32 of `n_samples` at 16 kHz, in no set level."""
    return render(parameter_tracks(segments, n_samples, speaker, affect, rng), n_samples, rng)


def levelled(signal, rng, floor=-62.0):
    """Return `signal` with a drawn level and recording noise, below full scale.

    The mean of the RMS and the peak level, in dB, is set to a drawn number, so that neither
    tells how loudly it was spoken. The noise lies about `floor` dB below the level.
    """
    rms, peak = np.sqrt(np.mean(signal**2)) + 1e-9, np.max(np.abs(signal)) + 1e-9
    wanted = 10 ** (rng.normal(-22, 3) / 20)
    signal = signal * np.float32(wanted / np.sqrt(rms * peak))
    hiss = wanted * 10 ** (rng.normal(floor, 4) / 20)
    signal += np.float32(hiss) * rng.standard_normal(len(signal), dtype=np.float32)
    return signal * np.float32(min(1.0, 0.98 / np.max(np.abs(signal))))

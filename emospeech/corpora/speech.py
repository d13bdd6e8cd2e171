"""Level-based speech detection, for audio without word times.

Crops are centred on words, so audio without words needs positions that are not pauses. The detected
spans only mean that there is sound.

The level is measured in frames of 20 ms. The threshold lies between a quiet and a loud level of the
recording itself, as in Rabiner and Sambur (An algorithm for determining the endpoints of isolated
utterances, 1975), so it does not depend on the gain of the microphone:

    threshold = quiet + THRESHOLD * (loud - quiet)        in dB, percentiles of the frame levels

Pauses of up to 0.2 s are bridged, which is the hangover of ITU-T P.56. Spans shorter than a
syllable are dropped. Long spans are divided equally, so that a span has about as much speech as a
word and crops are distributed uniformly over the time of speech.

If the quiet and loud levels are close, the recording has no pauses and all frames are speech. This
applies to tightly cut utterances and to steady noise. Frames below SILENCE are never speech.
"""

import os

import numpy as np

from emospeech.corpora.audio import open_audio, read_blocks

# Usual values, not fitted to any result.
FRAME = 0.02  # seconds
QUIET_PERCENTILE = 10
LOUD_PERCENTILE = 99  # not higher, because of clicks
THRESHOLD = 0.4  # fraction of the range from quiet to loud
MIN_RANGE = 10.0  # dB from quiet to loud; recordings with less have no pauses
SILENCE = -70.0  # dBFS; above the noise of 16 bits, below that of rooms
MAX_PAUSE = 0.2  # seconds, inside a span
MIN_SPAN, MAX_SPAN = 0.1, 1.0  # seconds

BLOCK = 2**10  # frames read at a time (20 s), to limit memory use
MIN_POWER = 1e-12  # of digital silence, -120 dBFS


def find_speech(path: str | os.PathLike) -> tuple[np.ndarray, int]:
    """Detect speech in an audio file, averaged over channels.

    Returns:
        The sorted, disjoint spans of speech in seconds, float64 of shape (spans, 2), and the number
        of spans that were dropped because they are too short.

    Raises:
        CorpusError: The file is not readable as audio.
    """
    levels, frame, duration = _frame_levels(path)
    # First frame of each run of speech and first frame after it, (runs, 2).
    runs = np.flatnonzero(np.diff(_is_speech(levels), prepend=False, append=False)).reshape(-1, 2)
    spans = np.minimum(_bridge_pauses(runs * frame), duration)
    long_enough = spans[:, 1] - spans[:, 0] >= MIN_SPAN - frame / 2
    return _divide(spans[long_enough]), int((~long_enough).sum())


def _frame_levels(path: str | os.PathLike) -> tuple[np.ndarray, float, float]:
    """Return the levels of all frames, and the durations of a frame and of the file.

    Levels are in dBFS, float64 (frames,). The mean of a frame is subtracted first, so a constant
    offset counts as silence. A frame is a whole number of samples; the last one may be shorter.
    Durations are in seconds.
    """
    powers, samples = [np.empty(0)], 0
    with open_audio(path) as audio:
        size = max(round(FRAME * audio.samplerate), 2)  # samples
        for block in read_blocks(audio, size * BLOCK, "float64"):
            mono = block.mean(axis=1)
            in_frames, rest = np.split(mono, [len(mono) // size * size])
            powers.append(in_frames.reshape(-1, size).var(axis=1))
            powers.append(np.array([rest.var()] if len(rest) else []))
            samples += len(mono)
        frame, duration = size / audio.samplerate, samples / audio.samplerate
    return 10 * np.log10(np.maximum(np.concatenate(powers), MIN_POWER)), frame, duration


def _is_speech(levels: np.ndarray) -> np.ndarray:
    """Return a mask of the frames that are speech."""
    if not len(levels):
        return np.zeros(0, bool)
    quiet, loud = np.percentile(levels, [QUIET_PERCENTILE, LOUD_PERCENTILE])
    quiet = max(quiet, SILENCE)  # digital silence is not background noise
    if loud - quiet < MIN_RANGE:
        return levels > SILENCE
    return levels > quiet + THRESHOLD * (loud - quiet)


def _bridge_pauses(spans: np.ndarray) -> np.ndarray:
    """Join spans that are separated by at most MAX_PAUSE."""
    is_pause = spans[1:, 0] - spans[:-1, 1] > MAX_PAUSE + 1e-9  # allows for rounding
    starts = np.concatenate([spans[:1, 0], spans[1:, 0][is_pause]])
    ends = np.concatenate([spans[:-1, 1][is_pause], spans[-1:, 1]])
    return np.stack([starts, ends], axis=1)


def _divide(spans: np.ndarray) -> np.ndarray:
    """Divide each span into the fewest equal parts that do not exceed MAX_SPAN."""
    parts = [np.empty((0, 2))]
    for start, end in spans:
        n_parts = max(int(np.ceil((end - start) / MAX_SPAN - 1e-9)), 1)
        edges = np.linspace(start, end, n_parts + 1)
        parts.append(np.stack([edges[:-1], edges[1:]], axis=1))
    return np.concatenate(parts)

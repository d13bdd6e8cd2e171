"""Where a recording holds speech, by its level: for audio that comes without the times of words.

A crop is centred in a word, so audio without words needs places that are not pauses. No more is
asked than that: the spans say that somebody is heard, not what is said.

The level is taken in frames of 20 ms. As in Rabiner and Sambur (An algorithm for determining the
endpoints of isolated utterances, 1975), the threshold lies between the quiet and the loud of the
recording itself, so that the gain of the microphone does not matter:

    threshold = quiet + share * (loud - quiet)        in dB, percentiles of the recording's frames

Pauses of up to 0.2 s are bridged, the hangover of ITU-T P.56. What is shorter than a syllable is
left out. Long spans are cut into equal pieces, so that each stands for about as much speech as a
word does and a pool of them is drawn evenly over the time of speech.

Where quiet and loud lie close together there are no pauses to find: the whole recording is speech,
be it an utterance cut tightly or a steady noise. What is below the level of silence never is.
"""

from dataclasses import dataclass

import numpy as np

from emospeech.corpora.decoding import open_audio, read_blocks

BLOCK = 2**10  # frames read at a time: 20 s, so memory for audio does not grow with the recording
TINY = 1e-12  # power that digital silence is given, -120 dB


@dataclass(frozen=True)
class SpeechSettings:
    """The rule of the detector: usual values, not fitted to any result."""

    frame: float = 0.02  # seconds
    quiet: float = 10.0  # percentile of the frames' levels; pauses take more of most recordings
    loud: float = 99.0  # percentile; a hundredth of the recording may be clicks
    share: float = 0.4  # of the way from quiet to loud
    contrast: float = 10.0  # dB between quiet and loud below which there are no pauses
    silence: float = -70.0  # dB of full scale: above the noise of 16 bits, below that of rooms
    bridged: float = 0.2  # seconds of the longest pause inside a span
    shortest: float = 0.1  # seconds of a span
    longest: float = 1.0  # seconds of a piece


def find_speech(path, settings):
    """Return the spans of speech in an audio file, and how many were left out as too short.

    The spans are seconds from the start of the file, float64 of shape (n, 2), in order and apart.
    Channels are averaged. Raises CorpusError for what is no audio.
    """
    levels, step, duration = frame_levels(path, settings.frame)
    runs = _runs(_is_speech(levels, settings))
    spans = np.minimum(_bridged(runs * step, settings.bridged), duration)
    long_enough = spans[:, 1] - spans[:, 0] >= settings.shortest - step / 2  # half a frame's room
    return _pieces(spans[long_enough], settings.longest), int((~long_enough).sum())


def frame_levels(path, frame):
    """Return the level of each frame of an audio file in dB of full scale, float64 (frames,).

    With it come the length of a frame, `frame` rounded to whole samples, and that of the file, in
    seconds. The level is that of the frame's deviation from its mean, so that an offset counts as
    silence. The last frame may be shorter than the others.
    """
    powers, samples = [], 0
    with open_audio(path) as audio:
        size = max(round(frame * audio.samplerate), 2)  # samples
        for block in read_blocks(audio, size * BLOCK, "float64"):
            powers.append(_powers(block.mean(axis=1), size))
            samples += len(block)
        step, duration = size / audio.samplerate, samples / audio.samplerate
    power = np.concatenate([np.empty(0), *powers])  # (frames,)
    return 10 * np.log10(np.maximum(power, TINY)), step, duration


def _powers(samples, size):
    """Return the variance of each frame of `size` samples; the rest makes a frame of its own."""
    whole = len(samples) // size * size
    powers = samples[:whole].reshape(-1, size).var(axis=1)
    return np.append(powers, samples[whole:].var()) if whole < len(samples) else powers


def _is_speech(levels, settings):
    """Return for each frame whether it is above the threshold of its recording."""
    if not len(levels):
        return np.zeros(0, bool)
    quiet, loud = np.percentile(levels, [settings.quiet, settings.loud])
    quiet = max(quiet, settings.silence)  # a stretch of zeros says nothing of the room
    if loud - quiet < settings.contrast:
        return levels > settings.silence
    return levels > quiet + settings.share * (loud - quiet)


def _runs(speech):
    """Return the first frame of each run of speech and the one behind its last, (runs, 2)."""
    return np.flatnonzero(np.diff(speech, prepend=False, append=False)).reshape(-1, 2)


def _bridged(spans, pause):
    """Return the spans, joined where the pause between two is not longer than `pause`."""
    apart = spans[1:, 0] - spans[:-1, 1] > pause + 1e-9  # room for the rounding of the times
    starts = np.concatenate([spans[:1, 0], spans[1:, 0][apart]])
    ends = np.concatenate([spans[:-1, 1][apart], spans[-1:, 1]])
    return np.stack([starts, ends], axis=1)


def _pieces(spans, longest):
    """Return the spans, each longer than `longest` cut into equal pieces that are not."""
    pieces = [np.empty((0, 2))]
    for start, end in spans:
        count = max(int(np.ceil((end - start) / longest - 1e-9)), 1)
        edges = np.linspace(start, end, count + 1)
        pieces.append(np.stack([edges[:-1], edges[1:]], axis=1))
    return np.concatenate(pieces)

"""Timing of the words, pauses and nonspeech sounds in a stretch of speech, in frames of 10 ms.

Segments are drawn independently of the labels, so that the number of words, their durations
and the silences carry no information about emotion.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from emospeech.synthetic.lexicon import LEXICON_SIZE, Phone, Word, lexicon, word_probabilities

FRAMES_PER_SECOND = 100  # as in IEMOCAP's forced alignments
MIN_FRAMES = 3  # of a segment


def _sound(*phones):
    return Word("", (phones,))


SILENCE = _sound(Phone("SIL", 0.1))
BREATH = _sound(Phone("+BREATHING+", 0.3, (500, 1500, 2500), aspiration=1.5))
SMACK = _sound(Phone("+LIPSMACK+", 0.05, frication=0.5, centre=3000, width=2000))
# A laugh alternates breathy vowels with breath.
LAUGH_VOWEL = Phone("+LAUGHTER+", 0.07, (600, 1400, 2500), voicing=0.6, aspiration=2.0)
LAUGH_BREATH = Phone("+LAUGHTER+", 0.09, (600, 1400, 2500), aspiration=2.0)
MUMBLE = Phone("+GARBAGE+", 0.1, (450, 1200, 2400), voicing=0.3, aspiration=1.0)
SOUNDS = {
    "<sil>": SILENCE,
    "<breath>": BREATH,
    "++BREATHING++": BREATH,
    "++LIPSMACK++": SMACK,
    "++LAUGHTER++": _sound(*(LAUGH_VOWEL, LAUGH_BREATH) * 3),
    "++GARBAGE++": _sound(MUMBLE, MUMBLE),
}
SOUND_PROBABILITIES = (0.8, 0.06, 0.06, 0.03, 0.03, 0.02)
WORDLESS = ("++LAUGHTER++", "++BREATHING++", "++GARBAGE++")


@dataclass(frozen=True)
class Segment:
    """A word or a nonspeech sound with its times in frames."""

    label: str  # in alignments, such as "HELLO(2)" or "<sil>"
    word: Word
    start: int
    end: int  # exclusive
    bounds: tuple[float, ...]  # the start of each phone and the end of the last


def draw_segments(
    seconds: float, rng: np.random.Generator, edges: bool = True, words: bool = True
) -> list[Segment]:
    """Return contiguous segments that fill `seconds`, each at least 3 frames long.

    Args:
        seconds: The duration to fill, rounded down to whole frames.
        rng: The generator that all draws come from.
        edges: Whether to start with the silence `<s>` and end with `</s>`.
        words: Whether to draw words; otherwise only nonspeech sounds are drawn.
    """
    frames = int(np.floor(seconds * FRAMES_PER_SECOND + 1e-6))
    edge = rng.uniform(0.08, 0.35, size=2) * min(1.0, seconds / 1.5) if edges else np.zeros(2)
    edge = np.maximum(np.round(edge * FRAMES_PER_SECOND), MIN_FRAMES if edges else 0)
    first, last = edge.astype(int)
    inner = frames - first - last
    items, lengths = (_draw_items if words else _draw_sounds)(inner / FRAMES_PER_SECOND, rng)
    # Every item gets the minimum and a share of the rest; items that do not fit are dropped.
    kept = max(1, min(len(items), inner // MIN_FRAMES))
    shares = np.concatenate(([0.0], np.cumsum(lengths[:kept]))) / np.sum(lengths[:kept])
    cuts = np.round(shares * (inner - MIN_FRAMES * kept)).astype(int)
    cuts += first + MIN_FRAMES * np.arange(kept + 1)
    items = zip(items, pairwise(cuts), strict=False)
    segments = [_segment(label, word, *cut) for (label, word), cut in items]
    if not edges:
        return segments
    opening = _segment("<s>", SILENCE, 0, first)
    return [opening, *segments, _segment("</s>", SILENCE, frames - last, frames)]


def _draw_items(seconds, rng):
    """Draw words with occasional pauses and sounds; return (label, Word) pairs and durations."""
    items, lengths = [], []
    for index in rng.choice(LEXICON_SIZE, size=int(seconds / 0.1) + 2, p=word_probabilities()):
        word = lexicon()[index]
        label = word.spelling.upper().replace("É", "E")
        if rng.random() < 0.08:  # a variant of the pronunciation
            label += f"({rng.integers(2, 9)})"
        items.append((label, word))
        lengths.append(sum(phone.seconds for phone in word.phones) * rng.uniform(0.85, 1.15))
        if sum(lengths) >= seconds:
            break
        if rng.random() < 0.12:
            label = str(rng.choice(list(SOUNDS), p=SOUND_PROBABILITIES))
            items.append((label, SOUNDS[label]))
            lengths.append(rng.uniform(0.12, 0.45))
    return items, lengths


def _draw_sounds(seconds, rng):
    """Draw the laughter, breath and mumbling of an utterance without words."""
    items, lengths = [], []
    while sum(lengths) < seconds:
        label = WORDLESS[rng.integers(3)]
        items.append((label, SOUNDS[label]))
        lengths.append(rng.uniform(0.4, 0.8))
    return items, lengths


def _segment(label, word, start, end):
    phones = zip(word.phones, word.stressed, strict=True)
    seconds = [phone.seconds * (1.25 if stressed else 0.95) for phone, stressed in phones]
    shares = np.concatenate(([0.0], np.cumsum(seconds))) / sum(seconds)
    return Segment(label, word, int(start), int(end), tuple(start + shares * (end - start)))

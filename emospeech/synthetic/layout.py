"""Where the words, pauses and other sounds of a stretch of speech lie, to the 10 ms frame.

Nothing here knows of affect: the number of words, their lengths and the silences depend on the
length asked for and on chance, so that they tell nothing about a label.
"""

from dataclasses import dataclass

import numpy as np

from emospeech.synthetic.phones import Phone, frequencies, lexicon

FRAMES_PER_SECOND = 100  # the aligner's frames of 10 ms
SILENCE = Phone("SIL", 0.1)
BREATH = Phone("+BREATHING+", 0.3, (500, 1500, 2500), aspiration=1.5)
SMACK = Phone("+LIPSMACK+", 0.05, frication=0.5, centre=3000, width=2000)
# A laugh is a train of breathy vowels with breath between them.
LAUGH_VOICED = Phone("+LAUGHTER+", 0.07, (600, 1400, 2500), voicing=0.6, aspiration=2.0)
LAUGH_BREATH = Phone("+LAUGHTER+", 0.09, (600, 1400, 2500), aspiration=2.0)
MUMBLE = Phone("+GARBAGE+", 0.1, (450, 1200, 2400), voicing=0.3, aspiration=1.0)
SOUNDS = {
    "<sil>": (SILENCE,),
    "<breath>": (BREATH,),
    "++BREATHING++": (BREATH,),
    "++LIPSMACK++": (SMACK,),
    "++LAUGHTER++": (LAUGH_VOICED, LAUGH_BREATH) * 3,
    "++GARBAGE++": (MUMBLE, MUMBLE),
}
WORDLESS = ("++LAUGHTER++", "++BREATHING++", "++GARBAGE++")


@dataclass(frozen=True)
class Segment:
    """A word or a sound between two frames, `end` being the first frame after it.

    `phones` are its stretches, `bounds` their first frames as fractions (one more than phones),
    `stressed` says which of them belong to the stressed syllable, `syllables` how many phones
    each syllable holds. `spelling` is empty for what is not a word.
    """

    label: str
    spelling: str
    start: int
    end: int
    phones: tuple[Phone, ...]
    bounds: tuple[float, ...]
    stressed: tuple[bool, ...]
    syllables: tuple[int, ...]


def _sound(label):
    phones = SOUNDS[label]
    return label, "", phones, (False,) * len(phones), (len(phones),)


def _spoken(word, rng):
    label = word.label
    if rng.random() < 0.08:
        label += f"({rng.integers(2, 9)})"
    stressed = tuple(i == word.stress for i, s in enumerate(word.syllables) for _ in s)
    phones = tuple(phone for syllable in word.syllables for phone in syllable)
    return label, word.spelling, phones, stressed, tuple(map(len, word.syllables))


def _draw_items(seconds, rng):
    """Words with a pause or another sound here and there, about `seconds` long in all."""
    items, lengths = [], []
    words = rng.choice(len(lexicon()), size=int(seconds / 0.1) + 2, p=frequencies())
    for index in words:
        items.append(_spoken(lexicon()[index], rng))
        lengths.append(sum(phone.seconds for phone in items[-1][2]) * rng.uniform(0.85, 1.15))
        if sum(lengths) >= seconds:
            break
        if rng.random() < 0.12:
            label = str(rng.choice(list(SOUNDS), p=(0.8, 0.06, 0.06, 0.03, 0.03, 0.02)))
            items.append(_sound(label))
            lengths.append(rng.uniform(0.12, 0.45))
    return items, np.array(lengths)


def _draw_sounds(seconds, rng):
    """What an utterance without a word holds: laughter, breath or a mumble."""
    items, lengths = [], []
    while sum(lengths) < seconds:
        items.append(_sound(WORDLESS[rng.integers(3)]))
        lengths.append(rng.uniform(0.4, 0.8))
    return items, np.array(lengths)


def _place(item, start, end):
    label, spelling, phones, stressed, syllables = item
    seconds = [p.seconds * (1.25 if s else 0.95) for p, s in zip(phones, stressed, strict=True)]
    shares = np.concatenate(([0.0], np.cumsum(seconds))) / sum(seconds)
    bounds = tuple(start + shares * (end - start))
    return Segment(label, spelling, int(start), int(end), phones, bounds, stressed, syllables)


def _edge(label, start, end):
    return _place((label, "", (SILENCE,), (False,), (1,)), start, end)


def lay_out(seconds, rng, edges=True, words=True):
    """Return the segments that fill `seconds`, in order and without holes, as a list.

    With `edges` it opens with the silence `<s>` and closes with `</s>`. Without `words` only
    sounds that are no words are used. Segments are whole frames of 10 ms, at least 3 of them.
    """
    frames = int(np.floor(seconds * FRAMES_PER_SECOND + 1e-6))
    edge = rng.uniform(0.08, 0.35, size=2) * min(1.0, seconds / 1.5) if edges else np.zeros(2)
    first, last = np.maximum(np.round(edge * FRAMES_PER_SECOND), 3 if edges else 0).astype(int)
    inner = frames - first - last
    items, lengths = (_draw_items if words else _draw_sounds)(inner / FRAMES_PER_SECOND, rng)
    # Every item has 3 frames and shares the rest; ones that would not fit are left off the end.
    kept = max(1, min(len(items), inner // 3))
    lengths = lengths[:kept]
    cuts = np.concatenate(([0.0], np.cumsum(lengths))) / lengths.sum()
    cuts = first + 3 * np.arange(kept + 1) + np.round(cuts * (inner - 3 * kept)).astype(int)
    placed = [_place(items[i], cuts[i], cuts[i + 1]) for i in range(kept)]
    if not edges:
        return placed
    return [_edge("<s>", 0, first), *placed, _edge("</s>", frames - last, frames)]

"""Phones with their acoustic targets, and a lexicon of pseudowords."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np


@dataclass(frozen=True)
class Phone:
    """Acoustic targets of one stretch of sound, for the vocal tract of an adult man."""

    symbol: str  # the closure and the burst of a stop share a symbol
    seconds: float  # typical duration
    formants: tuple[float, float, float] = (500.0, 1500.0, 2500.0)  # Hz
    voicing: float = 0.0  # amplitudes of the voice source, the aspiration and the frication noise
    aspiration: float = 0.0
    frication: float = 0.0
    centre: float = 4000.0  # Hz, of the frication noise's spectrum
    width: float = 1500.0  # Hz, its standard deviation


def _sonorant(symbol, amplitude, *formants):
    return (Phone(symbol, 0.065, formants, voicing=amplitude, aspiration=0.5),)


def _fricative(symbol, amplitude, centre, width, voicing=0.0):
    return (Phone(symbol, 0.085, (400, 1600, 2600), voicing, voicing, amplitude, centre, width),)


def _stop(symbol, centre, voicing, second_formant):
    formants = (300, second_formant, 2500)
    closure = Phone(symbol, 0.045, formants, 0.5 * voicing)
    return closure, Phone(symbol, 0.03, formants, voicing, 0.6, 0.9 - 0.3 * voicing, centre, 1500)


# Mean formants of the American English vowels of men, rounded (Peterson and Barney, 1952).
VOWEL_FORMANTS = {
    "IY": (270, 2290, 3010),
    "IH": (390, 1990, 2550),
    "EH": (530, 1840, 2480),
    "AE": (660, 1720, 2410),
    "AH": (640, 1190, 2390),
    "AA": (730, 1090, 2440),
    "AO": (570, 840, 2410),
    "UH": (440, 1020, 2240),
    "UW": (300, 870, 2240),
}
VOWELS = {
    symbol: Phone(symbol, 0.11, formants, voicing=1.0, aspiration=1.0)
    for symbol, formants in VOWEL_FORMANTS.items()
}
CONSONANTS = {
    "M": _sonorant("M", 0.5, 260, 1100, 2200),
    "N": _sonorant("N", 0.5, 260, 1500, 2500),
    "L": _sonorant("L", 0.7, 350, 1050, 2700),
    "R": _sonorant("R", 0.7, 380, 1200, 1600),
    "W": _sonorant("W", 0.7, 300, 700, 2200),
    "Y": _sonorant("Y", 0.7, 280, 2200, 2900),
    "S": _fricative("S", 0.8, 6000, 1200),
    "SH": _fricative("SH", 0.8, 3500, 1100),
    "F": _fricative("F", 0.3, 5000, 3000),
    "Z": _fricative("Z", 0.5, 5800, 1200, voicing=0.4),
    "V": _fricative("V", 0.2, 4500, 3000, voicing=0.5),
    "HH": (Phone("HH", 0.06, (500, 1500, 2500), voicing=0.1, aspiration=3.0),),
    "P": _stop("P", 1200, 0.0, 900),
    "T": _stop("T", 4500, 0.0, 1800),
    "K": _stop("K", 2200, 0.0, 2000),
    "B": _stop("B", 1000, 0.6, 900),
    "D": _stop("D", 4000, 0.6, 1800),
    "G": _stop("G", 2000, 0.6, 2000),
}
CODAS = ("", "", "", "N", "M", "L", "R", "S", "T", "K", "D", "Z", "F")
# Spelling of phones whose symbol differs from it.
LETTERS = {"IY": "ee", "IH": "i", "EH": "e", "AE": "a", "AH": "u", "AA": "ah", "AO": "o"}
LETTERS |= {"UH": "oo", "UW": "ou", "HH": "h"}
LEXICON_SIZE = 400


@dataclass(frozen=True)
class Word:
    """A pseudoword, or a nonspeech sound without a spelling."""

    spelling: str
    syllables: tuple[tuple[Phone, ...], ...]
    stress: int = -1  # index of the stressed syllable; -1 for none

    @property
    def phones(self) -> tuple[Phone, ...]:
        """The phones of all syllables."""
        return tuple(phone for syllable in self.syllables for phone in syllable)

    @property
    def stressed(self) -> tuple[bool, ...]:
        """Whether each phone belongs to the stressed syllable."""
        return tuple(i == self.stress for i, own in enumerate(self.syllables) for _ in own)


@cache
def lexicon() -> tuple[Word, ...]:
    """Return the pseudowords; four contain an apostrophe or an accent."""
    rng = np.random.default_rng(20)
    words = {}
    while len(words) < LEXICON_SIZE:
        word = _draw_word(rng)
        words.setdefault(word.spelling, word)
    words = list(words.values())
    for index, spelling in ((3, "'{}"), (11, "{}'s"), (17, "{}é"), (29, "{}'na")):
        words[index] = replace(words[index], spelling=spelling.format(words[index].spelling))
    return tuple(words)


def _draw_word(rng):
    syllables, spelling = [], ""
    for _ in range(rng.choice(3, p=(0.55, 0.33, 0.12)) + 1):
        onset, nucleus = rng.choice(list(CONSONANTS)), rng.choice(list(VOWELS))
        coda = rng.choice(CODAS)
        syllables.append((*CONSONANTS[onset], VOWELS[nucleus], *CONSONANTS.get(coda, ())))
        spelling += "".join(LETTERS.get(name) or name.lower() for name in (onset, nucleus, coda))
    return Word(spelling, tuple(syllables), int(rng.integers(len(syllables))))


@cache
def word_probabilities() -> np.ndarray:
    """Return the probability of each word of the lexicon: Zipf's law, flattened at the top."""
    weights = 1.0 / (np.arange(LEXICON_SIZE) + 10.0)
    return weights / weights.sum()

"""Phones with their acoustic targets, and the made-up words that are spelled with them."""

from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True)
class Phone:
    """The target of one stretch of sound, for a grown man's vocal tract.

    `seconds` is the usual length, `formants` the first three resonances in Hz, `voicing`,
    `aspiration` and `frication` are amplitudes of the three sources, and the friction noise lies
    around `centre` Hz with the standard deviation `width` Hz.
    """

    symbol: str
    seconds: float
    formants: tuple[float, float, float] = (500.0, 1500.0, 2500.0)
    voicing: float = 0.0
    aspiration: float = 0.0
    frication: float = 0.0
    centre: float = 4000.0
    width: float = 1500.0
    vowel: bool = False


def _vowel(symbol, *formants):
    return Phone(symbol, 0.11, formants, voicing=1.0, aspiration=1.0, vowel=True)


def _sonorant(symbol, amplitude, *formants):
    return Phone(symbol, 0.065, formants, voicing=amplitude, aspiration=0.5)


def _fricative(symbol, amplitude, centre, width, voicing=0.0):
    return Phone(symbol, 0.085, (400, 1600, 2600), voicing, voicing, amplitude, centre, width)


def _stop(symbol, centre, voicing, locus):
    """The two stretches of a stop: a closure and a burst."""
    formants = (300, locus, 2500)
    closure = Phone(symbol, 0.045, formants, 0.5 * voicing)
    return closure, Phone(symbol, 0.03, formants, voicing, 0.6, 0.9 - 0.3 * voicing, centre, 1500)


# Mean formants of the American English vowels of men, rounded (Peterson and Barney, 1952).
VOWELS = {
    "IY": _vowel("IY", 270, 2290, 3010),
    "IH": _vowel("IH", 390, 1990, 2550),
    "EH": _vowel("EH", 530, 1840, 2480),
    "AE": _vowel("AE", 660, 1720, 2410),
    "AH": _vowel("AH", 640, 1190, 2390),
    "AA": _vowel("AA", 730, 1090, 2440),
    "AO": _vowel("AO", 570, 840, 2410),
    "UH": _vowel("UH", 440, 1020, 2240),
    "UW": _vowel("UW", 300, 870, 2240),
}
CONSONANTS = {
    "M": (_sonorant("M", 0.5, 260, 1100, 2200),),
    "N": (_sonorant("N", 0.5, 260, 1500, 2500),),
    "L": (_sonorant("L", 0.7, 350, 1050, 2700),),
    "R": (_sonorant("R", 0.7, 380, 1200, 1600),),
    "W": (_sonorant("W", 0.7, 300, 700, 2200),),
    "Y": (_sonorant("Y", 0.7, 280, 2200, 2900),),
    "S": (_fricative("S", 0.8, 6000, 1200),),
    "SH": (_fricative("SH", 0.8, 3500, 1100),),
    "F": (_fricative("F", 0.3, 5000, 3000),),
    "Z": (_fricative("Z", 0.5, 5800, 1200, voicing=0.4),),
    "V": (_fricative("V", 0.2, 4500, 3000, voicing=0.5),),
    "HH": (Phone("HH", 0.06, (500, 1500, 2500), 0.1, 3.0),),
    "P": _stop("P", 1200, 0.0, 900),
    "T": _stop("T", 4500, 0.0, 1800),
    "K": _stop("K", 2200, 0.0, 2000),
    "B": _stop("B", 1000, 0.6, 900),
    "D": _stop("D", 4000, 0.6, 1800),
    "G": _stop("G", 2000, 0.6, 2000),
}
SPELLED = {"IY": "ee", "IH": "i", "EH": "e", "AE": "a", "AH": "u", "AA": "ah", "AO": "o"}
SPELLED |= {"UH": "oo", "UW": "ou", "HH": "h"}
CODAS = ("", "", "", "N", "M", "L", "R", "S", "T", "K", "D", "Z", "F")


@dataclass(frozen=True)
class Word:
    """A made-up word: its spelling and, for each syllable, its phones. `stress` is an index."""

    spelling: str
    syllables: tuple[tuple[Phone, ...], ...]
    stress: int

    @property
    def label(self):
        """The word as an aligner writes it: upper case, without accents."""
        return self.spelling.upper().replace("É", "E")


def _word(rng):
    syllables, spelling = [], ""
    for _ in range(rng.choice(3, p=(0.55, 0.33, 0.12)) + 1):
        onset, nucleus = rng.choice(list(CONSONANTS)), rng.choice(list(VOWELS))
        coda = rng.choice(CODAS)
        syllables.append((*CONSONANTS[onset], VOWELS[nucleus], *CONSONANTS.get(coda, ())))
        spelling += "".join(SPELLED.get(name, name.lower()) for name in (onset, nucleus, coda))
    return Word(spelling, tuple(syllables), int(rng.integers(len(syllables))))


@cache
def lexicon(size=400):
    """Return `size` different words, the same at every call; a few hold an apostrophe or an é."""
    rng = np.random.default_rng(20)
    words = {}
    while len(words) < size:
        word = _word(rng)
        words.setdefault(word.spelling, word)
    words = list(words.values())
    for index, change in ((3, "'{}"), (11, "{}'s"), (17, "{}é"), (29, "{}'{}")):
        spelling = words[index].spelling
        changed = change.format(spelling, "na")
        words[index] = Word(changed, words[index].syllables, words[index].stress)
    return tuple(words)


@cache
def frequencies(size=400):
    """Return the probability of each word of the lexicon: Zipf's law, flattened at the top."""
    weights = 1.0 / (np.arange(size) + 10.0)
    return weights / weights.sum()

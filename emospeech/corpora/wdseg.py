"""Forced alignments of utterances: the `.wdseg` files of Sphinx-3 that IEMOCAP ships."""

import re

from emospeech.corpora.words import Word

FRAMES_PER_SECOND = 100
# First frame, last frame, acoustic score, word. Bounded, so that no time overflows.
ROW = re.compile(r"(-?[0-9]{1,9})\s+(-?[0-9]{1,9})\s+(-?[0-9]+)\s+(\S+)")
VARIANT = re.compile(r"\([0-9]+\)$")  # which of several pronunciations was heard
SILENCE = {"<s>", "</s>", "<sil>", "<breath>"}


def parse_wdseg(text, tally):
    """Return the words of a wdseg file as a list of Word, in the order of the file.

    A frame is 10 ms and the last frame belongs to the word: start = SFrm / 100 and
    end = (EFrm + 1) / 100. Silence and noises (`<sil>`, `++LAUGHTER++`) are not words and
    pronunciation variants lose their number (`EXCUSE(8)`). `tally` counts rows not understood.
    """
    words = []
    for line in text.split("\n"):
        line = line.strip()
        if not line or line.startswith(("SFrm", "Total score")):
            continue
        row = ROW.fullmatch(line)
        if row is None or not row[4].isprintable():
            tally.left_out["alignment row not understood"] += 1
        elif not _is_noise(row[4]):
            start = int(row[1]) / FRAMES_PER_SECOND
            end = (int(row[2]) + 1) / FRAMES_PER_SECOND
            words.append(Word(VARIANT.sub("", row[4]) or row[4], start, end))
    return words


def _is_noise(word):
    word = VARIANT.sub("", word)
    return word in SILENCE or (len(word) > 4 and word.startswith("++") and word.endswith("++"))

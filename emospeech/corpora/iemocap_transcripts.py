"""Parsers for the transcriptions and forced alignments of IEMOCAP."""

import re

from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.words import Word

# Utterance, times and text, such as `Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.`
TRANSCRIPTION_LINE = re.compile(r"(\w+)\s*\[[^\]]*\]\s*:(.*)", re.ASCII)
CONTROL_CHARACTERS = dict.fromkeys([*range(0x20), 0x7F], " ")

FRAMES_PER_SECOND = 100
# First frame, last frame, acoustic score, word. Frames have at most nine digits, so that times do
# not overflow.
ALIGNMENT_ROW = re.compile(r"(-?[0-9]{1,9})\s+(-?[0-9]{1,9})\s+(-?[0-9]+)\s+(\S+)")
VARIANT = re.compile(r"\([0-9]+\)$")  # the pronunciation variant
NOT_A_WORD = re.compile(r"<s>|</s>|<sil>|<breath>|\+\+.+\+\+")  # such as ++LAUGHTER++


def parse_transcription(text: str, issues: IssueCounts) -> dict[str, str]:
    """Return the transcripts in the text of a `dialog/transcriptions` file, by utterance.

    White space is collapsed. Lines that name no utterance, such as `F: Yes.`, and repeated
    utterances are counted in `issues`.
    """
    transcripts = {}
    for line in re.split(r"\r\n|\n|\r", text):
        match = TRANSCRIPTION_LINE.fullmatch(line := line.translate(CONTROL_CHARACTERS).strip())
        if match is None:
            issues.left_out["transcription line without an utterance"] += bool(line)
        elif match[1] in transcripts:
            issues.left_out["second transcription of an utterance"] += 1
        else:
            transcripts[match[1]] = " ".join(match[2].split())
    return transcripts


def parse_wdseg(text: str, issues: IssueCounts) -> list[Word]:
    """Return the words in the text of a `.wdseg` file, the output of the Sphinx-3 aligner.

    Frames last 10 ms, and the last frame belongs to the word: start = SFrm / 100 and
    end = (EFrm + 1) / 100. Silence and noises (`<sil>`, `++LAUGHTER++`) are skipped, and the number
    of a pronunciation variant (`EXCUSE(8)`) is removed. Rows that cannot be parsed are counted.
    """
    words = []
    for line in map(str.strip, text.split("\n")):
        if not line or line.startswith(("SFrm", "Total score")):
            continue
        row = ALIGNMENT_ROW.fullmatch(line)
        if row is None or not row[4].isprintable():
            issues.left_out["unparsable alignment row"] += 1
            continue
        word = VARIANT.sub("", row[4])
        if not NOT_A_WORD.fullmatch(word):
            start, end = int(row[1]), int(row[2]) + 1  # frames
            words.append(Word(word or row[4], start / FRAMES_PER_SECOND, end / FRAMES_PER_SECOND))
    return words

"""Word times in TextGrids, as written by forced aligners such as the Montreal Forced Aligner."""

import codecs
import math
from pathlib import Path

from emospeech.corpora.words import Word
from emospeech.runtime.errors import CorpusError, access_error

SUFFIX = ".textgrid"  # in lower case; Praat writes .TextGrid
TIER = "words"
NOT_WORDS = {"", "sp", "sil", "<sil>", "<eps>", "spn"}  # silence and noise, in lower case
MAX_GAP = 1e-3  # seconds between the last interval and the end of its tier


def find_textgrids(folder: Path) -> dict[str, Path]:
    """Return the TextGrids in a folder and its subfolders by their name without the suffix.

    Raises CorpusError if two files have the same name.
    """
    found = {}
    for path in sorted(folder.rglob("[!.]*")):  # macOS adds files named `._*`
        if path.suffix.lower() == SUFFIX and found.setdefault(path.stem, path) != path:
            problem = f"has the same name as {found[path.stem]}"
            raise CorpusError(path, f"{problem}. Give each recording a name of its own.")
    return found


def read_textgrid(path: Path) -> list[Word]:
    """Return the words in the interval tier `words` of a TextGrid, without silence and noise.

    The file can have the long or the short text format of Praat, in UTF-8 or UTF-16.

    Raises:
        CorpusError: The file cannot be read, is incomplete, or has no such tier.
    """
    from praatio.utilities.textgrid_io import parseTextgridStr  # rarely needed

    try:
        tiers = parseTextgridStr(_read_text(path), includeEmptyIntervals=True)["tiers"]
        names = [tier["name"] for tier in tiers]
        found = [tier for tier in tiers if (tier["class"], tier["name"]) == ("IntervalTier", TIER)]
        words = [
            Word(label, _seconds(start), _seconds(end))
            for tier in found
            for start, end, label in tier["entries"]
        ]
    except OSError as error:
        raise access_error(path, error, CorpusError) from error
    except Exception as error:  # praatio raises errors of many types
        problem = f"is not a TextGrid ({error!r})"
        remedy = "Save it in a text format in UTF-8, or align the recording again"
        raise CorpusError(path, f"{problem}. {remedy}.") from error
    if len(found) != 1:
        problem = f"has the tiers {', '.join(names)}, but not one interval tier named {TIER}"
        raise CorpusError(path, f"{problem}. Rename the tier that contains the words.")
    # In the short format, praatio ignores all that follows the last interval that it can read.
    if found[0]["xmax"] - max((word.end for word in words), default=0) > MAX_GAP:
        raise CorpusError(path, f"lacks the end of the tier {TIER}. Align the recording again.")
    return [word for word in words if word.text.lower() not in NOT_WORDS]


def _read_text(path: Path) -> str:
    """Return the text of a file and a newline; praatio ignores a last line without one."""
    with path.open("rb") as file:
        is_utf16 = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return path.read_text("utf-16" if is_utf16 else "utf-8-sig") + "\n"


def _seconds(value: str | float) -> float:
    if not math.isfinite(seconds := float(value)):
        raise ValueError(f"{value} is not a time")
    return seconds

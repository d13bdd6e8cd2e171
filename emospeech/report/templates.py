"""The Jinja environment of the report, and the summaries shared with Snakemake's own report."""

import base64
import math
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from emospeech.labels import EMOTION
from emospeech.report import formats

FOLDER = Path(__file__).parent / "template"
UNKNOWN = "unknown"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight")


def environment(target: str, autoescape: bool = True) -> jinja2.Environment:
    """Return the environment of the templates.

    Args:
        target: The target of the study. All templates have the variables `target`, `uar` (the name
            of its UAR over all classes) and `scale` (whether it is a rated dimension).
        autoescape: Whether the text is HTML.
    """
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    scale = target != EMOTION
    templates.globals |= {"target": target, "uar": "UAR5" if scale else "UAR", "scale": scale}
    templates.filters |= {"count": count, "percent": percent, "points": points}
    templates.filters |= {"signed": signed, "span": span, "listed": listed, "anchor": anchor}
    templates.filters |= {"share": formats.share, "thousands": formats.thousands, "word": word}
    templates.filters |= {"flatten": flatten, "base64": _base64}
    return templates


@cache
def captions(target: str) -> jinja2.environment.TemplateModule:
    """Return the macros of captions.jinja for plain text, for the target of a study."""
    return environment(target, autoescape=False).get_template("captions.jinja").module


def summaries(target: str) -> dict[str, str]:
    """Return one line about each figure and table, by name such as `confusion` or `table-1`."""
    # The attributes of a template are dynamic.
    return getattr(captions(target), "summaries")  # noqa: B009


def titles(target: str) -> dict[str, str]:
    """Return the title of each figure and table, by name as in `summaries`."""
    return getattr(captions(target), "titles")  # noqa: B009


def count(number: float | tuple[float, float] | None, thing: str) -> str:
    """Return a whole number or a (low, high) range of things: "1 fold", "2 to 3 folds"."""
    if number is None:
        return f"an {UNKNOWN} number of {thing}s"
    if isinstance(number, tuple):
        low, high = number
        return count(low, thing) if low == high else f"{low:.0f} to {high:.0f} {thing}s"
    return f"{number:.0f} {thing}" if number == 1 else f"{number:.0f} {thing}s"


def word(number: int) -> str:
    """Return a whole number as a word, up to eight, or in digits."""
    return WORDS[number] if number < len(WORDS) else str(number)


def percent(value: float | None, digits: int = 2) -> str:
    """Return a fraction as a percentage with the sign, or "unknown" if it is missing."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return f"{formats.percent(value, digits)}\N{NO-BREAK SPACE}%"


def points(shares: tuple[float, float] | None) -> str:
    """Return a range of shares over the models in percentage points."""
    if shares is None:
        return f"{UNKNOWN} size"
    low, high = (formats.percent(share, 1) for share in shares)
    return f"{low} points" if low == high else f"{low} to {high} points, depending on the model"


def signed(difference: float) -> str:
    """Return a difference of shares in percentage points with its sign."""
    return f"{round(100 * difference, 1) + 0:+.1f}".replace("-", "\N{MINUS SIGN}")


def span(shares: Iterable[float]) -> str:
    """Return the range of shares in per cent without the sign: "26.4" or "26.4 to 27.8"."""
    values = list(shares)
    low, high = (formats.percent(share, 1) for share in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def listed(names: Iterable[str], word: str = "and") -> str:
    """Return names as "a", "a and b" or "a, b and c"; `word` replaces the "and"."""
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last


def anchor(heading: str) -> str:
    """Return the id of a Markdown heading: lower case, hyphens for spaces, no punctuation."""
    return re.sub(r"[^\w\s-]", "", heading).strip().lower().replace(" ", "-")


def flatten(nested: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return a nested dict as (dotted key, value as text) pairs, in the order of the dict."""
    pairs = []
    for key, value in nested.items():
        if isinstance(value, dict) and value:
            pairs += flatten(value, f"{prefix}{key}.")
        else:
            pairs.append((f"{prefix}{key}", _as_text(value)))
    return pairs


def _as_text(value):
    if isinstance(value, list | tuple):
        return ", ".join(_as_text(part) for part in value) or "none"
    return "none" if value is None or value == {} else formats.plain(value)


def _base64(data):
    return base64.b64encode(data).decode("ascii")

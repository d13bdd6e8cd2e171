"""The Jinja environment of the report, and the summaries shared with Snakemake's own report."""

import base64
import math
from functools import cache
from pathlib import Path

import jinja2

FOLDER = Path(__file__).parent / "template"
UNKNOWN = "unknown"


def environment(autoescape: bool = True) -> jinja2.Environment:
    """Return the environment of the templates; `autoescape` is for HTML."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"count": count, "percent": percent, "points": points, "share": share}
    made.filters["base64"] = lambda data: base64.b64encode(data).decode("ascii")
    return made


@cache
def summaries() -> dict:
    """Return one line about each figure and table, by name such as `confusion` or `table-1`."""
    return environment(autoescape=False).get_template("captions.jinja").module.summaries


def count(number: int | tuple[int, int] | None, thing: str) -> str:
    """Return a number or a (low, high) range of things: "1 fold", "2 to 3 folds"."""
    if number is None:
        return f"an {UNKNOWN} number of {thing}s"
    if isinstance(number, tuple):
        low, high = number
        return count(low, thing) if low == high else f"{low} to {high} {thing}s"
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def percent(value: float | None, digits: int = 2) -> str:
    """Return a share of one in per cent, "unknown" for a missing one."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def points(shares: tuple[float, float] | None) -> str:
    """Return a range of shares over the models in percentage points."""
    if shares is None:
        return f"{UNKNOWN} size"
    low, high = (f"{100 * value:.1f}" for value in shares)
    return f"{low} points" if low == high else f"{low} to {high} points, depending on the model"


def share(value: float) -> str:
    """Return a share, a correlation or an exact p-value with four digits."""
    return f"{value:.4f}"

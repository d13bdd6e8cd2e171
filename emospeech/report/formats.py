"""Formats of the numbers in tables and sentences."""

import math
from typing import Any

MISSING = "\N{EN DASH}"
DAGGER = "\N{DAGGER}"  # after the upper bound of an interval that is probably too narrow


def percent(value: float, digits: int = 2) -> str:
    """Return a fraction as a percentage without the sign; small negative values become 0.00."""
    return f"{round(100 * value, digits) + 0:.{digits}f}"


def share(value: float) -> str:
    """Return a share, a correlation or an exact p-value with four decimals, as in the paper."""
    return f"{round(value, 4) + 0:.4f}"


def probability(value: float) -> str:
    """Return a p-value with three decimals, or "<0.001"."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def hours(value: float) -> str:
    """Return hours or minutes with one decimal."""
    return f"{value:.1f}"


def cpu_hours(value: float) -> str:
    """Return hours with two decimals."""
    return f"{value:.2f}"


def thousands(value: float) -> str:
    """Return a whole number with commas between groups of three digits."""
    return f"{value:,.0f}"


def plain(value: Any) -> str:
    """Return a whole number without decimals, a small number as 1e-4, a bool as yes or no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float) or not math.isfinite(value):
        return str(value)
    if value == int(value):
        return f"{int(value)}"
    if abs(value) < 0.01:
        mantissa, exponent = f"{value:e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{value:g}"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units, such as 2 h 5 min."""
    # The clocks of two machines can differ, so a difference of their times can be negative.
    minutes, rest = divmod(max(0, round(seconds)), 60)
    if minutes < 10:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if hours else f"{minutes} min"
    return f"{hours // 24} d {hours % 24} h"

"""How numbers are printed for people: shares, correlations, p-values and plain settings."""

import math
from numbers import Real

import numpy as np

from emospeech.evaluation.predictions import BASELINE

MISSING = "\N{EN DASH}"


def percent(value):
    """A share of one as per cent with two digits; what rounds to nought has no sign."""
    return f"{round(100 * value, 2) + 0:.2f}"


def share(value):
    """A share of one, or a correlation, with four digits as the paper has them."""
    return f"{round(value, 4) + 0:.4f}"


def probability(value):
    """A p-value with three digits; below the smallest of them, only that it is."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def plain(value):
    """A whole number in full, a small one as 1e-4, yes or no for a truth, else as it stands."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if not isinstance(value, Real) or not math.isfinite(value):
        return str(value)
    if value == int(value):
        return f"{int(value)}"
    if abs(value) < 0.01:
        mantissa, exponent = f"{value:e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{value:g}"


def hours(value):
    """Hours or minutes with one digit."""
    return f"{value:.1f}"


def named(value):
    """The name of a model; the classical baseline's is a common noun."""
    return "Baseline" if value == BASELINE else str(value)

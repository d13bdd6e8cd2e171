"""Comparison of a corpus with the published numbers of its release.

An incomplete copy of a release can be used; the comparison shows what is missing. The full-size
synthetic corpora match all numbers. The functions named `compare*` return rows of CHECK_COLUMNS.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
from tabulate import tabulate

CHECK_COLUMNS = ["check", "group", "expected", "found", "result"]
MAX_NAMES = 4  # missing names to list
HALF_DIGIT = 0.005  # rounding error of hours and seconds, published with two decimals
Row = tuple[str, str, str, str, str]


def compare(check: str, group: str, expected: int, found: int, missing: Sequence[str] = ()) -> Row:
    """Return a row for a count, with the names of missing items if they are known."""
    expected, found = int(expected), int(found)
    if found == expected and not missing:
        result = "ok"
    elif expected and not found:
        result = "none found"
    else:
        result = f"{abs(expected - found)} {'missing' if found < expected else 'too many'}"
        names = [*missing[:MAX_NAMES]]
        if len(missing) > MAX_NAMES:
            names.append(f"{len(missing) - MAX_NAMES} more")
        result += f": {', '.join(names)}" if names else ""
    return check, group, str(expected), str(found), result


def compare_names(check: str, group: str, expected: Sequence[str], found: set[str]) -> Row:
    """Return a row for the number of expected names that were found."""
    missing = [name for name in expected if name not in found]
    return compare(check, group, len(expected), len(expected) - len(missing), missing)


def compare_values(check: str, expected: Mapping[str, int], values: pd.Series) -> list[Row]:
    """Return a row for each expected value and for each other value found."""
    counts = values.value_counts()
    unexpected = dict.fromkeys(sorted(set(counts.index) - expected.keys()), 0)
    return [
        compare(check, value, number, counts.get(value, 0))
        for value, number in {**expected, **unexpected}.items()
    ]


def compare_measure(
    check: str, expected: float, found: float, tolerance: float = HALF_DIGIT
) -> Row:
    """Return a row for a measured value, which may differ by `tolerance`."""
    # The factor allows for floating-point rounding errors.
    result = "ok" if abs(found - expected) <= tolerance * (1 + 1e-9) else "differs"
    return check, "all", f"{expected:g}", f"{found:.3f}", result


def render_check(corpus: str, table: pd.DataFrame) -> str:
    """Return a table of CHECK_COLUMNS as text with a heading and an empty line at the end."""
    different = int((table["result"] != "ok").sum())
    heading = f"{different} of {len(table)} numbers differ from the release"
    rows = tabulate(table.values.tolist(), CHECK_COLUMNS, "plain", disable_numparse=True)
    return f"{corpus}: {heading if different else 'matches the release'}\n{rows}\n\n"

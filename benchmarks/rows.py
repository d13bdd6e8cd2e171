"""The table of measurements: a row says what was measured against what."""

import os
import subprocess
import time
from dataclasses import dataclass

import pandas as pd

COLUMNS = ["row", "ours", "other", "ratio", "unit", "note"]


@dataclass(frozen=True)
class Row:
    """A measurement; `ratio` is ours over other."""

    row: str
    ours: float
    other: float
    unit: str
    note: str

    @property
    def ratio(self):
        return self.ours / self.other


def seconds_in_turn(*ways, rounds=5):
    """Return the least seconds of each of several functions, called in turn, after a call each.

    Other work on the machine only ever adds time, and adds it to both sides.
    """
    for way in ways:
        way()
    least = [float("inf")] * len(ways)
    for _ in range(rounds):
        for number, way in enumerate(ways):
            start = time.perf_counter()
            way()
            least[number] = min(least[number], time.perf_counter() - start)
    return least


def usage_of(command, **options):
    """Run a command to its end and return its resource usage; CalledProcessError if it fails.

    `options` are those of subprocess.Popen.
    """
    process = subprocess.Popen(command, **options)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return used


def table_of(rows):
    """Return rows as a data frame."""
    return pd.DataFrame([[getattr(row, name) for name in COLUMNS] for row in rows], columns=COLUMNS)

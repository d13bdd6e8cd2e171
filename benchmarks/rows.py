"""The table of measurements: a row says what was measured against what."""

import subprocess
import sys
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


@dataclass(frozen=True)
class Usage:
    """What a process used: seconds of processor time, and MB of memory at its peak."""

    seconds: float
    megabytes: float


# Runs a command and prints what it used. A process counts what its parent held when it began, so
# a parent that holds nothing stands between.
ASIDE = """\
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
if done.returncode:
    sys.stderr.buffer.write(done.stderr)
    sys.exit(done.returncode)
"""
PEAK_UNIT = 1024**2 if sys.platform == "darwin" else 1024  # ru_maxrss to a MB: of bytes, or of KB


def usage_of(command, **options):
    """Run a command to its end and return its Usage; CalledProcessError if it fails.

    `options` are those of subprocess.run. What it says is shown if it fails.
    """
    aside = [sys.executable, "-c", ASIDE, *command]
    done = subprocess.run(aside, stdout=subprocess.PIPE, check=True, **options)
    seconds, peak = map(float, done.stdout.split())
    return Usage(seconds, peak / PEAK_UNIT)


def table_of(rows):
    """Return rows as a data frame."""
    return pd.DataFrame([[getattr(row, name) for name in COLUMNS] for row in rows], columns=COLUMNS)

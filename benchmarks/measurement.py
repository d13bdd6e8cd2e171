"""Measurement of time and memory, and the table of results."""

import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

COLUMNS = ["row", "project", "reference", "ratio", "unit", "note"]
# Runs a command and prints its usage. A child process inherits the peak memory of the process that
# starts it, so a small process starts the command.
MEASURE = """\
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
if done.returncode:
    sys.stderr.buffer.write(done.stderr)
    sys.exit(done.returncode)
"""
MAXRSS_PER_MB = 1024**2 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes or KB


@dataclass(frozen=True)
class Measurement:
    """A row of the table: the project compared with a reference."""

    row: str
    project: float
    reference: float
    unit: str
    note: str

    @property
    def ratio(self) -> float:
        """Project over reference."""
        return self.project / self.reference


@dataclass(frozen=True)
class Usage:
    """CPU time and peak memory of a process."""

    seconds: float
    megabytes: float


def to_table(measurements: Iterable[Measurement]) -> pd.DataFrame:
    """Return the measurements as a table with the columns `COLUMNS`."""
    rows = [[getattr(m, name) for name in COLUMNS] for m in measurements]
    return pd.DataFrame(rows, columns=pd.Index(COLUMNS))


def min_seconds(*functions: Callable[[], object], rounds: int = 5) -> list[float]:
    """Return the minimum duration of each function, called alternately after a warm-up call.

    Other processes can only add time, and alternating exposes all functions to the same load.
    """
    for function in functions:
        function()
    seconds = [float("inf")] * len(functions)
    for _ in range(rounds):
        for index, function in enumerate(functions):
            start = time.perf_counter()
            function()
            seconds[index] = min(seconds[index], time.perf_counter() - start)
    return seconds


def run_measured(command: list[str], **options: Any) -> Usage:
    """Run a command and return its usage; `options` are those of subprocess.run.

    Raises CalledProcessError, after printing the command's stderr, if it fails.
    """
    measured = [sys.executable, "-c", MEASURE, *command]
    done = subprocess.run(measured, stdout=subprocess.PIPE, check=True, **options)
    seconds, peak = map(float, done.stdout.split())
    return Usage(seconds, peak / MAXRSS_PER_MB)


def peak_megabytes() -> float:
    """Return the peak memory of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # on Linux getrusage includes the peak of the parent before the fork
        (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(peak) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MAXRSS_PER_MB

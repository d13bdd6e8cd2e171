"""The provenance of a study: package versions, code commit, machines, and run times."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from emospeech.runtime.files import read_json
from emospeech.runtime.hardware import processor_name

PACKAGES = (
    *("snakemake", "torch", "librosa", "numpy", "scipy", "pandas", "h5py"),
    *("soundfile", "soxr", "matplotlib"),
)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that affect the results."""
    return {"python": platform.python_version()} | {
        name: metadata.version(name) for name in PACKAGES
    }


def git_commit() -> str:
    """Return the commit of the code, with "-dirty" if files differ, or "" without a repository."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        return _output(command, cwd=Path(__file__).parent).strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def hardware() -> dict:
    """Return the system, processor, cores, memory and GPUs of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.platform(),
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9, 1),
        "gpus": _gpus(),
    }


def _gpus():
    program = shutil.which("nvidia-smi")
    command = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        return _output(command).splitlines() if program else []
    except subprocess.CalledProcessError:
        return []


def _output(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


def training_hardware(files: Sequence[str | Path]) -> pd.DataFrame:
    """Return the devices of the training runs, from the hardware.json of each.

    Returns:
        A row per `device` ("cpu" or "cuda"), `gpu`, `processor` and `threads`, with the number of
        training runs (`trainings`) and their total time (`hours`).
    """
    keys = ["device", "gpu", "processor", "threads"]
    runs = pd.DataFrame(map(read_json, files), columns=[*keys, "seconds"])
    groups = runs.groupby(keys, dropna=False)["seconds"]
    table = groups.agg(trainings="size", hours=lambda seconds: seconds.sum() / 3600)
    table = table.reset_index().astype({"gpu": object})
    return table.assign(gpu=table["gpu"].where(table["gpu"].notna(), None))


def benchmarks(folder: Path) -> pd.DataFrame:
    """Return the finished jobs with their run time, from the files that Snakemake writes.

    Args:
        folder: The folder of the benchmark files, {stage}/**/*.tsv.

    Returns:
        A row per job in the order of the paths: `stage`, `seconds`, `cpu_seconds` and `memory_mb`
        (NaN if not measured), and `end`, the time at which the job ended, as a Unix timestamp.
    """
    columns, rows = ["s", "cpu_time", "max_rss"], []
    for file in sorted(folder.rglob("*.tsv")):
        table = pd.read_csv(file, sep="\t", na_values="-")
        stage = file.relative_to(folder).with_suffix("").parts[0]
        end = file.stat().st_mtime
        rows += [(stage, *row, end) for row in table[columns].itertuples(index=False)]
    return pd.DataFrame(rows, columns=["stage", "seconds", "cpu_seconds", "memory_mb", "end"])


def stage_durations(jobs: pd.DataFrame) -> pd.DataFrame:
    """Return the run time and memory of the jobs of each stage.

    Args:
        jobs: The table of `benchmarks`.

    Returns:
        A table with a row per stage in the order of `jobs`: `stage`, `jobs` (their number),
        `elapsed_minutes` (during which at least one job ran), `minutes` (total over the jobs),
        `longest_minutes` (the longest job), `cpu_hours`, and `memory_mb`, the largest resident set
        (0 if not measured).
    """
    stages = jobs.groupby("stage", sort=False).agg(
        jobs=("seconds", "size"),
        minutes=("seconds", lambda seconds: seconds.sum() / 60),
        longest_minutes=("seconds", lambda seconds: seconds.max() / 60),
        cpu_hours=("cpu_seconds", lambda seconds: seconds.sum() / 3600),
        memory_mb=("memory_mb", lambda memory: round(memory.fillna(0).max())),
    )
    elapsed = {
        stage: elapsed_seconds(rows["end"] - rows["seconds"], rows["end"]) / 60
        for stage, rows in jobs.groupby("stage", sort=False)
    }
    stages.insert(1, "elapsed_minutes", pd.Series(elapsed, dtype=float))
    return stages.reset_index()


def elapsed_seconds(starts: pd.Series, ends: pd.Series) -> float:
    """Return the time during which at least one of several jobs ran, from their times."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(zip(starts, ends, strict=True)):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def period(jobs: pd.DataFrame) -> dict[str, Any]:
    """Return when the first job `started` and the last one `finished` (UTC), None without jobs.

    Args:
        jobs: The table of `benchmarks`.
    """
    if jobs.empty:
        return {"started": None, "finished": None}
    times = {"started": (jobs["end"] - jobs["seconds"]).min(), "finished": jobs["end"].max()}
    return {
        name: datetime.fromtimestamp(seconds, UTC).isoformat(" ", "minutes").removesuffix("+00:00")
        for name, seconds in times.items()
    }

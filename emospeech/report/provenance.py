"""The provenance of a study: package versions, code commit, machine, and run times."""

import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pandas as pd

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
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9, 1),
        "gpus": _gpus(),
    }


def _processor():
    """Return the name of the processor on Linux, its architecture on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _gpus():
    program = shutil.which("nvidia-smi")
    command = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        return _output(command).splitlines() if program else []
    except subprocess.CalledProcessError:
        return []


def _output(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


def stage_durations(folder: Path) -> pd.DataFrame:
    """Return the run time and memory of the finished jobs of each stage.

    Args:
        folder: The folder of the benchmark files, {stage}/**/*.tsv, as Snakemake writes them.

    Returns:
        A table with a row per stage in the order of the paths: `stage`, `jobs`, `minutes` (total),
        `longest_minutes` of a job, and `memory_mb`, the largest resident set (0 if not measured).
    """
    rows = []
    for file in sorted(folder.rglob("*.tsv")):
        table = pd.read_csv(file, sep="\t", na_values="-")
        stage = file.relative_to(folder).with_suffix("").parts[0]
        rows += [(stage, *row) for row in table[["s", "max_rss"]].itertuples(index=False)]
    jobs = pd.DataFrame(rows, columns=["stage", "seconds", "memory_mb"])
    stages = jobs.groupby("stage", sort=False).agg(
        jobs=("seconds", "size"),
        minutes=("seconds", lambda seconds: seconds.sum() / 60),
        longest_minutes=("seconds", lambda seconds: seconds.max() / 60),
        memory_mb=("memory_mb", lambda memory: round(memory.fillna(0).max())),
    )
    return stages.reset_index()

"""Time and memory of a dry run with thousands of training runs: building the graph of jobs."""

import os
import shutil
import sys
from pathlib import Path

import yaml

from benchmarks.measurement import Measurement, min_seconds, run_measured

ROOT = Path(__file__).parents[1]
PROJECT = ("config", "emospeech", "envs", "profiles", "workflow")
FEW, MANY = 25, 100  # trials of 4 models in 5 folds: 500 and 2,000 training runs
TRAININGS = 4 * 5  # per trial


def measure(folder: Path) -> list[Measurement]:
    """Measure dry runs in a copy of the project below `folder`."""
    project = copy_project(folder / "project")
    peaks = {}

    def plan(trials):
        peaks[trials] = dry_run(project, trials)

    few, many = min_seconds(lambda: plan(FEW), lambda: plan(MANY), rounds=2)
    note = f"dry run of the demo with {MANY * TRAININGS} training runs; reference"
    return [
        Measurement("dag-2000-jobs-seconds", many, 1, "seconds", f"{note}: 1 second"),
        Measurement("dag-2000-jobs-memory", peaks[MANY], 1024, "MB", f"{note}: 1 GB"),
        Measurement(
            "dag-growth",
            1000 * many / (MANY * TRAININGS),
            1000 * few / (FEW * TRAININGS),
            "milliseconds per training run",
            f"{note}: with {FEW * TRAININGS}",
        ),
    ]


def copy_project(folder: Path) -> Path:
    """Copy the files that Snakemake needs, without results, to `folder` and return it."""
    folder.mkdir()
    shutil.copy(ROOT / "Snakefile", folder)
    for name in PROJECT:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def dry_run(project: Path, trials: int, *python_options: str) -> float:
    """Plan the demo with the given number of trials; return the peak memory in MB."""
    config = project / f"trials-{trials}.yaml"
    config.write_text(
        yaml.safe_dump({"search": {"trials": trials}, "training": {"trials_per_job": 1}})
    )
    command = [sys.executable, *python_options, "-m", "snakemake", "--dry-run", "--quiet", "all"]
    command += ["--cores", "2", "--configfile", "config/demo.yaml", config.name]
    environment = {key: v for key, v in os.environ.items() if not key.startswith("SNAKEMAKE")}
    return run_measured(command, cwd=project, env=environment).megabytes

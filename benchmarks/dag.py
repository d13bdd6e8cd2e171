"""A dry run of a study of thousands of trainings: what building its graph of jobs takes."""

import os
import shutil
import sys
from pathlib import Path

import yaml

from benchmarks.rows import Row, seconds_in_turn, usage_of

ROOT = Path(__file__).parents[1]
PROJECT = ("config", "emospeech", "envs", "profiles", "workflow")
FEW, MANY = 25, 100  # trials of 4 models in 5 folds: 500 and 2,000 trainings
TRAININGS = 4 * 5  # of a trial


def rows(folder):
    """Return the rows on dry runs; a copy of the project is written to `folder`."""
    project = copied_project(folder / "project")
    peaks = {}

    def run(trials):
        peaks[trials] = dry_run(project, trials)

    few, many = seconds_in_turn(lambda: run(FEW), lambda: run(MANY), rounds=2)
    told = f"a dry run of the demo with {MANY * TRAININGS} trainings"
    return [
        Row("dag-2000-jobs-seconds", many, 1, "seconds", f"{told}; other: 1 second"),
        Row("dag-2000-jobs-memory", peaks[MANY], 1024, "MB", f"{told}; other: 1 GB"),
        Row(
            "dag-growth",
            1000 * many / (MANY * TRAININGS),
            1000 * few / (FEW * TRAININGS),
            "milliseconds a training",
            f"{told}; other: with {FEW * TRAININGS}",
        ),
    ]


def copied_project(folder):
    """Copy what snakemake needs of the project to `folder`, where nothing is made yet."""
    folder.mkdir()
    shutil.copy(ROOT / "Snakefile", folder)
    for name in PROJECT:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def dry_run(project, trials, *python):
    """Plan the demo with so many trials, by `python` with more options; return its peak in MB."""
    sizes = project / f"trials-{trials}.yaml"
    sizes.write_text(
        yaml.safe_dump({"search": {"trials": trials}, "training": {"trials_per_job": 1}})
    )
    command = [sys.executable, *python, "-m", "snakemake", "--dry-run", "--quiet", "all", "--cores"]
    command += ["2", "--configfile", "config/demo.yaml", sizes.name]
    environment = {key: v for key, v in os.environ.items() if not key.startswith("SNAKEMAKE")}
    return usage_of(command, cwd=project, env=environment).megabytes

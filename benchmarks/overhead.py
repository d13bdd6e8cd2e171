"""Fractions of a study's CPU time spent on work and on starting its jobs.

python -m benchmarks.overhead results/demo
"""

import argparse
import re
import sys
from functools import cache
from pathlib import Path

import pandas as pd

from benchmarks.measurement import run_measured

ROOT = Path(__file__).parents[1]
WORK = ("spectrograms", "training", "evaluation")  # stages that count as work, except job starts
# The benchmark file and the script of a rule, in this order.
JOB = re.compile(r'\bjob=f?"([^"]+)"|\*\*(?:script|figure)_params\("(\w+)"\)')
IMPORTS = """
import sys
sys.path.append({root!r})
from snakemake.logging import logger
from snakemake.iocontainers import Snakemake
import runpy
runpy.run_path({script!r}, run_name="imported")
"""
ROUNDS = 3


def cpu_shares(jobs: Path) -> pd.DataFrame:
    """Return a table of the CPU time of a study by stage, with a total.

    Args:
        jobs: The folder with the benchmark files of the jobs.

    Returns:
        Columns: stage; jobs (their number); seconds (CPU time); starts (CPU time of job starts);
        work (the stage's work as a share of all CPU time). Snakemake itself is not included.
    """
    rows = []
    for file in sorted(jobs.rglob("*.tsv")):
        job = file.relative_to(jobs).with_suffix("")
        used = pd.read_csv(file, sep="\t", na_values="-")["cpu_time"].sum()
        start = seconds_to_start(script_of(job.as_posix()))
        rows.append((job.parts[0], max(used, start), start))  # very short jobs are not measured
    table = pd.DataFrame(rows, columns=["stage", "seconds", "starts"])
    stages = table.groupby("stage", sort=False).agg(
        jobs=("seconds", "size"), seconds=("seconds", "sum"), starts=("starts", "sum")
    )
    work = (stages["seconds"] - stages["starts"]).where(stages.index.isin(WORK), 0)
    stages["work"] = work / stages["seconds"].sum()
    stages.loc["total"] = stages.sum()
    return stages.reset_index()


@cache
def scripts() -> list[tuple[str, str]]:
    """Return (pattern of a job's benchmark file, script) of all rules, the most specific first."""
    found, pattern = [], ""
    for file in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for job, script in JOB.findall(file.read_text()):
            if script:
                found.append((pattern, f"{script}.py"))
            else:
                pattern = "[^/]+".join(map(re.escape, re.split(r"\{+[^{}]*\}+", job)))
    return sorted(found, key=lambda pair: pair[0].count("[^/]+"))


def script_of(job: str) -> str:
    """Return the script of a job, given the path of its benchmark file without suffix."""
    for pattern, script in scripts():
        if re.fullmatch(pattern, job):
            return script
    raise SystemExit(f"error: {job}.tsv: no rule writes this benchmark file. Delete it.")


@cache
def seconds_to_start(script: str) -> float:
    """Return the CPU time from the start of a job until its script has been imported."""
    path = str(ROOT / "workflow" / "scripts" / script)
    command = [sys.executable, "-c", IMPORTS.format(root=str(ROOT), script=path)]
    return min(run_measured(command).seconds for _ in range(ROUNDS))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__)
    parser.add_argument("results", type=Path, help="the results folder of a finished study")
    table = cpu_shares(parser.parse_args().results / "benchmarks" / "jobs")
    print(table.round({"seconds": 1, "starts": 1, "work": 3}).to_string(index=False))


if __name__ == "__main__":
    main()

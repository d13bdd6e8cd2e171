"""How much of a study's core time goes into its work, and how much into the starts of its jobs.

python -m benchmarks.share results/demo
"""

import argparse
import re
import sys
from functools import cache
from pathlib import Path

import pandas as pd

from benchmarks.rows import usage_of

ROOT = Path(__file__).parents[1]
WORK = ("spectrograms", "training", "evaluation")  # stages; the start of a job is no work
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


def shares(jobs):
    """Return a table of the core time of a study, a row a stage and one in sum.

    `jobs` is the folder of the benchmark files of its jobs. The columns are the number of jobs, the
    seconds of processor time that they took, those of them that the starts took, and `work`, the
    share of all core time that is work of the stage. What snakemake itself takes is not in it.
    """
    rows = []
    for file in sorted(jobs.rglob("*.tsv")):
        place = file.relative_to(jobs).with_suffix("")
        used = pd.read_csv(file, sep="\t", na_values="-")["cpu_time"].sum()
        start = seconds_to_start(script_of(place.as_posix()))
        # A job of half a second is over before its time is looked at.
        rows.append((place.parts[0], max(used, start), start))
    table = pd.DataFrame(rows, columns=["stage", "seconds", "starts"])
    stages = table.groupby("stage", sort=False).agg(
        jobs=("seconds", "size"), seconds=("seconds", "sum"), starts=("starts", "sum")
    )
    working = stages.index.isin(WORK)
    stages["work"] = (stages["seconds"] - stages["starts"]).where(working, 0)
    stages["work"] /= stages["seconds"].sum()
    stages.loc["all"] = stages.sum()
    return stages.reset_index()


@cache
def scripts():
    """Return (pattern of a benchmark file, script) of all rules."""
    found, place = [], None
    for file in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for job, script in JOB.findall(file.read_text()):
            if script:
                found.append((place, f"{script}.py"))
            else:
                place = "[^/]+".join(map(re.escape, re.split(r"\{+[^{}]*\}+", job)))
    return sorted(found, key=lambda pair: pair[0].count("[^/]+"))  # the most specific ones first


def script_of(place):
    """Return the script of the job whose benchmark file lies at `place`."""
    for pattern, script in scripts():
        if re.fullmatch(pattern, place):
            return script
    raise SystemExit(f"error: {place}: no rule writes this benchmark file")


@cache
def seconds_to_start(script):
    """Return the processor time from the start of a job to the first line of its work."""
    path = str(ROOT / "workflow" / "scripts" / script)
    command = [sys.executable, "-c", IMPORTS.format(root=str(ROOT), script=path)]
    return min(usage_of(command).seconds for _ in range(ROUNDS))


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.share", description=__doc__)
    parser.add_argument("results", type=Path, help="folder of a study that was run")
    table = shares(parser.parse_args().results / "benchmarks" / "jobs")
    print(table.round({"seconds": 1, "starts": 1, "work": 3}).to_string(index=False))


if __name__ == "__main__":
    main()

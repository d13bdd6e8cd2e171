"""What the jobs of a run took, stage by stage, from the benchmark files that they left."""

import pandas as pd


def durations(folder):
    """One row a stage, in the order of its first job's path: `stage`, `jobs`, `minutes` in sum,
    `longest_minutes` of a job and `memory_mb`, the largest resident set (0 where none was seen).

    `folder` holds {stage}/**/*.tsv as the workflow engine writes them; a stage is a folder in it.
    A job that is still running has no row.
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

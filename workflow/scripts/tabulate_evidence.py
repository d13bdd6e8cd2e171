"""Write the tables of the report that are made from results/evaluation."""

import pandas as pd

from emospeech.report.evaluation_tables import FRAMES, build_tables
from emospeech.report.tables import write_formats
from emospeech.runtime import jobs


def main(paths, settings):
    frames = {name: pd.read_csv(file) for name in FRAMES if (file := getattr(paths, name))}
    tables = build_tables(frames)
    for name in settings.tables:
        write_formats(
            tables[name], *(getattr(paths, f"{name}_{suffix}") for suffix in ("csv", "md", "tex"))
        )


if __name__ == "__main__":
    jobs.run(main, snakemake)

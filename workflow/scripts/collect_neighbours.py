"""Gather the nearest neighbours of all models in one table."""

from pathlib import Path

import pandas as pd

from emospeech import jobs
from emospeech.files import write_table


def main(paths, settings):
    tables = {Path(path).parent.name: pd.read_csv(path) for path in paths.neighbours}
    table = pd.concat(tables, names=["model"]).reset_index("model")
    write_table(paths.table, table)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Gather the nearest neighbours of all models in one table."""

import pandas as pd

from emospeech import jobs
from emospeech.files import by_folder, write_table


def main(paths, settings):
    tables = by_folder(paths.neighbours, pd.read_csv)
    table = pd.concat(tables, names=["model"]).reset_index("model")
    write_table(paths.table, table)


if __name__ == "__main__":
    jobs.run(main, snakemake)

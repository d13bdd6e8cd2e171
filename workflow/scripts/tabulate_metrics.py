"""Write Table 2: the metrics of each model beside the paper's."""

import pandas as pd

from emospeech import jobs
from emospeech.report.tables import table_2, write_formats


def main(paths, settings):
    write_formats(table_2(pd.read_csv(paths.metrics)), paths.csv, paths.md, paths.tex)


if __name__ == "__main__":
    jobs.run(main, snakemake)

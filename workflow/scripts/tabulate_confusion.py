"""Write Table 3: the row-normalised confusion matrix of a model beside the paper's."""

import pandas as pd

from emospeech import jobs
from emospeech.report.tables import table_3, write_formats


def main(paths, settings):
    table = table_3(pd.read_csv(paths.confusion), settings.model)
    write_formats(table, paths.csv, paths.md, paths.tex)


if __name__ == "__main__":
    jobs.run(main, snakemake)

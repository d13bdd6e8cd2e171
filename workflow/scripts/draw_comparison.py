"""Draw the comparison of the models."""

import pandas as pd

from emospeech import jobs
from emospeech.report.figures import save
from emospeech.report.figures.comparison import draw_comparison, points
from emospeech.report.tables import write_csv


def main(paths, settings):
    table = points(pd.read_csv(paths.metrics), pd.read_csv(paths.intervals))
    write_csv(table, paths.csv)
    save(draw_comparison(table), paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

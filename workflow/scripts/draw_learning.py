"""Draw the learning curves of a model."""

import pandas as pd

from emospeech import jobs
from emospeech.report.figures import save
from emospeech.report.figures.learning_curves import draw_learning, points
from emospeech.report.tables import write_csv


def main(paths, settings):
    table = points(pd.read_csv(paths.histories), settings.model)
    write_csv(table, paths.csv)
    save(draw_learning(table), paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Draw the confusion matrix of a model."""

import pandas as pd

from emospeech import jobs
from emospeech.report.figures import save
from emospeech.report.figures.confusion import draw_confusion, points
from emospeech.report.tables import write_csv


def main(paths, settings):
    table = points(pd.read_csv(paths.confusion), settings.model)
    write_csv(table, paths.csv)
    save(draw_confusion(table, settings.model), paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

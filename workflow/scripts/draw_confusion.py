"""Draw the confusion matrix of a model."""

import pandas as pd

from emospeech import jobs
from emospeech.report.confusion import draw_confusion
from emospeech.report.figures import save


def main(paths, settings):
    figure = draw_confusion(pd.read_csv(paths.confusion), settings.model)
    save(figure, paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Draw the learning curves of a model."""

import pandas as pd

from emospeech import jobs
from emospeech.report.figures import save
from emospeech.report.learning import draw_learning


def main(paths, settings):
    histories = dict(iter(pd.read_csv(paths.histories).groupby("fold")))
    save(draw_learning(histories, settings.model), paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Draw the comparison of the models."""

import pandas as pd

from emospeech import jobs
from emospeech.report.comparison import draw_comparison
from emospeech.report.figures import save


def main(paths, settings):
    save(draw_comparison(pd.read_csv(paths.metrics)), paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Draw the validation UAR of all trials by each parameter, and write them."""

import pandas as pd

from emospeech import jobs
from emospeech.files import by_folder
from emospeech.report.figures import save
from emospeech.report.figures.trials import draw_trials, points
from emospeech.report.tables import write_csv


def main(paths, settings):
    table = points(by_folder(paths.trials, pd.read_csv))
    write_csv(table, paths.csv)
    save(draw_trials(table), paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Draw the comparison of the models and the trials of the search, and write their points."""

import pandas as pd

from emospeech.report.figures import comparison, save, trials
from emospeech.report.tables import write_csv
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder


def main(paths, settings):
    compared = comparison.points(pd.read_csv(paths.metrics), pd.read_csv(paths.intervals))
    write_csv(compared, paths.comparison_csv)
    figure = comparison.draw_comparison(compared)
    save(figure, paths.comparison_pdf, paths.comparison_png, settings.resolution)

    searched = trials.points(by_folder(paths.trials, pd.read_csv))
    write_csv(searched, paths.trials_csv)
    save(trials.draw_trials(searched), paths.trials_pdf, paths.trials_png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

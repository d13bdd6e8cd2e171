"""Draw the comparison of the models and the trials of the search."""

from emospeech.report.figures import comparison, save, trials
from emospeech.report.paper import without_paper
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder, read_table


def main(paths, settings):
    inputs = (paths.metrics, paths.intervals, paths.references)
    table = comparison.plot_data(*map(read_table, inputs))
    table = table if settings.comparable else without_paper(table)
    save("comparison", comparison.draw_comparison(table), table, vars(paths), settings.resolution)

    table = trials.plot_data(by_folder(paths.trials, read_table))
    save("trials", trials.draw_trials(table), table, vars(paths), settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

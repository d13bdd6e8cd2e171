"""Draw the comparison of the models and the trials of the search."""

from emospeech.report.figures import comparison, save, trials
from emospeech.report.paper import drop_paper_unless
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder, read_table


def main(paths, params):
    inputs = (paths.metrics, paths.intervals, paths.references)
    table = comparison.plot_data(*map(read_table, inputs))
    table = drop_paper_unless(params.comparable, table)
    save("comparison", comparison.draw_comparison(table), table, vars(paths), params.resolution)

    table = trials.plot_data(by_folder(paths.trials, read_table))
    save("trials", trials.draw_trials(table), table, vars(paths), params.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

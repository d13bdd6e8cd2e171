"""Draw the differences of the variants, and the UAR against the hours of unlabelled speech."""

from emospeech.report.figures import save, unlabelled_hours, variants
from emospeech.runtime import jobs
from emospeech.runtime.files import read_table


def main(paths, params):
    table = variants.plot_data(read_table(paths.differences))
    save("variants", variants.draw_variants(table), table, vars(paths), params.resolution)
    if params.hours_variants:
        table = unlabelled_hours.plot_data(read_table(paths.metrics), params.hours_variants)
        figure = unlabelled_hours.draw_hours(table)
        save("hours", figure, table, vars(paths), params.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

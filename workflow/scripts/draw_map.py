"""Draw the map of the recordings by a model, and write their places."""

from emospeech import jobs
from emospeech.evaluation.predictions import read_keyed
from emospeech.report.figures import save
from emospeech.report.figures.shared_layer import COLUMNS, draw_map
from emospeech.report.tables import write_csv


def main(paths, settings):
    table = read_keyed(paths.map)[COLUMNS]
    write_csv(table, paths.csv)
    save(draw_map(table), paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Draw predicted against actual valence of a model, and write the points."""

from emospeech import jobs
from emospeech.evaluation.predictions import load_predictions
from emospeech.report.figures import save
from emospeech.report.figures.scatter import draw_scatter, points
from emospeech.report.tables import write_csv


def main(paths, settings):
    table = points(load_predictions(paths.predictions)[settings.model])
    write_csv(table, paths.csv)
    save(draw_scatter(table, settings.model), paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Draw the architecture of a model with its selected parameters, and write its layers."""

from emospeech.models.networks import NetworkSettings
from emospeech.models.outline import outline
from emospeech.report.figures import save
from emospeech.report.figures.architecture import draw_outline, points
from emospeech.report.tables import write_csv
from emospeech.runtime import jobs
from emospeech.runtime.files import read_json
from emospeech.training.trial import trial_of_fold


def main(paths, settings):
    _, trial = trial_of_fold(read_json(paths.best), fold=1)
    networks = NetworkSettings(**settings.networks)
    table = points(outline(settings.model, settings.rows, trial, networks))
    write_csv(table, paths.outline_csv)
    save(draw_outline(table), paths.outline_pdf, paths.outline_png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

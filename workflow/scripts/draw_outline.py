"""Draw the architecture of a model with its selected hyperparameters."""

from emospeech.labels import LabelSettings
from emospeech.models.outline import outline
from emospeech.models.settings import ModelSettings
from emospeech.report.figures import save
from emospeech.report.figures.architecture import draw_outline, plot_data
from emospeech.runtime import jobs
from emospeech.runtime.files import read_json
from emospeech.training.trial import trial_of_fold


def main(paths, settings):
    _, trial = trial_of_fold(read_json(paths.best), fold=1)
    labels, models = LabelSettings(**settings.labels), ModelSettings(**settings.models)
    table = plot_data(outline(settings.model, settings.rows, trial, models, labels))
    save("outline", draw_outline(table, settings.model), table, vars(paths), settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

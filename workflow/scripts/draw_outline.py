"""Draw the architecture of a model with its selected hyperparameters."""

from emospeech.labels import LabelSettings
from emospeech.models.outline import outline
from emospeech.models.settings import ModelSettings
from emospeech.report.figures import save
from emospeech.report.figures.architecture import draw_outline, plot_data
from emospeech.runtime import jobs
from emospeech.runtime.files import read_json
from emospeech.training.trial import trial_of_fold


def main(paths, params):
    _, trial = trial_of_fold(read_json(paths.best), fold=1)
    labels, models = LabelSettings(**params.labels), ModelSettings(**params.models)
    table = plot_data(outline(params.model, params.rows, trial, models, labels))
    save("outline", draw_outline(table, params.model), table, vars(paths), params.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

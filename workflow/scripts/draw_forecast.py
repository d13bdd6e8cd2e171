"""Draw frames that an APC model predicts for the validation speakers of a fold."""

from emospeech.report.figures import save
from emospeech.report.figures.forecast import draw_forecast
from emospeech.runtime import jobs
from emospeech.runtime.files import read_json
from emospeech.training.fold import LabelledCorpus
from emospeech.training.predicted_frames import forecast_table
from emospeech.training.predictor import load_chosen
from emospeech.training.settings import Settings


def main(paths, params):
    study = Settings.from_config(params.study)
    corpus = LabelledCorpus.open(
        paths.store, paths.recordings, paths.folds, paths.ratings, study, paths.votes
    )
    inputs = read_json(paths.best), [corpus.fold(params.fold)], paths.weights, study
    (predictor,) = load_chosen(params.model, *inputs)
    table = forecast_table(predictor, study.seed)
    figure = draw_forecast(table, params.model)
    save("forecast", figure, table, vars(paths), params.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

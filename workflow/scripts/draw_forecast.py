"""Draw frames that an APC model predicts for the validation speakers of a fold."""

from emospeech.report.figures import save
from emospeech.report.figures.forecast import draw_forecast
from emospeech.runtime import jobs
from emospeech.training.predicted_frames import forecast_table
from emospeech.training.predictor import load_chosen


def main(paths, params):
    (predictor,) = load_chosen(paths, params)
    table = forecast_table(predictor, params.study["seed"])
    figure = draw_forecast(table, params.model)
    save("forecast", figure, table, vars(paths), params.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

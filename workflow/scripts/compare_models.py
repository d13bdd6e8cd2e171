"""Compare the models with each other and with the classical baseline."""

from emospeech import jobs
from emospeech.evaluation.comparisons import comparisons_table
from emospeech.evaluation.predictions import BASELINE, load_predictions
from emospeech.files import write_table


def main(paths, settings):
    predictions = load_predictions(paths.predictions)
    table = comparisons_table(predictions, BASELINE, settings.resamples, settings.seed)
    write_table(paths.comparisons, table)


if __name__ == "__main__":
    jobs.run(main, snakemake)

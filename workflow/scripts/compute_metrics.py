"""Compute the metrics of all models from their predictions."""

from emospeech import jobs
from emospeech.evaluation.predictions import load_predictions
from emospeech.evaluation.scores import metrics_table
from emospeech.files import write_table


def main(paths, settings):
    predictions = load_predictions(paths.predictions)
    write_table(paths.metrics, metrics_table(predictions, settings.permutations, settings.seed))


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Compute the intervals of the cells of all confusion matrices over the test speakers."""

from emospeech import jobs
from emospeech.evaluation.cells import cells_table
from emospeech.evaluation.predictions import load_predictions
from emospeech.files import write_table


def main(paths, settings):
    predictions = load_predictions(paths.predictions)
    table = cells_table(predictions, settings.resamples, settings.seed)
    write_table(paths.cells, table)


if __name__ == "__main__":
    jobs.run(main, snakemake)

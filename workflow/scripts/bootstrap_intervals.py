"""Compute the intervals of all figures over the test speakers."""

from emospeech import jobs
from emospeech.evaluation.intervals import intervals_table
from emospeech.evaluation.predictions import load_predictions
from emospeech.files import write_table


def main(paths, settings):
    predictions = load_predictions(paths.predictions)
    table = intervals_table(predictions, settings.resamples, settings.seed)
    write_table(paths.intervals, table)


if __name__ == "__main__":
    jobs.run(main, snakemake)

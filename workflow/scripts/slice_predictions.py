"""Compute the metrics of slices of the test recordings."""

from emospeech import jobs
from emospeech.corpora.tables import load_ratings, load_recordings
from emospeech.evaluation.predictions import load_predictions
from emospeech.evaluation.slices import slices_table
from emospeech.files import write_table


def main(paths, settings):
    ratings = load_ratings(paths.ratings) if paths.ratings else None
    predictions = load_predictions(paths.predictions)
    write_table(paths.slices, slices_table(predictions, load_recordings(paths.recordings), ratings))


if __name__ == "__main__":
    jobs.run(main, snakemake)

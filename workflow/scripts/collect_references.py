"""Compute what guessers and raters reach on the test recordings."""

from emospeech import jobs
from emospeech.corpora.tables import load_ratings, load_recordings
from emospeech.evaluation.predictions import read_keyed
from emospeech.evaluation.references import references_table
from emospeech.files import write_table


def main(paths, settings):
    ratings = load_ratings(paths.ratings) if paths.ratings else None
    recordings = load_recordings(paths.recordings)
    write_table(paths.references, references_table(recordings, read_keyed(paths.folds), ratings))


if __name__ == "__main__":
    jobs.run(main, snakemake)

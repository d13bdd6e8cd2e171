"""Assign each recording to a part (train, validation or test) of each fold."""

from emospeech import jobs
from emospeech.corpora.tables import load_recordings
from emospeech.files import write_table
from emospeech.folds import FoldSettings, make_folds


def main(paths, settings):
    recordings = load_recordings(paths.recordings)
    write_table(paths.folds, make_folds(recordings, FoldSettings(**settings.settings)))


if __name__ == "__main__":
    jobs.run(main, snakemake)

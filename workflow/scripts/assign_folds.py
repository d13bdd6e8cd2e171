"""Assign each recording to a part (train, validation or test) of each fold."""

from emospeech.corpora.corpus_tables import load_recordings
from emospeech.folds import FoldSettings, make_folds
from emospeech.labels import LabelSettings, check_classes
from emospeech.runtime import jobs
from emospeech.runtime.files import write_table


def main(paths, params):
    recordings = load_recordings(paths.recordings)
    emotions = [*params.emotions, *recordings["emotion"].unique()]
    check_classes(emotions, LabelSettings(**params.labels))
    write_table(paths.folds, make_folds(recordings, FoldSettings(**params.folds)))


if __name__ == "__main__":
    jobs.run(main, snakemake)

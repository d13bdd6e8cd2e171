"""Predict the test speakers of each fold with the classical baseline."""

from emospeech.corpora.corpus_tables import load_recordings
from emospeech.evaluation.baseline import baseline_predictions
from emospeech.runtime import jobs
from emospeech.runtime.files import read_table, write_table


def main(paths, settings):
    recordings = load_recordings(paths.recordings)
    folds, acoustics = read_table(paths.folds), read_table(paths.acoustics)
    for fold, path in zip(settings.folds, paths.predictions, strict=True):
        table = baseline_predictions(recordings, folds, acoustics, fold, settings.tasks)
        write_table(path, table)


if __name__ == "__main__":
    jobs.run(main, snakemake)

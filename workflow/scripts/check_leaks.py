"""Check the folds and the predictions for leaks, and stop at one."""

from emospeech import jobs
from emospeech.corpora.tables import load_recordings
from emospeech.evaluation.leaks import leak_table, refuse_leaks
from emospeech.evaluation.predictions import load_predictions, read_keyed
from emospeech.files import write_table


def main(paths, settings):
    recordings, folds = load_recordings(paths.recordings), read_keyed(paths.folds)
    table = leak_table(recordings, folds, load_predictions(paths.predictions))
    refuse_leaks(table, paths.folds)
    write_table(paths.leaks, table)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Select the trials of the next rung of successive halving, for each fold."""

import pandas as pd

from emospeech.corpora.corpus_tables import load_recordings
from emospeech.halving import next_rung, ranking_folds
from emospeech.runtime import jobs
from emospeech.runtime.files import read_json, read_table, write_json


def main(paths, params):
    validations = pd.DataFrame(read_json(path) for path in paths.validations)
    parts = read_table(paths.folds).merge(load_recordings(paths.recordings), on="recording")
    scoring = ranking_folds(parts, params.select)
    write_json(paths.trials, next_rung(validations, scoring, params.size))


if __name__ == "__main__":
    jobs.run(main, snakemake)

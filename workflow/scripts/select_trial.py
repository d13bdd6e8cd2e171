"""Select the trial of a model by its validation UAR, and collect its learning curves."""

import pandas as pd

from emospeech.corpora.tables import load_recordings
from emospeech.folds import load_folds
from emospeech.runtime import jobs
from emospeech.runtime.files import read_json, write_json, write_table
from emospeech.search import (
    best_trials,
    choose,
    chosen_histories,
    mark_chosen,
    rank_trials,
    scoring_folds,
)


def main(paths, settings):
    validations = pd.DataFrame(read_json(path) for path in paths.validations)
    trials = rank_trials(settings.trials, validations)
    parts = load_folds(paths.folds).merge(load_recordings(paths.recordings), on="recording")
    choices = choose(trials, scoring_folds(parts, settings.select))
    write_table(paths.trials, mark_chosen(trials, choices))
    write_json(paths.best, best_trials(trials, choices))
    write_table(paths.chosen, chosen_histories(choices, validations, paths.histories))


if __name__ == "__main__":
    jobs.run(main, snakemake)

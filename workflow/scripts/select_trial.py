"""Select the trial of a model by its validation UAR, and collect its learning curves."""

import pandas as pd

from emospeech.corpora.corpus_tables import load_recordings
from emospeech.halving import last_rungs, ranking_folds
from emospeech.runtime import jobs
from emospeech.runtime.files import read_json, read_table, write_json, write_table
from emospeech.search import (
    best_trials,
    choose_trials,
    chosen_histories,
    mark_chosen,
    rank_trials,
    selection_folds,
)


def main(paths, params):
    validations = pd.DataFrame(read_json(path) for path in paths.validations)
    trials = rank_trials(params.trials, validations)
    parts = read_table(paths.folds).merge(load_recordings(paths.recordings), on="recording")
    scoring = selection_folds(parts, params.select)
    if paths.rungs:
        scoring = ranking_folds(parts, params.select)
        trials["rung"] = last_rungs(len(trials), [read_json(path) for path in paths.rungs])
    choices = choose_trials(trials, scoring)
    write_table(paths.trials, mark_chosen(trials, choices))
    write_json(paths.best, best_trials(trials, choices))
    write_table(paths.chosen, chosen_histories(choices, validations, paths.histories))


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Choose the trial of a model by its validation UAR, and gather its learning curves."""

import pandas as pd

from emospeech import jobs
from emospeech.files import read_json, write_json, write_table
from emospeech.search import best_trials, choose, chosen_histories, mark_chosen, rank_trials


def main(paths, settings):
    validations = pd.DataFrame(read_json(path) for path in paths.validations)
    trials = rank_trials(settings.trials, validations)
    choice = choose(trials, settings.select)
    write_table(paths.trials, mark_chosen(trials, choice, settings.select))
    write_json(paths.best, best_trials(trials, choice, settings.select))
    write_table(paths.chosen, chosen_histories(choice, validations, paths.histories))


if __name__ == "__main__":
    jobs.run(main, snakemake)

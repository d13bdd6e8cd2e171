"""Choose the trial of a model by its mean validation UAR, and gather its learning curves."""

import json
from pathlib import Path

import pandas as pd

from emospeech import jobs
from emospeech.files import write_json, write_table
from emospeech.search import chosen_histories, chosen_trial, rank_trials


def main(paths, settings):
    validations = pd.DataFrame(json.loads(Path(path).read_text()) for path in paths.validations)
    trials = rank_trials(settings.trials, validations)
    write_table(paths.trials, trials)
    write_json(paths.best, chosen_trial(trials))
    write_table(paths.chosen, chosen_histories(trials, validations, paths.histories))


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Draw generated samples over the epochs of a training run, next to real crops."""

import numpy as np

from emospeech.report.figures import save
from emospeech.report.figures.generated import draw_generated
from emospeech.runtime import jobs
from emospeech.runtime.files import read_json
from emospeech.training.fold import LabelledCorpus
from emospeech.training.sample_grid import REAL_PER_EPOCH, real_samples, samples_table
from emospeech.training.settings import Settings
from emospeech.training.trial import file_of_trial, trial_of_fold


def main(paths, params):
    study = Settings.from_config(params.study)
    trial = trial_of_fold(read_json(paths.best), params.fold)
    with np.load(file_of_trial(paths.generated, trial.trial_id, params.fold)) as grid:
        epochs, generated = grid["epochs"], grid["samples"]
    fold = LabelledCorpus.open(paths, study).fold(params.fold)
    pool, count = fold.open_unlabelled(paths.unlabelled), REAL_PER_EPOCH * len(epochs)
    real = real_samples(fold, pool, trial, study, count)
    table = samples_table(epochs, generated, real)
    figure = draw_generated(table, params.model)
    save("generated", figure, table, vars(paths), params.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

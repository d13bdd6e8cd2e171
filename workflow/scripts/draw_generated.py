"""Draw generated samples over the epochs of a training, next to real crops."""

import numpy as np

from emospeech.report.figures import save
from emospeech.report.figures.generated import draw_generated
from emospeech.runtime import jobs
from emospeech.runtime.files import read_json
from emospeech.training.fold import load_fold
from emospeech.training.sample_grid import REAL_PER_EPOCH, real_samples, samples_table
from emospeech.training.settings import TrainingSettings
from emospeech.training.trial import file_of_trial, trial_of_fold


def main(paths, settings):
    trial = trial_of_fold(read_json(paths.best), settings.fold)
    training = TrainingSettings(**settings.training)
    fold = load_fold(paths.store, paths.recordings, paths.folds, settings.fold)
    with np.load(file_of_trial(paths.generated, trial[0], settings.fold)) as grid:
        epochs, generated = grid["epochs"], grid["pictures"]
    count = REAL_PER_EPOCH * len(epochs)
    real = real_samples(fold, paths.unlabelled, trial, training, count)
    table = samples_table(epochs, generated, real)
    save("generated", draw_generated(table), table, vars(paths), settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Draw what the generator of a model drew as it learned, beside real crops; write the levels."""

import numpy as np

from emospeech import jobs
from emospeech.files import read_json
from emospeech.report.figures import save
from emospeech.report.generated import draw_generated
from emospeech.report.tables import write_csv
from emospeech.training.fold import load_fold
from emospeech.training.pictures import BESIDE, pictures_table, real_pictures
from emospeech.training.settings import TrainingSettings
from emospeech.training.trial import file_of_trial, trial_of_fold


def main(paths, settings):
    number, trial = trial_of_fold(read_json(paths.best), settings.fold)
    training = TrainingSettings(**settings.training)
    fold = load_fold(paths.store, paths.recordings, paths.folds, settings.fold)
    with np.load(file_of_trial(paths.generated, number, settings.fold)) as album:
        epochs, generated = album["epochs"], album["pictures"]
    count = BESIDE * len(epochs)
    real = real_pictures(fold, paths.unlabelled, number, trial, training, count)
    table = pictures_table(epochs, generated, real)
    write_csv(table, paths.csv)
    save(draw_generated(table), paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Predict the test speaker of a fold with the chosen trial of a model."""

from emospeech import jobs
from emospeech.evaluation.predictions import predictions_of
from emospeech.files import read_json, write_table
from emospeech.models.networks import NetworkSettings
from emospeech.training.fold import load_fold
from emospeech.training.settings import TrainingSettings
from emospeech.training.tested import load_tested
from emospeech.training.trial import trial_of_fold


def main(paths, settings):
    number, trial = trial_of_fold(read_json(paths.best), settings.fold)
    training = TrainingSettings(**settings.training)
    fold = load_fold(
        paths.store, paths.recordings, paths.folds, settings.fold, settings.shuffle_seed
    )
    tested = load_tested(
        settings.model,
        fold,
        number,
        trial,
        paths.weights[number if len(paths.weights) > 1 else 0],
        NetworkSettings(**settings.networks),
        training,
    )
    table = predictions_of(tested, training.evaluation_seed, settings.crops)
    write_table(paths.predictions, table)


if __name__ == "__main__":
    jobs.run(main, snakemake)

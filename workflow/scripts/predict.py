"""Predict the test speakers of all folds with the chosen trial of a model."""

from emospeech import jobs
from emospeech.evaluation.predictions import predictions_of
from emospeech.files import read_json, write_table
from emospeech.models.networks import NetworkSettings
from emospeech.training.fold import load_fold
from emospeech.training.predictor import load_chosen
from emospeech.training.settings import TrainingSettings


def main(paths, settings):
    training = TrainingSettings(**settings.training)
    tables = (paths.store, paths.recordings, paths.folds)
    folds = (load_fold(*tables, fold, settings.shuffle_seed) for fold in settings.folds)
    best, networks = read_json(paths.best), NetworkSettings(**settings.networks)
    chosen = load_chosen(settings.model, best, folds, paths.weights, networks, training)
    for tested, path in zip(chosen, paths.predictions, strict=True):
        write_table(path, predictions_of(tested, training.evaluation_seed, settings.crops))


if __name__ == "__main__":
    jobs.run(main, snakemake)

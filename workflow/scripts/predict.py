"""Predict the test speakers of all folds with the networks of a further seed."""

from emospeech.evaluation.predictions import predictions_of
from emospeech.models.networks import NetworkSettings
from emospeech.runtime import jobs
from emospeech.runtime.files import read_json, write_table
from emospeech.training.fold import load_fold
from emospeech.training.predictor import load_chosen
from emospeech.training.settings import TrainingSettings


def main(paths, settings):
    training, networks = TrainingSettings(**settings.training), NetworkSettings(**settings.networks)
    tables = (paths.store, paths.recordings, paths.folds)
    folds = (load_fold(*tables, fold, settings.shuffle_seed) for fold in settings.folds)
    best = read_json(paths.best)
    predictors = load_chosen(settings.model, best, folds, paths.weights, networks, training)
    for predictor, path in zip(predictors, paths.predictions, strict=True):
        write_table(path, predictions_of(predictor, training.evaluation_seed, settings.crops))


if __name__ == "__main__":
    jobs.run(main, snakemake)

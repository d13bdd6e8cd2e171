"""Predict all test speakers with the chosen trial of a model, with several seeds of the crops."""

import pandas as pd

from emospeech import jobs
from emospeech.evaluation.predictions import predictions_of
from emospeech.files import read_json, write_table
from emospeech.models.networks import NetworkSettings
from emospeech.training.fold import load_fold
from emospeech.training.predictor import load_chosen
from emospeech.training.settings import TrainingSettings


def main(paths, settings):
    tables = (paths.store, paths.recordings, paths.folds)
    folds = (load_fold(*tables, fold, settings.shuffle_seed) for fold in settings.folds)
    chosen = load_chosen(
        settings.model,
        read_json(paths.best),
        folds,
        paths.weights,
        NetworkSettings(**settings.networks),
        TrainingSettings(**settings.training),
    )
    predictions = [
        predictions_of(tested, seed, settings.crops).assign(crop_seed=seed)
        for tested in chosen
        for seed in settings.seeds
    ]
    write_table(paths.predictions, pd.concat(predictions))


if __name__ == "__main__":
    jobs.run(main, snakemake)

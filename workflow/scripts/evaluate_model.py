"""Predict the test speakers with a model's selected trials, on several crop seeds, and map them."""

import pandas as pd

from emospeech.evaluation.predictions import predictions_of
from emospeech.evaluation.representation import left_out, map_table, neighbours_table
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
    crops, maps, neighbours = [], [], []
    for predictor, path in zip(predictors, paths.predictions, strict=True):
        for seed in settings.seeds:
            predictions = predictions_of(predictor, seed, settings.crops)
            crops.append(predictions.assign(crop_seed=seed))
            if seed == training.evaluation_seed:
                write_table(path, predictions)
        rows, spectrograms, values = left_out(predictor, training.evaluation_seed)
        maps.append(map_table(rows, values))
        shares = neighbours_table(rows, {"shared layer": values, "crops": spectrograms})
        shares.insert(0, "fold", predictor.fold.fold)
        neighbours.append(shares)
    write_table(paths.crops, pd.concat(crops))
    write_table(paths.map, pd.concat(maps))
    write_table(paths.neighbours, pd.concat(neighbours))


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Predict the test speakers with a model's chosen trials, and map the shared layer."""

import pandas as pd

from emospeech.evaluation.predictions import predictions_of
from emospeech.evaluation.representation import held_out_recordings, map_table, neighbours_table
from emospeech.runtime import jobs
from emospeech.runtime.files import write_table
from emospeech.training.predictor import load_chosen


def main(paths, params):
    study_seed, predictors = params.study["seed"], load_chosen(paths, params)
    crops, maps, neighbours = [], [], []
    for predictor, path in zip(predictors, paths.predictions, strict=True):
        for seed in params.crop_seeds:
            predictions = predictions_of(predictor, seed, params.crops)
            crops.append(predictions.assign(crop_seed=seed))
            if seed == study_seed:
                write_table(path, predictions)
        rows, spectrograms, activations = held_out_recordings(predictor, study_seed)
        maps.append(map_table(rows, activations))
        spaces = {"shared layer": activations, "crops": spectrograms}
        shares = neighbours_table(rows, predictor.fold.tasks, spaces)
        shares.insert(0, "fold", predictor.fold.fold_id)
        neighbours.append(shares)
    write_table(paths.crops, pd.concat(crops))
    write_table(paths.map, pd.concat(maps))
    write_table(paths.neighbours, pd.concat(neighbours))


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Map what the networks of a model make of the recordings that their folds leave out."""

import pandas as pd

from emospeech import jobs
from emospeech.evaluation.representation import left_out, map_table, neighbours_table
from emospeech.files import read_json, write_table
from emospeech.models.networks import NetworkSettings
from emospeech.training.fold import load_fold
from emospeech.training.predictor import load_chosen
from emospeech.training.settings import TrainingSettings


def main(paths, settings):
    training = TrainingSettings(**settings.training)
    tables = (paths.store, paths.recordings, paths.folds)
    folds = (load_fold(*tables, fold, settings.shuffle_seed) for fold in settings.folds)
    best = read_json(paths.best)
    networks = NetworkSettings(**settings.networks)
    maps, neighbours = [], []
    for tested in load_chosen(settings.model, best, folds, paths.weights, networks, training):
        rows, crops, values = left_out(tested, training.evaluation_seed)
        maps.append(map_table(rows, values))
        found = neighbours_table(rows, {"shared layer": values, "crops": crops})
        found.insert(0, "fold", tested.fold.fold)
        neighbours.append(found)
    write_table(paths.map, pd.concat(maps))
    write_table(paths.neighbours, pd.concat(neighbours))


if __name__ == "__main__":
    jobs.run(main, snakemake)

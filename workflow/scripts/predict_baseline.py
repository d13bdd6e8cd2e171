"""Predict the test speakers of each fold with the classical baselines."""

from emospeech.evaluation.baseline import baseline_predictions
from emospeech.labels import LabelSettings, load_labelled
from emospeech.runtime import jobs
from emospeech.runtime.files import read_table, write_table


def main(paths, params):
    labels = LabelSettings(**params.labels)
    tasks = labels.tasks(params.multitask)
    recordings, folds = load_labelled(paths.recordings, labels), read_table(paths.folds)
    inputs = ((paths.acoustics, paths.baseline), (paths.acoustics_crop, paths.baseline_crop))
    for features, predictions in inputs:
        acoustics = read_table(features)
        for fold, path in zip(params.folds, predictions, strict=True):
            table = baseline_predictions(
                recordings, folds, acoustics, fold, tasks, params.shuffle_seed
            )
            write_table(path, table)


if __name__ == "__main__":
    jobs.run(main, snakemake)

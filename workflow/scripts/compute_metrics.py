"""Compute the metrics of all models and baselines, overall and by subgroup, and references."""

import pandas as pd

from emospeech.corpora.corpus_tables import load_ratings
from emospeech.evaluation.predictions import BASELINES, load_predictions
from emospeech.evaluation.references import references_table
from emospeech.evaluation.scores import confusion_tables, metrics_table, subgroups_table
from emospeech.labels import LabelSettings, load_labelled
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder, read_table, write_table
from emospeech.training.targets import load_class_votes


def main(paths, params):
    predictions = load_predictions(paths.predictions)
    labels = LabelSettings(**params.labels)
    recordings, folds = load_labelled(paths.recordings, labels), read_table(paths.folds)
    permutations = params.permutations, params.seed
    write_table(paths.metrics, metrics_table(predictions, recordings, *permutations))
    trained = [table for model, table in predictions.items() if model not in BASELINES]
    for table, *files in zip(trained, paths.confusions, paths.classes, strict=True):
        for file, counted in zip(files, confusion_tables(table), strict=True):
            write_table(file, counted)

    ratings = load_ratings(paths.ratings) if paths.ratings else None
    tasks = labels.tasks(params.multitask)
    votes = load_class_votes(paths.votes, labels) if paths.votes else None
    write_table(paths.references, references_table(recordings, folds, tasks, ratings, votes))
    write_table(
        paths.subgroups, subgroups_table(predictions, recordings, ratings, params.seed, votes)
    )

    neighbours = by_folder(paths.neighbours_of_models, read_table)
    neighbours = pd.concat(neighbours, names=["model"]).reset_index("model")
    write_table(paths.neighbours, neighbours)


if __name__ == "__main__":
    jobs.run(main, snakemake)

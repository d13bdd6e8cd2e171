"""Compute the metrics of all models, overall and by slice, and reference values for them."""

import pandas as pd

from emospeech.corpora.corpus_tables import load_ratings, load_recordings
from emospeech.evaluation.predictions import BASELINE, load_predictions
from emospeech.evaluation.references import references_table
from emospeech.evaluation.scores import confusion_tables, metrics_table, slices_table
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder, read_table, write_table


def main(paths, settings):
    predictions = load_predictions(paths.predictions)
    models = {model: table for model, table in predictions.items() if model != BASELINE}
    write_table(paths.metrics, metrics_table(models, settings.permutations, settings.seed))
    for table, *files in zip(models.values(), paths.confusions, paths.classes, strict=True):
        for file, counted in zip(files, confusion_tables(table), strict=True):
            write_table(file, counted)

    recordings, folds = load_recordings(paths.recordings), read_table(paths.folds)
    ratings = load_ratings(paths.ratings) if paths.ratings else None
    write_table(paths.references, references_table(recordings, folds, ratings))
    write_table(paths.slices, slices_table(predictions, recordings, ratings))

    neighbours = by_folder(paths.neighbours_of_models, pd.read_csv)
    neighbours = pd.concat(neighbours, names=["model"]).reset_index("model")
    write_table(paths.neighbours, neighbours)


if __name__ == "__main__":
    jobs.run(main, snakemake)

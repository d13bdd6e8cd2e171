"""Predict the test speakers of all folds with the networks of an additional seed."""

from emospeech.evaluation.predictions import predictions_of
from emospeech.runtime import jobs
from emospeech.runtime.files import read_json, write_table
from emospeech.training.fold import LabelledCorpus
from emospeech.training.predictor import load_chosen
from emospeech.training.settings import Settings


def main(paths, params):
    study = Settings.from_config(params.study)
    corpus = LabelledCorpus.open(
        paths.store, paths.recordings, paths.folds, paths.ratings, study, paths.votes
    )
    folds, best = map(corpus.fold, params.folds), read_json(paths.best)
    predictors = load_chosen(params.model, best, folds, paths.weights, study)
    for predictor, path in zip(predictors, paths.predictions, strict=True):
        write_table(path, predictions_of(predictor, study.seed, params.crops))


if __name__ == "__main__":
    jobs.run(main, snakemake)

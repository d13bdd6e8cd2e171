"""Predict the test speakers of all folds with the networks of an additional seed."""

from emospeech.evaluation.predictions import predictions_of
from emospeech.runtime import jobs
from emospeech.runtime.files import write_table
from emospeech.training.predictor import load_chosen


def main(paths, params):
    seed, predictors = params.study["seed"], load_chosen(paths, params)
    for predictor, path in zip(predictors, paths.predictions, strict=True):
        write_table(path, predictions_of(predictor, seed, params.crops))


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Predict the test speaker of a fold with the chosen trial of a model."""

import json
from pathlib import Path

from emospeech import jobs
from emospeech.evaluation.predictions import predictions_table
from emospeech.files import write_table
from emospeech.models.networks import NetworkSettings
from emospeech.training.fold import load_fold
from emospeech.training.run import predict_test
from emospeech.training.settings import TrainingSettings
from emospeech.training.trial import trial_of_fold


def main(paths, settings):
    number, trial = trial_of_fold(json.loads(Path(paths.best).read_text()), settings.fold)
    fold = load_fold(
        paths.store, paths.recordings, paths.folds, settings.fold, settings.shuffle_seed
    )
    probabilities, part = predict_test(
        settings.model,
        fold,
        trial,
        paths.weights[number if len(paths.weights) > 1 else 0],
        NetworkSettings(**settings.networks),
        TrainingSettings(**settings.training),
        settings.crops,
    )
    rows = fold.table.loc[part.recordings, ["recording", "speaker", "session"]]
    rows = rows.assign(fold=fold.fold, trial=number)
    write_table(paths.predictions, predictions_table(rows, part.labels, probabilities))


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Train a model on a fold with the parameters of one trial, or of several in turn.

A job that was killed goes on after its last whole epoch, one that was asked to stop after its last
step. The checkpoints are no outputs, since those are deleted when a job fails. They stay until all
trials of the job are there: of one that has come to its end they give its results again.
"""

from pathlib import Path

from emospeech import jobs
from emospeech.files import read_json, write_arrays, write_json, write_table
from emospeech.models.networks import NetworkSettings
from emospeech.training.album import Album
from emospeech.training.description import Description
from emospeech.training.fold import load_fold
from emospeech.training.run import train_fold
from emospeech.training.settings import TrainingSettings
from emospeech.training.trial import trial_of_fold
from emospeech.training.weights import save_weights


def main(paths, settings):
    trials = settings.trials
    if paths.best:  # with another seed, what the search has chosen
        trials = [trial_of_fold(read_json(paths.best), settings.fold)]
    training = TrainingSettings(**settings.training)
    fold = load_fold(
        paths.store,
        paths.recordings,
        paths.folds,
        settings.fold,
        settings.shuffle_seed,
        training.encoding,
        paths.ratings,
    )
    places = zip(
        paths.weights,
        paths.history,
        paths.draws,
        paths.validation,
        paths.generated,
        strict=True,
    )
    for trial, checkpoint, outputs in zip(trials, settings.checkpoints, places, strict=True):
        train(trial, fold, training, checkpoint, outputs, paths, settings)
    for checkpoint in settings.checkpoints:
        Path(checkpoint).unlink(missing_ok=True)


def train(trial, fold, training, checkpoint, outputs, paths, settings):
    (number, parameters), networks, album = trial, NetworkSettings(**settings.networks), Album()
    with jobs.asked_to_stop() as halted:
        outcome = train_fold(
            settings.model,
            fold,
            paths.unlabelled,
            number,
            parameters,
            networks,
            training,
            checkpoint,
            settings.code,
            album,
            halted,
        )
    stored = fold.store.settings
    description = Description(
        settings.model, parameters, networks, stored, outcome.settings, outcome.validation
    )
    weights_file, history_file, draws_file, validation_file, generated_file = outputs
    save_weights(weights_file, outcome.weights, description.told())
    write_table(history_file, outcome.history)
    write_table(draws_file, outcome.draws)
    write_arrays(generated_file, album.arrays())
    write_json(validation_file, outcome.validation)


if __name__ == "__main__":
    jobs.run(main, snakemake)

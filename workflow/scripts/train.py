"""Train a model on a fold with the parameters of a trial.

A job that was killed goes on after its last whole epoch, one that was asked to stop after its last
step. The checkpoint is no output, since those are deleted when a job fails; it is removed when the
outputs are there.
"""

import json
from pathlib import Path

from emospeech import jobs
from emospeech.files import write_arrays, write_json, write_table
from emospeech.models.networks import NetworkSettings
from emospeech.training.album import Album
from emospeech.training.description import Description
from emospeech.training.fold import load_fold
from emospeech.training.run import train_fold
from emospeech.training.settings import TrainingSettings
from emospeech.training.trial import trial_of_fold
from emospeech.training.weights import save_weights


def main(paths, settings):
    number, trial = settings.number, settings.trial
    if paths.best:  # with another seed, what the search has chosen
        number, trial = trial_of_fold(json.loads(Path(paths.best).read_text()), settings.fold)
    training = TrainingSettings(**settings.training)
    networks = NetworkSettings(**settings.networks)
    fold = load_fold(
        paths.store,
        paths.recordings,
        paths.folds,
        settings.fold,
        settings.shuffle_seed,
        training.encoding,
        paths.ratings,
    )
    album = Album()
    with jobs.asked_to_stop() as halted:
        history, weights, validation = train_fold(
            settings.model,
            fold,
            paths.unlabelled,
            number,
            trial,
            networks,
            training,
            settings.checkpoint,
            settings.code,
            album,
            halted,
        )
    description = Description(
        settings.model, trial, networks, fold.store.settings, training, validation
    )
    save_weights(paths.weights, weights, description.told())
    write_table(paths.history, history)
    write_arrays(paths.generated, album.arrays())
    write_json(paths.validation, validation)
    Path(settings.checkpoint).unlink(missing_ok=True)


if __name__ == "__main__":
    jobs.run(main, snakemake)

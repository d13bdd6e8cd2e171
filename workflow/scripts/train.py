"""Train a model on a fold with the parameters of one trial, or of several in turn.

A killed job resumes after its last finished epoch, a stopped one after its last step. Checkpoints
are not outputs of the rule, since Snakemake deletes those of a failed job. They stay until all
trials of the job are finished: a finished trial gives its results again from its checkpoint.
"""

from pathlib import Path

from emospeech.models.networks import NetworkSettings
from emospeech.runtime import jobs
from emospeech.runtime.files import read_json, write_arrays, write_json, write_table
from emospeech.training.description import Description
from emospeech.training.fold import load_fold
from emospeech.training.settings import TrainingSettings
from emospeech.training.trainer import Trainer
from emospeech.training.trial import trial_of_fold
from emospeech.training.weights import save_weights


def main(paths, settings):
    trials = settings.trials
    if paths.best:  # with another seed, the chosen trial
        trials = [trial_of_fold(read_json(paths.best), settings.fold)]
    training, networks = TrainingSettings(**settings.training), NetworkSettings(**settings.networks)
    fold = load_fold(
        paths.store,
        paths.recordings,
        paths.folds,
        settings.fold,
        settings.shuffle_seed,
        training.encoding,
        paths.ratings,
    )
    for place, trial in enumerate(trials):
        trainer = Trainer(settings.model, fold, paths.unlabelled, trial, networks, training)
        with jobs.asked_to_stop() as should_stop:
            outcome = trainer.train(settings.checkpoints[place], settings.code, should_stop)
        description = Description(
            settings.model,
            trial[1],
            networks,
            fold.store.settings,
            outcome.settings,
            outcome.validation,
        )
        save_weights(paths.weights[place], outcome.weights, description.to_dict())
        write_table(paths.history[place], outcome.history)
        write_table(paths.draws[place], outcome.draws)
        write_arrays(paths.generated[place], outcome.samples)
        write_json(paths.validation[place], outcome.validation)
    for checkpoint in settings.checkpoints:
        Path(checkpoint).unlink(missing_ok=True)


if __name__ == "__main__":
    jobs.run(main, snakemake)

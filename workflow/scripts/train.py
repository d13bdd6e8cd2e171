"""Train a model on a fold with the parameters of one trial, or of several in turn.

A killed job resumes from its last checkpoint, a stopped one after its last step. Checkpoints
are not outputs of the rule, since Snakemake deletes the outputs of a failed job. They are kept
until all trials of the job are finished, so that a resumed job does not train finished trials
again.
"""

from pathlib import Path

from emospeech.runtime import jobs
from emospeech.runtime.files import read_json, write_arrays, write_json, write_table
from emospeech.training.device import describe_device, torch_device
from emospeech.training.fold import LabelledCorpus
from emospeech.training.settings import Settings
from emospeech.training.trainer import Trainer
from emospeech.training.trial import Trial, trial_of_fold
from emospeech.training.weights import Description, save_weights


def main(paths, settings):
    study = Settings.from_config(settings.study)
    corpus = LabelledCorpus.open(paths.store, paths.recordings, paths.folds, paths.ratings, study)
    fold = corpus.fold(settings.fold)
    unlabelled = fold.open_unlabelled(paths.unlabelled)
    trials = [Trial(*trial) for trial in settings.trials or ()]
    if paths.best:  # the rule train_again: the selected trial with another seed
        trials = [trial_of_fold(read_json(paths.best), settings.fold)]
    hardware = describe_device(torch_device(study.training))
    for index, trial in enumerate(trials):
        trainer = Trainer(settings.model, fold, unlabelled, trial, study, settings.seed)
        with jobs.asked_to_stop() as should_stop:
            outcome = trainer.train(settings.checkpoints[index], settings.code, should_stop)
        description = Description(
            settings.model,
            trial.parameters,
            fold.store.settings,
            outcome.settings,
            outcome.validation,
        )
        save_weights(paths.weights[index], outcome.weights, description.to_dict())
        write_table(paths.history[index], outcome.history)
        write_table(paths.draws[index], outcome.draws)
        write_arrays(paths.generated[index], outcome.samples)
        write_json(paths.validation[index], outcome.validation)
        seconds = float(outcome.history["seconds"].sum())
        write_json(paths.hardware[index], hardware | {"seconds": seconds})
    for checkpoint in settings.checkpoints:
        Path(checkpoint).unlink(missing_ok=True)


if __name__ == "__main__":
    jobs.run(main, snakemake)

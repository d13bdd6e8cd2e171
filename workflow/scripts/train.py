"""Train a model on a fold with the parameters of one trial, or of several in turn.

A killed job resumes from its last checkpoint, a stopped one after its last step. Checkpoints
are not outputs of the rule, since Snakemake deletes the outputs of a failed job. They are kept
until all trials of the job are finished, so that a resumed job does not train finished trials
again.
"""

from pathlib import Path

from emospeech.runtime import jobs
from emospeech.runtime.files import read_json
from emospeech.training.job import TrainingJob
from emospeech.training.trial import Trial, trial_of_fold


def main(paths, params):
    trials = [Trial(*trial) for trial in params.trials or ()]
    if paths.best:  # the rule train_again: the selected trial with another seed
        trials = [trial_of_fold(read_json(paths.best), params.fold)]
    job = TrainingJob(paths, params)
    for index, trial in enumerate(trials):
        job.train(index, trial)
    for checkpoint in params.checkpoints:
        Path(checkpoint).unlink(missing_ok=True)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Train the trials of a rung of successive halving on a fold.

A training run continues from the checkpoint of the previous rung, and a killed job from its own
checkpoints, which become outputs when all trials of the job are finished.
"""

import os
import shutil
from pathlib import Path

from emospeech.runtime import jobs
from emospeech.runtime.files import atomic_path, read_json
from emospeech.training.job import TrainingJob
from emospeech.training.trial import Trial, last_slots


def main(paths, params):
    trials = [Trial(*trial) for trial in params.trials]
    later = [read_json(path) for path in paths.rungs]
    if later:
        # The slot of each trial in the previous rung, whose checkpoints are sorted by slot.
        slots = last_slots(len(trials), later[:-1], params.fold)
        chosen = later[-1][str(params.fold)]
        trials = [trials[chosen[int(slot)]] for slot in params.slots]
        previous = [paths.previous[slots[trial.trial_id][1]] for trial in trials]
        for source, checkpoint in zip(previous, params.checkpoints, strict=True):
            copy_if_newer(source, checkpoint)
    job = TrainingJob(paths, params)
    for index, trial in enumerate(trials):
        job.train(index, trial, params.epochs)
    for index, checkpoint in enumerate(map(Path, params.checkpoints)):
        if params.epochs is None:  # the last rung
            checkpoint.unlink(missing_ok=True)
            continue
        # A training run that diverged in its first epochs has no checkpoint. Its file is empty, and
        # if the trial is in the next rung for lack of others, it is trained from the start.
        checkpoint.touch()
        checkpoint.replace(paths.checkpoint[index])


def copy_if_newer(source, checkpoint):
    """Copy a checkpoint of the previous rung, unless a killed job has continued from it."""
    if not os.path.exists(checkpoint) or os.path.getmtime(checkpoint) < os.path.getmtime(source):
        with atomic_path(checkpoint) as temporary:
            shutil.copyfile(source, temporary)


if __name__ == "__main__":
    jobs.run(main, snakemake)

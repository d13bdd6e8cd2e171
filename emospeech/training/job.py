"""The training runs of a job, which share the data of a fold."""

from types import SimpleNamespace

from emospeech.runtime import jobs
from emospeech.runtime.files import write_arrays, write_json, write_table
from emospeech.training.device import describe_device, torch_device
from emospeech.training.fold import LabelledCorpus
from emospeech.training.settings import Settings
from emospeech.training.trainer import Trainer
from emospeech.training.trial import Trial
from emospeech.training.weights import Description, save_weights


class TrainingJob:
    """The data and settings of a job that trains a model on a fold, and its output files."""

    def __init__(self, paths: SimpleNamespace, params: SimpleNamespace):
        """Open the data.

        Args:
            paths: The inputs and outputs of the job. Each output is a list with a file for each
                training run.
            params: The params of the job.
        """
        self.paths, self.params = paths, params
        self.study = study = Settings.from_config(params.study)
        self.fold = LabelledCorpus.open(paths, study).fold(params.fold)
        self.unlabelled = self.fold.open_unlabelled(paths.unlabelled)
        self.hardware = describe_device(torch_device(study.training))

    def train(self, index: int, trial: Trial, epochs: int | None = None) -> None:
        """Train a trial, and write the outputs with an index. See `Trainer.train` for `epochs`."""
        paths, params = self.paths, self.params
        data = self.fold, self.unlabelled
        trainer = Trainer(params.model, *data, trial, self.study, params.seed)
        checkpoint = params.checkpoints[index]
        with jobs.asked_to_stop() as should_stop:
            outcome = trainer.train(checkpoint, params.code, should_stop, epochs)
        description = Description(
            params.model,
            trial.parameters,
            self.fold.store.settings,
            outcome.settings,
            outcome.validation,
        )
        save_weights(paths.weights[index], outcome.weights, description.to_dict())
        write_table(paths.history[index], outcome.history)
        write_table(paths.draws[index], outcome.draws)
        write_arrays(paths.generated[index], outcome.samples)
        write_json(paths.validation[index], outcome.validation)
        seconds = float(outcome.history["seconds"].sum())
        write_json(paths.hardware[index], self.hardware | {"seconds": seconds})

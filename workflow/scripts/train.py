"""Train a model on a fold with the parameters of a trial."""

from emospeech import jobs
from emospeech.files import write_json, write_table
from emospeech.models.networks import NetworkSettings
from emospeech.training.description import Description
from emospeech.training.fold import load_fold
from emospeech.training.run import train_fold
from emospeech.training.settings import TrainingSettings
from emospeech.training.weights import save_weights


def main(paths, settings):
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
    history, weights, validation = train_fold(
        settings.model,
        fold,
        paths.unlabelled,
        settings.number,
        settings.trial,
        networks,
        training,
    )
    description = Description(
        settings.model, settings.trial, networks, fold.store.settings, training, validation
    )
    save_weights(paths.weights, weights, description.told())
    write_table(paths.history, history)
    write_json(paths.validation, validation)


if __name__ == "__main__":
    jobs.run(main, snakemake)

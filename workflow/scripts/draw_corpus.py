"""Draw the label distribution and an example of a crop."""

from emospeech.corpora.corpus_tables import load_words
from emospeech.crops.example_crop import choose_example, example_table
from emospeech.crops.oversampling import balance_table
from emospeech.labels import LabelSettings, load_labelled
from emospeech.report.figures import save
from emospeech.report.figures.crop_example import draw_example
from emospeech.report.figures.label_balance import draw_balance
from emospeech.runtime import jobs
from emospeech.runtime.files import read_table
from emospeech.spectrograms.store import open_store


def main(paths, params):
    labels = LabelSettings(**params.labels)
    recordings, folds = load_labelled(paths.recordings, labels), read_table(paths.folds)
    (task,) = labels.tasks(multitask=False)
    balance = balance_table(recordings, folds, task, params.seed, labels.oversample)
    save("balance", draw_balance(balance, task.name), balance, vars(paths), params.resolution)

    store, words = open_store(paths.store), load_words(paths.words)
    index = choose_example(store, params.width)
    example = example_table(store, words, index, params.width, params.seed, params.edge)
    save("example", draw_example(example), example, vars(paths), params.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

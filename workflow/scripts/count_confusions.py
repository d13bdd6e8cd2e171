"""Count the confusions of a model over all folds, and its precision, recall and F1."""

import pandas as pd

from emospeech import jobs
from emospeech.evaluation.scores import confusion_tables
from emospeech.files import write_table


def main(paths, settings):
    predictions = pd.concat(map(pd.read_csv, paths.predictions), ignore_index=True)
    confusion, classes = confusion_tables(predictions)
    write_table(paths.confusion, confusion)
    write_table(paths.classes, classes)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Write the table of precision, recall and F1 of each class."""

import pandas as pd

from emospeech import jobs
from emospeech.files import by_folder
from emospeech.report.tables import table_classes, write_formats


def main(paths, settings):
    classes = by_folder(paths.classes, pd.read_csv)
    write_formats(table_classes(classes), paths.csv, paths.md, paths.tex)


if __name__ == "__main__":
    jobs.run(main, snakemake)

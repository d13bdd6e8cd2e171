"""Write the table of precision, recall and F1 of each class."""

from pathlib import Path

import pandas as pd

from emospeech import jobs
from emospeech.report.tables import table_classes, write_formats


def main(paths, settings):
    classes = {Path(path).parent.name: pd.read_csv(path) for path in paths.classes}
    write_formats(table_classes(classes), paths.csv, paths.md, paths.tex)


if __name__ == "__main__":
    jobs.run(main, snakemake)

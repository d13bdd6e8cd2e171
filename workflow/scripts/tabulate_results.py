"""Write the tables of the results: hyperparameters, metrics, confusion matrices, classes."""

import pandas as pd

from emospeech.report.markup import write_tables
from emospeech.report.paper import TABLE_3_MODEL
from emospeech.report.paper_tables import (
    table_1,
    table_2,
    table_3,
    table_cells,
    table_classes,
    table_recovered,
)
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder, read_json


def main(paths, settings):
    confusions = by_folder(paths.confusions, pd.read_csv)
    tables = {
        "table-1": table_1(by_folder(paths.best, read_json)),
        "table-2": table_2(pd.read_csv(paths.metrics)),
        "classes": table_classes(by_folder(paths.classes, pd.read_csv)),
    }
    tables |= {f"table-3-{model}": table_3(table, model) for model, table in confusions.items()}
    if TABLE_3_MODEL in confusions:
        inputs = confusions[TABLE_3_MODEL], pd.read_csv(paths.cells)
        tables |= {"paper": table_recovered(*inputs), "cells": table_cells(*inputs)}
    write_tables({name: tables[name] for name in settings.tables}, vars(paths))


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Write the tables of the results: hyperparameters, metrics, confusion matrices, classes."""

from emospeech.report.dataframes import tasks_in
from emospeech.report.markup import write_tables
from emospeech.report.paper import TABLE_3_MODEL, drop_paper_unless
from emospeech.report.paper_tables import (
    table_1,
    table_2,
    table_3,
    table_cells,
    table_classes,
    table_recovered,
)
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder, read_json, read_table


def main(paths, params):
    confusions, metrics = by_folder(paths.confusions, read_table), read_table(paths.metrics)
    target = tasks_in(metrics)[0]
    tables = {
        "table-1": table_1(by_folder(paths.best, read_json)),
        "table-2": table_2(metrics),
        "classes": table_classes(by_folder(paths.classes, read_table), target),
    }
    tables |= {
        f"table-3-{model}": table_3(table, model, target) for model, table in confusions.items()
    }
    if "cells" in params.tables:
        inputs = confusions[TABLE_3_MODEL], read_table(paths.cells)
        tables |= {"paper": table_recovered(*inputs), "cells": table_cells(*inputs)}
    shown = {name: drop_paper_unless(params.comparable, tables[name]) for name in params.tables}
    write_tables(shown, vars(paths), target)


if __name__ == "__main__":
    jobs.run(main, snakemake)

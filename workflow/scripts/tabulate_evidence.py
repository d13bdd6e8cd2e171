"""Write the tables of the report that are made from results/evaluation."""

import pandas as pd

from emospeech.report.evaluation_tables import INPUTS, build_tables
from emospeech.report.markup import write_tables
from emospeech.runtime import jobs


def main(paths, settings):
    inputs = {name: pd.read_csv(file) for name in INPUTS if (file := getattr(paths, name))}
    tables = build_tables(inputs)
    write_tables({name: tables[name] for name in settings.tables}, vars(paths))


if __name__ == "__main__":
    jobs.run(main, snakemake)

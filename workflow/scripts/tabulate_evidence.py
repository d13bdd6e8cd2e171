"""Write the tables of the report that are made from results/evaluation."""

from emospeech.report.evaluation_tables import INPUTS, build_tables
from emospeech.report.markup import write_tables
from emospeech.runtime import jobs
from emospeech.runtime.files import read_table


def main(paths, settings):
    inputs = {name: read_table(file) for name in INPUTS if (file := getattr(paths, name))}
    tables = build_tables(inputs)
    write_tables({name: tables[name] for name in settings.tables}, vars(paths))


if __name__ == "__main__":
    jobs.run(main, snakemake)

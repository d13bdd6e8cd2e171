"""Write the tables of the report that are made from results/evaluation."""

from emospeech.report.evaluation_tables import INPUTS, build_tables
from emospeech.report.markup import write_tables
from emospeech.report.paper import without_paper
from emospeech.runtime import jobs
from emospeech.runtime.files import read_table


def main(paths, settings):
    inputs = {name: read_table(file) for name in INPUTS if (file := getattr(paths, name))}
    tables = build_tables(inputs)
    shown = {name: tables[name] for name in settings.tables}
    if not settings.comparable:
        shown = {name: without_paper(table) for name, table in shown.items()}
    write_tables(shown, vars(paths))


if __name__ == "__main__":
    jobs.run(main, snakemake)

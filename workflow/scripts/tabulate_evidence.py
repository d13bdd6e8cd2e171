"""Write the tables of the report that are made from results/evaluation and the histories."""

from emospeech.report.evaluation_tables import build_tables, read_inputs
from emospeech.report.markup import write_tables
from emospeech.report.paper import without_paper
from emospeech.runtime import jobs


def main(paths, settings):
    tables = build_tables(read_inputs(vars(paths)))
    shown = {name: tables[name] for name in settings.tables}
    if not settings.comparable:
        shown = {name: without_paper(table) for name, table in shown.items()}
    write_tables(shown, vars(paths), settings.target)


if __name__ == "__main__":
    jobs.run(main, snakemake)

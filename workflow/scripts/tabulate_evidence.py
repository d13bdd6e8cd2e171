"""Write the tables of the report that are made from results/evaluation and the histories."""

from emospeech.report.evaluation_tables import build_tables, read_inputs
from emospeech.report.markup import write_tables
from emospeech.report.paper import drop_paper_unless
from emospeech.runtime import jobs


def main(paths, params):
    tables = build_tables(read_inputs(vars(paths)))
    shown = {name: drop_paper_unless(params.comparable, tables[name]) for name in params.tables}
    write_tables(shown, vars(paths), params.target)


if __name__ == "__main__":
    jobs.run(main, snakemake)

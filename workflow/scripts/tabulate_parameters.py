"""Write Table 1: the parameters that the search kept for each model."""

from emospeech import jobs
from emospeech.files import by_folder, read_json
from emospeech.report.tables import table_1, write_formats


def main(paths, settings):
    best = by_folder(paths.best, read_json)
    write_formats(table_1(best), paths.csv, paths.md, paths.tex)


if __name__ == "__main__":
    jobs.run(main, snakemake)

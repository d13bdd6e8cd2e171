"""Write Table 1: the parameters that the search kept for each model."""

import json
from pathlib import Path

from emospeech import jobs
from emospeech.report.tables import table_1, write_formats


def main(paths, settings):
    best = {Path(path).parent.name: json.loads(Path(path).read_text()) for path in paths.best}
    write_formats(table_1(best), paths.csv, paths.md, paths.tex)


if __name__ == "__main__":
    jobs.run(main, snakemake)

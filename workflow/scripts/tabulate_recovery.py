"""Write the tables that check the paper: its figures and the cells of its Table 3, beside ours."""

import pandas as pd

from emospeech import jobs
from emospeech.report.recovery import table_cells, table_recovered
from emospeech.report.tables import write_formats


def main(paths, settings):
    confusion, cells = pd.read_csv(paths.confusion), pd.read_csv(paths.cells)
    for name, table in (("paper", table_recovered), ("cells", table_cells)):
        files = [getattr(paths, f"{name}_{suffix}") for suffix in ("csv", "md", "tex")]
        write_formats(table(confusion, cells), *files)


if __name__ == "__main__":
    jobs.run(main, snakemake)

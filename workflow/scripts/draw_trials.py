"""Draw the validation UAR of all trials by each parameter, and write them."""

from pathlib import Path

import pandas as pd

from emospeech import jobs
from emospeech.report.figures import save
from emospeech.report.tables import write_csv
from emospeech.report.trials import draw_trials, points


def main(paths, settings):
    table = points({Path(file).parent.name: pd.read_csv(file) for file in paths.trials})
    write_csv(table, paths.csv)
    save(draw_trials(table), paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Hold the spread over seeds and over crops beside the sampling error over speakers."""

import pandas as pd

from emospeech import jobs
from emospeech.evaluation.spread import spread_table
from emospeech.files import write_table


def main(paths, settings):
    seeds = pd.read_csv(paths.seeds) if paths.seeds else None
    crops, intervals = pd.read_csv(paths.crops), pd.read_csv(paths.intervals)
    write_table(paths.spread, spread_table(crops, intervals, seeds))


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Compare the variability across seeds and crops with the sampling error of the speakers."""

from emospeech.evaluation.variability import load_crops, seeds_table, variability_table
from emospeech.runtime import jobs
from emospeech.runtime.files import read_table, write_table


def main(paths, params):
    write_table(paths.crops, seeds_table(load_crops(paths.crops_of_models), "crop_seed"))
    seeds = read_table(paths.seeds) if paths.seeds else None
    crops, intervals = read_table(paths.crops), read_table(paths.intervals)
    write_table(paths.variability, variability_table(crops, intervals, seeds))


if __name__ == "__main__":
    jobs.run(main, snakemake)

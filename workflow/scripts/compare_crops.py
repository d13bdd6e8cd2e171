"""Compute the figures of each model for each seed of the crops that are evaluated."""

from emospeech import jobs
from emospeech.evaluation.seeds import load_crops, seeds_table
from emospeech.files import write_table


def main(paths, settings):
    write_table(paths.crops, seeds_table(load_crops(paths.predictions), "crop_seed"))


if __name__ == "__main__":
    jobs.run(main, snakemake)

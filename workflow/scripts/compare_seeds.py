"""Compute the figures of each model for each seed of its chosen trial."""

from emospeech import jobs
from emospeech.evaluation.seeds import load_seeds, seeds_table
from emospeech.files import write_table


def main(paths, settings):
    predictions = load_seeds(paths.predictions, paths.repeated, settings.seed)
    write_table(paths.seeds, seeds_table(predictions))


if __name__ == "__main__":
    jobs.run(main, snakemake)

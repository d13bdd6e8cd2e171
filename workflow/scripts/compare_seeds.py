"""Compute the metrics of each model for each training seed."""

from emospeech.evaluation.variability import count_diverged, load_seeds, seeds_table
from emospeech.runtime import jobs
from emospeech.runtime.files import write_table


def main(paths, params):
    predictions = load_seeds(paths.predictions, paths.repeated, params.seed)
    diverged = count_diverged(paths.validations)
    write_table(paths.seeds, seeds_table(predictions, diverged=diverged))


if __name__ == "__main__":
    jobs.run(main, snakemake)

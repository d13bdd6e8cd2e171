"""Compare the variants of the study with the study itself."""

from emospeech.evaluation.variability import load_seeds
from emospeech.evaluation.variants import compare_variants, load_variants, read_runs
from emospeech.runtime import jobs
from emospeech.runtime.files import write_table


def main(paths, params):
    seed, resamples = params.seed, params.resamples
    base = load_seeds(paths.predictions, paths.repeated, seed)
    runs = read_runs(paths.validations, paths.variant_validations, seed)
    metrics, differences = compare_variants(
        base, load_variants(paths.variants), runs, resamples, seed
    )
    write_table(paths.metrics, metrics)
    write_table(paths.differences, differences)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Check draws and predictions of all variants for leaks, and fail if there is one."""

from itertools import groupby

from emospeech.evaluation.leaks import LeakEvidence, draws_table, leak_table, refuse_leaks
from emospeech.evaluation.variants import load_variants
from emospeech.runtime import jobs
from emospeech.runtime.files import write_table
from emospeech.training.trial import run_of


def main(paths, params):
    evidence = LeakEvidence.of_corpus(
        paths,
        params,
        predictions={
            f"{variant}, {model}, seed {seed}": table
            for variant, tables in load_variants(paths.predictions).items()
            for (model, seed), table in tables.items()
        },
        draws={name: draws_table(files) for name, files in groupby(paths.draws, variant_and_model)},
        choices={},  # the trials of the study
    )
    table = leak_table(evidence)
    refuse_leaks(table, paths.folds)
    write_table(paths.leaks, table)


def variant_and_model(path):
    """Return the name of a variant's model in leaks.csv."""
    run = run_of(path)
    return f"{run.variant}, {run.model}"


if __name__ == "__main__":
    jobs.run(main, snakemake)

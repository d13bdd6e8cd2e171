"""Compute confidence intervals over the test speakers: metrics, confusion matrices, comparisons."""

from emospeech.evaluation.comparisons import comparisons_table
from emospeech.evaluation.intervals import cells_table, intervals_table
from emospeech.evaluation.predictions import BASELINES, load_predictions
from emospeech.runtime import jobs
from emospeech.runtime.files import write_table


def main(paths, params):
    predictions = load_predictions(paths.predictions)
    resampling = params.resamples, params.seed
    write_table(paths.intervals, intervals_table(predictions, *resampling))
    write_table(paths.cells, cells_table(predictions, *resampling))
    write_table(paths.comparisons, comparisons_table(predictions, BASELINES, *resampling))


if __name__ == "__main__":
    jobs.run(main, snakemake)

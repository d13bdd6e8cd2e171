"""Check draws, selections and predictions for leaks, and fail if there is one."""

from emospeech.evaluation.leaks import LeakEvidence, draws_table, leak_table, refuse_leaks
from emospeech.evaluation.predictions import load_predictions
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder, read_json, read_table, write_table
from emospeech.training.trial import file_of_trial, run_of, trial_of_fold


def main(paths, params):
    best = by_folder(paths.best, read_json)
    trials = by_folder(paths.trials, read_table)
    evidence = LeakEvidence.of_corpus(
        paths,
        params,
        predictions=load_predictions(paths.predictions),
        draws={model: draws_of(model, best[model], paths.draws, params.folds) for model in best},
        choices={model: (best[model], trials[model]) for model in best},
    )
    table = leak_table(evidence)
    refuse_leaks(table, paths.folds)
    write_table(paths.leaks, table)


def draws_of(model, best, paths, folds):
    """Return the draws of the selected trials and additional seeds of a model, for all folds."""
    own = [path for path in paths if run_of(path).model == model]
    trained = [path for path in own if run_of(path).kind == "trial"]
    chosen = [file_of_trial(trained, trial_of_fold(best, fold).trial_id, fold) for fold in folds]
    return draws_table([*chosen, *(path for path in own if path not in trained)])


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""Check draws, selections and predictions for leaks, and fail if there is one."""

from pathlib import Path

import pandas as pd

from emospeech.corpora.corpus_tables import load_recordings
from emospeech.evaluation.leaks import (
    LeakEvidence,
    equal_audio_table,
    leak_table,
    parts_table,
    refuse_leaks,
)
from emospeech.evaluation.predictions import load_predictions
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder, read_json, read_table, write_table
from emospeech.spectrograms.store import open_store
from emospeech.training.trial import file_of_trial, folder_of_training, trial_of_fold


def main(paths, settings):
    tables = load_recordings(paths.recordings), read_table(paths.folds)
    stores = {Path(path).stem: open_store(path) for path in [paths.store, *paths.unlabelled]}
    corpus = Path(paths.store).stem
    best = by_folder(paths.best, read_json)
    trials = by_folder(paths.trials, read_table)
    evidence = LeakEvidence(
        parts=parts_table(*tables),
        labels=parts_table(*tables, settings.shuffle_seed),
        corpus=corpus,
        equal_audio=equal_audio_table(stores[corpus], stores),
        predictions=load_predictions(paths.predictions),
        draws={model: draws_of(model, best[model], paths.draws, settings.folds) for model in best},
        choices={model: (best[model], trials[model]) for model in best},
        by_session=settings.by_session,
    )
    table = leak_table(evidence)
    refuse_leaks(table, paths.folds)
    write_table(paths.leaks, table)


def draws_of(model, best, paths, folds):
    """Return the draws of the selected trials and additional seeds of a model, for all folds."""
    own = [path for path in paths if folder_of_training(path)[0] == model]
    trained = [path for path in own if folder_of_training(path)[1].startswith("trial-")]
    chosen = [file_of_trial(trained, trial_of_fold(best, fold).trial_id, fold) for fold in folds]
    tables = []
    for path in [*chosen, *(path for path in own if path not in trained)]:
        _, training, fold = folder_of_training(path)
        tables.append(read_table(path).assign(training=training, fold=fold))
    return pd.concat(tables, ignore_index=True)


if __name__ == "__main__":
    jobs.run(main, snakemake)

"""evaluation: tables of metrics and checks from the predictions of all models."""

EVALUATION_TABLES = [
    *("metrics", "intervals", "cells", "comparisons", "references", "subgroups", "leaks"),
    *("crops", "variability", "neighbours"),
]
EVALUATED = [EVALUATION / f"{name}.csv" for name in EVALUATION_TABLES]


use rule job as compute_metrics with:
    input:
        **LABELLED,
        predictions=ALL_PREDICTIONS,
        neighbours_of_models=expand(EVALUATION / "{model}" / "neighbours.csv", model=MODELS),
        ratings=CORPORA / LABELLED_CORPUS / "ratings.csv",
        votes=CORPORA / LABELLED_CORPUS / "votes.csv" if LABELS.target == EMOTION else [],
    output:
        **evaluation_files("metrics", "references", "subgroups", "neighbours"),
        confusions=expand(EVALUATION / "{model}" / "confusion.csv", model=MODELS),
        classes=expand(EVALUATION / "{model}" / "classes.csv", model=MODELS),
    pathvars:
        job="evaluation/metrics",
    params:
        **script_params("compute_metrics"),
        labels=STUDY["labels"],
        multitask=MULTITASK,
        permutations=config["evaluation"]["permutations"],
        seed=SEED,


use rule job as bootstrap_intervals with:
    input:
        predictions=ALL_PREDICTIONS,
    output:
        **evaluation_files("intervals", "cells", "comparisons"),
    pathvars:
        job="evaluation/intervals",
    params:
        **script_params("bootstrap_intervals"),
        resamples=config["evaluation"]["resamples"],
        seed=SEED,


use rule job as check_leaks with:
    input:
        **LABELLED,
        predictions=ALL_PREDICTIONS,
        store=STORE,
        unlabelled=[
            SPECTROGRAMS / f"{corpus}.h5" for corpus in UNLABELLED if corpus != LABELLED_CORPUS
        ],
        best=ALL_BEST,
        trials=ALL_TRIALS,
        # Files of all trials, because the selected ones are not known before the run.
        draws=files_of_all_trainings("draws.csv.gz"),
    output:
        **evaluation_files("leaks"),
    pathvars:
        job="evaluation/leaks",
    params:
        **script_params("check_leaks"),
        folds=list(FOLD_NUMBERS),
        labels=STUDY["labels"],
        shuffle_seed=SHUFFLE_SEED,
        by_session=config["folds"]["scheme"] == "session",


use rule job as compare_seeds with:
    input:
        predictions=expand(PREDICTIONS, model=MODELS, fold=FOLD_NUMBERS),
        repeated=files_of_more_seeds(PREDICTIONS_AGAIN),
        validations=files_of_more_seeds(TRAINED_AGAIN / "validation.json"),
    output:
        **evaluation_files("seeds"),
    pathvars:
        job="evaluation/seeds",
    localrule: True
    params:
        **script_params("compare_seeds"),
        seed=SEED,


use rule job as measure_variability with:
    input:
        crops_of_models=expand(EVALUATION / "{model}" / "crops.csv", model=MODELS),
        seeds=EVALUATION / "seeds.csv" if MORE_SEEDS else [],
        intervals=EVALUATION / "intervals.csv",
    output:
        **evaluation_files("crops", "variability"),
    pathvars:
        job="evaluation/variability",
    localrule: True
    params:
        **script_params("measure_variability"),
